"""Which traces span links make one conversation, and what several spans tell of one tool's run."""

from dataclasses import replace

from analyzer.assembly.conversations import assemble
from schemas.records import MessageBody, Record, SpanFacts, ToolExecution


def agent(trace_id: str, start_ns: int, *linked: str) -> SpanFacts:
    return SpanFacts(trace_id, f"{trace_id}-agent", "test", "agent", start_ns, linked_trace_ids=linked)


def relay(trace_id: str, start_ns: int, *linked: str) -> SpanFacts:
    """A span of a message broker: of no dialect, about no agent."""
    return SpanFacts(trace_id, f"{trace_id}-relay", "", "other", start_ns, linked_trace_ids=linked)


def traces_of(*records: Record) -> list[tuple[str, ...]]:
    return [conversation.trace_ids for conversation in assemble(records)]


def test_agents_whose_messages_a_broker_passes_on_are_one_conversation() -> None:
    """AutoGen: speaker, manager and next speaker have a trace each, and the manager's tells of no agent."""
    records = agent("t1", 1), relay("t2", 2, "t1"), relay("t3", 3, "t2"), agent("t4", 4, "t3")
    assert traces_of(*records) == traces_of(*reversed(records)) == [("t1", "t4")]


def test_conversations_that_one_job_began_stay_apart() -> None:
    """A batch job is the cause of a thousand conversations and joins none of them."""
    assert traces_of(relay("job", 1), agent("t1", 2, "job"), agent("t2", 3, "job")) == [("t1",), ("t2",)]


def test_links_in_a_circle_end() -> None:
    """Two relays that name each other are followed once."""
    assert traces_of(relay("t1", 1, "t2"), relay("t2", 2, "t1"), agent("t3", 3, "t2")) == [("t3",)]


def test_a_trace_without_an_id_follows_its_link_to_one_with_an_id() -> None:
    """Through a broker, too."""
    named = replace(agent("t1", 1), conversation_id="c-1")
    [conversation] = assemble([named, relay("t2", 2, "t1"), agent("t3", 3, "t2")])
    assert (conversation.id, conversation.trace_ids) == ("c-1", ("t1", "t3"))


def test_the_creation_of_an_agent_is_no_conversation() -> None:
    """It has a trace of its own in AutoGen and LangChain, and nobody has said a word."""
    assert traces_of(SpanFacts("t1", "s1", "otel_genai", "other", 1, name="create_agent clerk")) == []


def test_what_two_spans_tell_of_one_run_is_one_tool_call() -> None:
    """Claude Code: the tool's span has name and arguments, the one within it knows that it failed."""
    run = ToolExecution("t1", "tool", "lend", 5, end_ns=9, arguments='{"to":"Ada"}', call_id="c1", status="ok")
    failure = ToolExecution("t1", "tool", "", 6, end_ns=8, status="error", error_type="Locked", error_message="shut")
    for records in ([run, failure], [failure, run]):
        [conversation] = assemble([agent("t1", 1), *records])
        [call] = conversation.tool_calls
        assert (call.name, call.arguments, call.status) == ("lend", '{"to":"Ada"}', "error")
        assert (call.error_type, call.error_message) == ("Locked", "shut")


def test_a_call_that_no_answer_records_has_the_result_that_names_it() -> None:
    """The model's answer does not hold the call; the tool's span and the next input do, by the call's id."""
    told = (MessageBody("tool", "four bikes", tool_call_id="c1"),)
    call = SpanFacts("t1", "llm", "test", "llm", 9, input=told, output=(MessageBody("assistant", "Four."),))
    [conversation] = assemble([call, ToolExecution("t1", "tool", "count", 5, call_id="c1", status="ok")])
    [tool_call] = conversation.tool_calls
    assert (tool_call.result, tool_call.result_index, tool_call.message_index) == ("four bikes", 0, -1)
