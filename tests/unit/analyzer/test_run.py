"""A run of the analyzer over a real database: what changed is analysed, what did not keeps its rows and ids."""

import dataclasses
from collections.abc import Iterable

import pytest

from analyzer.run import RunReport, analyze
from schemas.database import Database
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import Feedback, MessageBody, Record, SpanException, SpanFacts, ToolDefinition, ToolRequest

MINUTE = 60 * 10**9
START = 1_790_000_000 * 10**9
TOOLS = (ToolDefinition("get_order", "Read an order by its number"),)
REFUSAL = "I'm sorry, I can't cancel your subscription for you."


def store(database: Database, records: Iterable[Record], received_ns: int, written_ns: int = 0) -> None:
    """What a collector does with records; the database says when, here as the test wants it."""
    for table, rows in batch_rows(records, f"segment-{received_ns}", received_ns).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": written_ns or received_ns}
        database.insert(table, [row | written for row in rows])


def turn(number: int, *said: MessageBody, answer: MessageBody, conversation_id: str = "", user: str = "") -> SpanFacts:
    """One model call in a trace of its own."""
    at = START + number * MINUTE
    return SpanFacts(
        f"{number:032x}", f"{number:016x}", "test", "llm", at, at + 10**9, service_name="shop",
        conversation_id=conversation_id, user_id=user, tools_offered=TOOLS, input=said, output=(answer,),
    )  # fmt: skip


def ask(text: str) -> MessageBody:
    """A user's message."""
    return MessageBody("user", text)


def say(text: str) -> MessageBody:
    """An assistant's message."""
    return MessageBody("assistant", text)


def refused(number: int, conversation_id: str) -> SpanFacts:
    """A conversation in which the one thing asked for has no tool."""
    request = ask(f"Hello, number {number} here: please cancel my subscription today")
    return turn(number, request, answer=say(REFUSAL), conversation_id=conversation_id, user=f"u{number}")


def run(database: Database, minute: int) -> RunReport:
    """A run `minute` minutes after the start."""
    return analyze(database, now_ns=START + minute * MINUTE)


def rows(database: Database, view: str, columns: str = "*") -> list[dict[str, object]]:
    """All of a view."""
    return database.query(f"SELECT {columns} FROM {view}")


def test_a_wish_without_a_tool_becomes_an_issue_with_quotes(database: Database) -> None:
    """Two conversations that lack one tool make one issue, ranked, with the refusal verbatim and its trace."""
    store(database, [refused(1, "a"), refused(2, "b")], START)
    report = run(database, 10)
    assert (report.analysed_count, report.finding_count, report.gate.rejected) == (2, 2, 0)
    (issue,) = rows(database, "issues")
    assert issue["family"] == "missing_capability"
    assert issue["title"] == "No tool for: cancel subscription"
    assert (issue["rank"], issue["conversation_count"], issue["user_count"], issue["share_of"]) == (1, 2, 2, "users")
    assert {row["quote"] for row in rows(database, "issue_traces")} == {REFUSAL}
    assert {row["trace_id"] for row in rows(database, "issue_traces")} == {f"{1:032x}", f"{2:032x}"}


def test_a_second_run_does_nothing_again(database: Database) -> None:
    """Without new spans no conversation is analysed twice, and the issue keeps its id."""
    store(database, [refused(1, "a"), refused(2, "b")], START)
    run(database, 10)
    before = rows(database, "issues", "issue_id, title, conversation_count")
    report = run(database, 20)
    assert (report.trace_count, report.analysed_count) == (0, 0)
    assert rows(database, "issues", "issue_id, title, conversation_count") == before


def test_what_becomes_visible_late_is_not_passed_over(database: Database) -> None:
    """A row that the database dated a minute before a run, and showed only after it, is found by the next one."""
    store(database, [refused(1, "a")], START + 10 * MINUTE)
    run(database, 10)
    store(database, [refused(2, "b")], START + 9 * MINUTE)
    assert run(database, 11).analysed_count == 1
    assert [run(database, minute).trace_count for minute in (20, 30)] == [2, 0]


def test_an_issue_keeps_its_id_when_it_grows(database: Database) -> None:
    """More conversations of the same kind raise the counts, not the number of issues."""
    store(database, [refused(1, "a"), refused(2, "b")], START)
    run(database, 10)
    (before,) = rows(database, "issues", "issue_id")
    store(database, [refused(number, f"c{number}") for number in range(3, 9)], START + 11 * MINUTE)
    report = run(database, 20)
    (after,) = rows(database, "issues", "issue_id, conversation_count")
    assert report.analysed_count == 6
    assert after == before | {"conversation_count": 8}


def test_a_conversation_that_goes_on_is_analysed_anew_and_leaves_no_old_rows(database: Database) -> None:
    """A later turn replaces the conversation's rows; its messages are there once."""
    first = refused(1, "a")
    store(database, [first], START)
    run(database, 10)
    later = turn(
        2, *first.input, *first.output, ask("Then tell me where order 77 is"), answer=say("It arrives tomorrow."),
        conversation_id="a", user="u1",
    )  # fmt: skip
    store(database, [later], START + 11 * MINUTE)
    assert run(database, 20).analysed_count == 1
    assert [row["content"] for row in rows(database, "messages ORDER BY message_index", "content")] == [
        first.input[0].content, REFUSAL, "Then tell me where order 77 is", "It arrives tomorrow.",
    ]  # fmt: skip
    (conversation,) = rows(database, "conversations", "turn_count, outcome, summary_by, method")
    assert conversation == {"turn_count": 2, "outcome": "partly", "summary_by": "extractive", "method": "detectors"}


def test_a_late_id_takes_a_trace_out_of_its_former_conversation(database: Database) -> None:
    """A trace without an id has a conversation of its own until the root span that names one arrives."""
    store(database, [turn(1, ask("Where is my order number five?"), answer=say("On its way."))], START)
    run(database, 10)
    (assigned,) = rows(database, "conversations", "conversation_id, is_id_assigned")
    assert assigned["is_id_assigned"]
    root = SpanFacts(
        f"{1:032x}", "f" * 16, "test", "agent", START, START + MINUTE, conversation_id="real", service_name="shop"
    )
    store(database, [root], START + 11 * MINUTE)
    report = run(database, 20)
    assert report.deleted_count == 1
    assert [row["conversation_id"] for row in rows(database, "conversations")] == ["real"]
    assert {row["conversation_id"] for row in rows(database, "messages")} == {"real"}


def failed(number: int, message: str) -> list[Record]:
    """A conversation whose tool raised."""
    call = MessageBody("assistant", tool_calls=(ToolRequest(f"call{number}", "get_order", '{"id": 7}'),))
    facts = turn(number, ask(f"Where is my order {number}, please?"), answer=call, conversation_id=f"f{number}")
    raised = SpanException(
        facts.trace_id, "e" * 16, facts.start_ns + 1, "ReadTimeout", message, source="tool", operation="get_order",
        service_name="shop",
    )  # fmt: skip
    return [facts, raised]


def test_a_technical_error_is_one_issue_whatever_varies(database: Database) -> None:
    """Two time-outs of different hosts and durations have one fingerprint and one issue."""
    for number, message in ((1, "host a1.shop.com timed out after 30 s"), (2, "host b2.shop.com timed out after 9 s")):
        store(database, failed(number, message), START + number)
    run(database, 10)
    (issue,) = rows(database, "issues", "family, code, title, conversation_count, group_key")
    assert issue["family"] == "technical_error"
    assert issue["code"] == "timeout"
    assert issue["title"] == "get_order: timed out"
    assert issue["conversation_count"] == 2
    assert str(issue["group_key"]).startswith("v1:")
    assert {row["family"] for row in rows(database, "failures")} == {"technical_error"}


def test_a_resolved_issue_that_is_seen_again_has_regressed(database: Database) -> None:
    """Resolved holds as long as nothing new is seen; a later conversation turns it over."""
    store(database, failed(1, "timed out"), START)
    run(database, 10)
    (issue,) = rows(database, "issues", "issue_id")
    decided = {"tenant": "", "status": "resolved", "decided_ns": START + 11 * MINUTE, "version": 1, "is_deleted": 0}
    database.insert("issue_status_log", [decided | issue])
    run(database, 12)
    assert rows(database, "issues", "status") == [{"status": "resolved"}]
    store(database, failed(30, "timed out"), START + 30 * MINUTE)
    run(database, 40)
    assert rows(database, "issues", "status") == [{"status": "regressed"}]


def test_tenants_never_meet(database: Database) -> None:
    """One conversation id in two tenants is two conversations, and their issues are two."""
    for tenant in ("acme", "zeta"):
        facts = [
            dataclasses.replace(refused(number, f"c{number}"), tenant=tenant, trace_id=f"{tenant:0>30}{number:02}")
            for number in (1, 2)
        ]
        store(database, facts, START)
    run(database, 10)
    assert sorted(str(row["tenant"]) for row in rows(database, "issues")) == ["acme", "zeta"]
    assert sorted(str(row["tenant"]) for row in rows(database, "conversations")) == ["acme", "acme", "zeta", "zeta"]


def test_a_trace_that_still_receives_spans_waits(database: Database) -> None:
    """What received something within the quiet time is left for the next run, and then found."""
    store(database, [refused(1, "a")], START + 10 * MINUTE)
    early = analyze(database, now_ns=START + 10 * MINUTE + 10**9, quiet_s=30)
    assert (early.waiting_count, early.analysed_count) == (1, 0)
    late = analyze(database, now_ns=START + 11 * MINUTE, quiet_s=30)
    assert (late.waiting_count, late.analysed_count) == (0, 1)


@pytest.mark.parametrize("name", ["chat small", "ChatCompletion"])
def test_a_failed_model_call_is_the_models_whatever_its_span_is_called(database: Database, name: str) -> None:
    """Two libraries that name spans differently make one issue of one failure."""
    facts = turn(1, ask("Write me a long story, please"), answer=say(""), conversation_id="a")
    failed = SpanException(
        facts.trace_id, facts.span_id, facts.end_ns, "APIError", "bad gateway", source="event", operation=name,
        service_name="shop", http_status=502,
    )  # fmt: skip
    store(database, [dataclasses.replace(facts, request_model="small", output=()), failed], START)
    run(database, 10)
    assert rows(database, "issues", "title") == [{"title": "small: bad gateway (HTTP 502)"}]


def test_an_empty_database_has_no_issues(database: Database) -> None:
    """A run over nothing succeeds and is recorded."""
    report = run(database, 1)
    assert (report.conversation_count, report.issue_count) == (0, 0)
    (recorded,) = rows(database, "runs", "method, note")
    assert recorded == {"method": "detectors", "note": "analysed without a model"}


@pytest.mark.parametrize("view", ["conversations", "messages", "findings", "issues"])
def test_views_show_a_row_once_after_many_runs(database: Database, view: str) -> None:
    """Full runs write everything anew; views show it once all the same."""
    store(database, [refused(1, "a"), refused(2, "b")], START)
    for minute in (10, 20, 30):
        analyze(database, now_ns=START + minute * MINUTE, is_full=True)
    assert len(rows(database, view)) == {"conversations": 2, "messages": 4, "findings": 2, "issues": 1}[view]


def test_a_cut_answer_is_a_technical_error(database: Database) -> None:
    """A finish reason other than an ordinary end is a failure of the model's span, quoted as it stands there."""
    facts = turn(1, ask("Write me a long story, please"), answer=say("Once upon a"), conversation_id="a")
    store(database, [dataclasses.replace(facts, finish_reason="length", request_model="small")], START)
    run(database, 10)
    (finding,) = rows(database, "findings", "family, quote, quote_source, is_recovered, title")
    assert finding == {
        "family": "technical_error", "quote": "length", "quote_source": "exception", "is_recovered": False,
        "title": "small: the answer was cut at the token limit",
    }  # fmt: skip


def test_what_reaches_the_database_long_after_it_was_received_is_analysed(database: Database) -> None:
    """A collector's spool may drain hours later, while another's rows were analysed meanwhile."""
    store(database, [turn(20, ask("hello"), answer=say("hi"), conversation_id="prompt")], START + 20 * MINUTE)
    run(database, 25)
    late = [turn(1, ask("good morning"), answer=say("hi"), conversation_id="late")]
    store(database, late, START + MINUTE, written_ns=START + 300 * MINUTE)
    assert run(database, 301).analysed_count == 1
    assert {row["conversation_id"] for row in rows(database, "conversations", "conversation_id")} == {"prompt", "late"}


def test_feedback_on_a_conversation_never_waits_for_more_of_it(database: Database) -> None:
    """Ratings keep arriving; each is joined at the next run, whatever else came within the quiet time."""
    store(database, [turn(1, ask("hello"), answer=say("hi"), conversation_id="rated")], START + MINUTE)
    run(database, 10)
    at = START + 20 * MINUTE
    store(database, [Feedback(at, "thumbs", conversation_id="rated", score=0.0)], at)
    store(database, [Feedback(at, "thumbs", conversation_id="another", score=1.0)], at + 29 * 10**9)
    analyze(database, now_ns=at + 30 * 10**9, quiet_s=30)
    assert rows(database, "conversations", "feedback_score") == [{"feedback_score": 0.0}]
