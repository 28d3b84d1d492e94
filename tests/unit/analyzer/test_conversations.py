"""Conversations are told once, in order, and apart, however the spans that tell them were cut up and sent."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.assembly.conversations import assemble, fingerprint
from analyzer.assembly.linking import LINK_WINDOW_NS
from schemas.records import (
    Conversation,
    Feedback,
    MessageBody,
    Record,
    Retrieval,
    SpanException,
    SpanFacts,
    SpanRole,
    ToolExecution,
    ToolRequest,
)

SECOND = 10**9


def user(text: str) -> MessageBody:
    return MessageBody("user", text)


def assistant(text: str, *calls: ToolRequest) -> MessageBody:
    return MessageBody("assistant", text, calls)


def result(call_id: str, text: str) -> MessageBody:
    return MessageBody("tool", text, tool_call_id=call_id)


def asks(call_id: str, name: str = "find", arguments: str = "{}") -> ToolRequest:
    return ToolRequest(call_id, name, arguments)


def facts(trace: str, span: str, at_s: float, role: SpanRole = "llm", parent: str = "", **known: object) -> SpanFacts:
    base = SpanFacts(
        trace,
        span,
        "test",
        role,
        int(at_s * SECOND),
        int((at_s + 1) * SECOND),
        parent_span_id=parent,
        service_name="shop",
    )
    return replace(base, **known)  # type: ignore[arg-type]  # any field


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(m.body.role, m.body.content or ",".join(c.name for c in m.body.tool_calls)) for m in conversation.messages]


def one(records: Sequence[Record]) -> Conversation:
    (conversation,) = assemble(records)
    return conversation


def three_turns() -> list[Record]:
    """One trace a turn; the id sits on the roots, which come last; every call repeats the history."""
    history: list[MessageBody] = [MessageBody("system", "Be kind.")]
    records: list[Record] = []
    for turn in range(3):
        history.append(user(f"question {turn}"))
        call = asks(f"c{turn}", "find", f'{{"n":{turn}}}')
        records.append(
            facts(f"t{turn}", "l1", turn * 10 + 1, parent="root", input=tuple(history), output=(assistant("", call),))
        )
        history += [assistant("", call), result(f"c{turn}", f"found {turn}")]
        records.append(
            ToolExecution(
                f"t{turn}",
                "x",
                "find",
                int((turn * 10 + 2.5) * SECOND),
                call_id=f"c{turn}",
                arguments=f'{{"n":{turn}}}',
                status="ok",
            )
        )
        records.append(
            facts(
                f"t{turn}",
                "l2",
                turn * 10 + 3,
                parent="root",
                input=tuple(history),
                output=(assistant(f"answer {turn}"),),
            )
        )
        history.append(assistant(f"answer {turn}"))
        records.append(facts(f"t{turn}", "root", turn * 10, "agent", conversation_id="conv", user_id="ada"))
    return records


def test_repeated_history_is_told_once_over_several_traces() -> None:
    """Six calls that each repeat what came before are thirteen messages and three turns of one conversation."""
    conversation = one(three_turns())
    assert conversation.id == "conv"
    assert conversation.user_id == "ada"
    assert conversation.trace_ids == ("t0", "t1", "t2")
    assert said(conversation) == [("system", "Be kind.")] + [
        line
        for turn in range(3)
        for line in (
            ("user", f"question {turn}"),
            ("assistant", "find"),
            ("tool", f"found {turn}"),
            ("assistant", f"answer {turn}"),
        )
    ]
    assert [m.turn for m in conversation.messages] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert [(c.name, c.result, c.status, c.turn) for c in conversation.tool_calls] == [
        ("find", f"found {t}", "ok", t + 1) for t in range(3)
    ]


@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(chance: random.Random) -> None:
    """Spans come children first, roots last, logs before spans: the conversation is the same."""
    records = three_turns()
    shuffled = list(records)
    chance.shuffle(shuffled)
    assert fingerprint(one(shuffled)) == fingerprint(one(records))


def test_records_that_come_twice_change_nothing() -> None:
    """An exporter that lost the answer of one collector may send all of it again to another."""
    records = [
        *three_turns(),
        facts("t2", "l3", 27, output=(assistant("both"),)),
        *(facts("t2", "l3", 27, source="log", ordinal=n, input=(user(f"piece {n}"),)) for n in (1, 2)),
        Retrieval("t1", "r", 12 * SECOND, query="shoes"),
        SpanException("t1", "x", 13 * SECOND, "TimeoutError", "no answer"),
        Feedback(30 * SECOND, "thumb", trace_id="t2", score=1.0),
        Feedback(31 * SECOND, "thumb", conversation_id="conv", score=0.0),
    ]
    assert one(records + records) == one(records)
    assert (len(one(records).retrievals), len(one(records).exceptions), len(one(records).feedback)) == (1, 1, 2)


def test_a_window_on_the_history_does_not_repeat_it() -> None:
    """An agent that sends only the last messages still tells each of them once."""
    talk = [user("a"), assistant("b"), user("c"), assistant("d"), user("e"), assistant("f")]
    records = [
        facts("t", "1", 1, conversation_id="k", input=(talk[0],), output=(talk[1],)),
        facts("t", "2", 2, conversation_id="k", input=tuple(talk[:3]), output=(talk[3],)),
        facts("t", "3", 3, conversation_id="k", input=tuple(talk[2:5]), output=(talk[5],)),
    ]
    assert [m.body for m in one(records).messages] == talk


def test_what_a_person_says_twice_is_told_twice() -> None:
    """A repeated "yes" is not taken for repeated history."""
    talk = [user("yes"), assistant("which one?"), user("yes"), assistant("I do not follow."), user("yes")]
    records = [
        facts(
            "t",
            str(n),
            n,
            conversation_id="k",
            input=tuple(talk[: 2 * n + 1]),
            output=tuple(talk[2 * n + 1 : 2 * n + 2]),
        )
        for n in range(3)
    ]
    assert [m.body for m in one(records).messages] == talk


def test_increments_are_all_new() -> None:
    """Where an instrumentation sends only what is new, nothing is taken for history."""
    records = [
        facts(
            "t",
            str(n),
            n,
            conversation_id="k",
            is_increment=True,
            input=(user("go on"),),
            output=(assistant(f"step {n}"),),
        )
        for n in range(3)
    ]
    assert said(one(records)) == [line for n in range(3) for line in (("user", "go on"), ("assistant", f"step {n}"))]


def test_calls_without_any_id_are_linked_by_what_they_repeat() -> None:
    """Client libraries give every call its own trace; the history in the input links them."""
    talk = [user("hi"), assistant("hello"), user("how much?"), assistant("five")]
    records = [
        facts("t1", "a", 1, input=tuple(talk[:1]), output=(talk[1],)),
        facts("t2", "b", 9, input=tuple(talk[:3]), output=(talk[3],)),
    ]
    conversation = one(records)
    assert [m.body for m in conversation.messages] == talk
    assert conversation.is_id_assigned
    assert conversation.id == "trace:t1"


@pytest.mark.parametrize(
    ("what", "second"),
    [
        (
            "another answer",
            facts(
                "t2", "b", 9, input=(user("hi"), assistant("good day"), user("how much?")), output=(assistant("five"),)
            ),
        ),
        ("the same greeting alone", facts("t2", "b", 9, input=(user("hi"),), output=(assistant("hello"),))),
        (
            "another service",
            facts(
                "t2",
                "b",
                9,
                service_name="bank",
                input=(user("hi"), assistant("hello"), user("how much?")),
                output=(assistant("five"),),
            ),
        ),
        (
            "the next day",
            facts(
                "t2",
                "b",
                2 + LINK_WINDOW_NS / SECOND,
                input=(user("hi"), assistant("hello"), user("how much?")),
                output=(assistant("five"),),
            ),
        ),
    ],
)
def test_two_people_who_began_alike_stay_apart(what: str, second: SpanFacts) -> None:
    """Without an id, only the whole exchange, in one service and within hours, links two calls."""
    first = facts("t1", "a", 1, input=(user("hi"),), output=(assistant("hello"),))
    assert len(assemble([first, second])) == 2, what


def test_an_id_on_any_span_of_the_trace_names_the_conversation() -> None:
    """The outermost id counts: an agent within may run a conversation of its own in the same session."""
    records = [
        facts(
            "t", "inner", 2, parent="root", conversation_id="inner-thread", input=(user("q"),), output=(assistant("a"),)
        ),
        facts("t", "root", 1, "agent", conversation_id="session-9"),
    ]
    assert one(records).id == "session-9"


def test_traces_joined_by_span_links_are_one_conversation() -> None:
    """A swarm's handoff makes a trace for every agent, joined by nothing but links."""
    records = [
        facts("t1", "a", 1, "agent", conversation_id="k", input=(user("q"),)),
        facts("t2", "b", 2, linked_trace_ids=("t1",), input=(user("q"),), output=(assistant("a"),)),
        facts("t3", "c", 3, linked_trace_ids=("t2",), input=(user("q"), assistant("a")), output=(assistant("b"),)),
    ]
    conversation = one(records)
    assert conversation.trace_ids == ("t1", "t2", "t3")
    assert said(conversation) == [("user", "q"), ("assistant", "a"), ("assistant", "b")]


def test_what_one_agent_asks_of_another_is_no_turn_of_the_user() -> None:
    """A call inside a tool belongs to a sub-agent: its user is the agent outside."""
    records = [
        facts("t", "root", 0, "agent", conversation_id="k"),
        facts(
            "t", "l1", 1, parent="root", input=(user("dispute it"),), output=(assistant("", asks("c", "ask_billing")),)
        ),
        facts("t", "tool", 2, "tool", parent="root"),
        facts("t", "l2", 3, parent="tool", input=(user("customer wants to dispute"),), output=(assistant("opened"),)),
        facts(
            "t",
            "l3",
            5,
            parent="root",
            input=(user("dispute it"), assistant("", asks("c", "ask_billing")), result("c", "opened")),
            output=(assistant("done"),),
        ),
    ]
    conversation = one(records)
    assert [m.body.content for m in conversation.messages if m.is_delegation] == ["customer wants to dispute"]
    assert conversation.turn_count == 1


def test_a_call_seen_by_two_instrumentations_is_told_once() -> None:
    """The framework's span and the client's span within it, or two spans with one answer id."""
    nested = [
        facts("t", "outer", 1, conversation_id="k", input=(user("q"),), output=(assistant("a"),), input_tokens=5),
        facts("t", "inner", 1.1, parent="outer", input=(user("q"),), output=(assistant("a"),), input_tokens=5),
    ]
    twins = [
        facts(
            "t",
            "one",
            1,
            conversation_id="k",
            response_id="r",
            input=(user("q"),),
            output=(assistant("a"),),
            input_tokens=5,
        ),
        facts("t", "two", 1.1, response_id="r", input_tokens=5),
    ]
    for records in (nested, twins):
        conversation = one(records)
        assert said(conversation) == [("user", "q"), ("assistant", "a")]
        assert (conversation.llm_call_count, conversation.input_tokens) == (1, 5)


def test_tokens_are_summed_over_calls_only() -> None:
    """Agents repeat the totals of their calls, some over their whole life."""
    records = [
        facts("t", "agent", 0, "agent", conversation_id="k", input_tokens=999, output_tokens=999),
        facts(
            "t",
            "l",
            1,
            parent="agent",
            input=(user("q"),),
            output=(assistant("a"),),
            input_tokens=3,
            output_tokens=4,
            cost_usd=0.5,
        ),
    ]
    conversation = one(records)
    assert (conversation.input_tokens, conversation.output_tokens, conversation.cost_usd) == (3, 4, 0.5)


def test_content_that_travels_as_log_records_joins_its_span() -> None:
    """The span has times and tokens, the log records have the words; either may come first."""
    span = facts("t", "l", 1, conversation_id="k", input_tokens=7)
    logs = [
        facts("t", "l", 1.1, source="log", ordinal=1, input=(user("q"),)),
        facts("t", "l", 1.9, source="log", ordinal=2, output=(assistant("a"),)),
    ]
    for records in ([span, *logs], [*reversed(logs), span]):
        conversation = one(records)
        assert said(conversation) == [("user", "q"), ("assistant", "a")]
        assert conversation.input_tokens == 7


def test_a_cut_attribute_gives_way_to_the_uncut_log_record() -> None:
    """The value length limit cuts attributes, not log bodies."""
    cut = facts(
        "t", "l", 1, conversation_id="k", is_truncated=True, input=(user("a long ques"),), output=(assistant("a"),)
    )
    whole = facts("t", "l", 1.1, source="log", input=(user("a long question"),))
    assert said(one([cut, whole])) == [("user", "a long question"), ("assistant", "a")]


def test_a_failed_call_without_input_leaves_the_question_to_the_agents_span() -> None:
    """Failed calls often lack their input; the user's words must not vanish with them."""
    records: list[Record] = [
        facts("t", "root", 0, "agent", conversation_id="k", input=(user("help me"),)),
        facts("t", "l", 1, parent="root", status="error"),
        SpanException("t", "l", 2 * SECOND, "RateLimitError", "429", parent_span_id="root"),
        SpanException("t", "root", 2 * SECOND, "RateLimitError", "429"),
    ]
    conversation = one(records)
    assert said(conversation) == [("user", "help me")]
    assert [(e.span_id, e.type) for e in conversation.exceptions] == [("l", "RateLimitError")]


def test_two_different_failures_on_one_path_are_both_kept() -> None:
    """Only the echo of a failure is dropped, not what its handler did wrong afterwards."""
    records: list[Record] = [
        facts("t", "root", 0, "agent", conversation_id="k"),
        facts("t", "l", 1, parent="root", input=(user("q"),), output=(assistant("a"),)),
        SpanException("t", "l", SECOND, "Timeout", "no answer", parent_span_id="root"),
        SpanException("t", "root", 2 * SECOND, "KeyError", "reply"),
    ]
    assert [e.type for e in one(records).exceptions] == ["Timeout", "KeyError"]


def test_tool_calls_are_matched_by_id_then_arguments_then_name() -> None:
    """Ids differ between two spans of one call, or are missing; no execution answers two requests."""
    calls = (asks("c1", "find", '{"q":1}'), asks("", "find", '{"q":2}'), asks("c3", "book", "{}"))
    records: list[Record] = [
        facts("t", "l", 1, conversation_id="k", input=(user("q"),), output=(assistant("", *calls),)),
        ToolExecution("t", "x2", "find", 3 * SECOND, arguments='{"q":2}', result="two", status="ok"),
        ToolExecution("t", "x1", "find", 4 * SECOND, call_id="c1", arguments='{"q":9}', result="one", status="ok"),
        ToolExecution("t", "x3", "book", 5 * SECOND, arguments='{"other":1}', status="error", error_message="full"),
        ToolExecution("t", "x4", "extra", 6 * SECOND, result="by itself", status="ok"),
    ]
    found = {(c.id, c.name): (c.span_id, c.result, c.status, c.message_index >= 0) for c in one(records).tool_calls}
    assert found == {
        ("c1", "find"): ("x1", "one", "ok", True),
        ("", "find"): ("x2", "two", "ok", True),
        ("c3", "book"): ("x3", None, "error", True),
        ("", "extra"): ("x4", "by itself", "ok", False),
    }


def test_a_tool_whose_span_is_missing_is_known_by_its_result() -> None:
    """Client instrumentation sees no tool run, but the next call is given what the tool said."""
    records = [
        facts("t", "1", 1, conversation_id="k", input=(user("q"),), output=(assistant("", asks("c1"), asks("c2")),)),
        facts(
            "t",
            "2",
            2,
            input=(
                user("q"),
                assistant("", asks("c1"), asks("c2")),
                result("c1", "[1]"),
                result("c2", "Error: no such table"),
            ),
            output=(assistant("hm"),),
        ),
    ]
    assert [(c.id, c.status, c.result) for c in one(records).tool_calls] == [
        ("c1", "ok", "[1]"),
        ("c2", "error", "Error: no such table"),
    ]


def test_feedback_finds_its_conversation_by_the_answer_it_rates() -> None:
    """Ratings come hours later and may name nothing but the answer's id."""
    records: list[Record] = [
        facts("t", "l", 1, conversation_id="k", response_id="r1", input=(user("q"),), output=(assistant("a"),)),
        Feedback(time_ns=99 * SECOND, name="helpful", response_id="r1", score=0.0),
        Feedback(time_ns=98 * SECOND, name="stars", conversation_id="k", score=2.0),
        Feedback(time_ns=97 * SECOND, name="lost", response_id="nobody's"),
    ]
    assert [f.name for f in one(records).feedback] == ["stars", "helpful"]


def test_spans_that_speak_of_no_agent_are_no_conversation() -> None:
    """A web server's traces beside the agent's do not become conversations."""
    assert assemble([facts("t", "http", 1, "other"), facts("t", "db", 2, "other", parent="http")]) == []
    assert assemble([]) == []


def test_a_circle_of_parents_ends() -> None:
    """Broken parent ids cost nothing but the tree."""
    records = [
        facts("t", "a", 1, parent="b", conversation_id="k", input=(user("q"),), output=(assistant("x"),)),
        facts("t", "b", 2, "tool", parent="a"),
    ]
    assert one(records).id == "k"


def test_unknown_tools_offered_is_not_none_offered() -> None:
    """Whether the model had tools is only known where the payload says so."""
    assert (
        one([facts("t", "l", 1, conversation_id="k", input=(user("q"),), output=(assistant("a"),))]).tools_offered
        is None
    )
