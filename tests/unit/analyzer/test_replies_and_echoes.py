"""What assembly takes from the spans around a call, and what it knows to be said twice."""

from dataclasses import replace

from analyzer.assembly.conversations import assemble
from schemas.records import MessageBody, Record, SpanException, SpanFacts, ToolExecution, ToolRequest

ASK = MessageBody("user", "Is it open?")
REPLY = MessageBody("assistant", "Yes.")


def span(span_id: str, role: str, start_ns: int, parent: str = "", **known: object) -> SpanFacts:
    facts = SpanFacts(
        "t1", span_id, "test", "llm", start_ns, end_ns=start_ns + 5, parent_span_id=parent, name=span_id, status="ok"
    )
    return replace(facts, role=role, **known)  # type: ignore[arg-type]  # fields by name


def said(*records: Record) -> list[tuple[str, str, str]]:
    [conversation] = assemble(records)
    return [(message.body.role, message.body.content, message.span_id) for message in conversation.messages]


def test_a_reply_left_off_the_call_is_spoken_by_the_step_around_it() -> None:
    """The message names the span that holds its text."""
    step = span("step", "chain", 1, output=(REPLY,))
    assert said(step, span("call", "llm", 2, "step", input=(ASK,))) == [
        ("user", "Is it open?", "call"),
        ("assistant", "Yes.", "step"),
    ]


def test_a_step_of_two_calls_does_not_tell_which_reply_it_repeats() -> None:
    """The first call's missing reply is not taken from a step that made a second one."""
    step = span("step", "chain", 1, output=(REPLY,))
    first = span("first", "llm", 2, "step", input=(ASK,))
    second = span("second", "llm", 9, "step", input=(ASK, MessageBody("user", "Well?")), output=(REPLY,))
    assert [text for _, text, _ in said(step, first, second)] == ["Is it open?", "Well?", "Yes."]


def test_a_tool_that_fails_twice_in_the_same_words_has_answered_twice() -> None:
    """smolagents sends failed steps without the calls that failed."""
    failed = MessageBody("tool", "Error: no such argument")
    calls = [MessageBody("assistant", tool_calls=(ToolRequest(f"c{number}", "look"),)) for number in range(3)]
    spans = [span(f"s{n}", "llm", 10 * n + 1, input=(ASK, *[failed] * n), output=(calls[n],)) for n in range(3)]
    [conversation] = assemble(spans)
    assert [message.body.role for message in conversation.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "tool",
        "assistant",
    ]


def test_a_tool_is_found_by_the_name_that_a_model_must_spell() -> None:
    """ "Ask a coworker" ran because `ask_a_coworker` was asked for."""
    asked = MessageBody("assistant", tool_calls=(ToolRequest("c1", "ask_a_coworker"),))
    run = ToolExecution("t1", "tool", "Ask a coworker", 7, end_ns=8, result="fine", status="ok")
    [conversation] = assemble([span("call", "llm", 1, input=(ASK,), output=(asked,)), span("tool", "tool", 7), run])
    assert [(call.id, call.name, call.result) for call in conversation.tool_calls] == [("c1", "ask_a_coworker", "fine")]


def test_a_failure_said_again_in_more_words_by_the_span_around_it_counts_once() -> None:
    """The deepest is kept; a failure of other words around it is one of its own."""
    spans = [span("step", "chain", 1, input=(ASK,)), span("call", "llm", 2, "step", input=(ASK,), status="error")]
    deep = SpanException("t1", "call", 3, "RateLimitError", "Error code: 429 - slow down")
    wrapped = SpanException("t1", "step", 4, "AgentError", "Error while generating:\nError code: 429 - slow down")
    other = SpanException("t1", "step", 5, "CleanupError", "could not close the session")
    [conversation] = assemble([*spans, deep, wrapped, other])
    assert [failure.type for failure in conversation.exceptions] == ["RateLimitError", "CleanupError"]
