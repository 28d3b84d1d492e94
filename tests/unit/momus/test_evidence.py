"""Evidence is shown with what was asked and called in its own turn, and what reads the same is shown once."""

import orjson
import pytest

from analyzer.run import analyze
from momus.evidence import call_of
from momus.facets import list_demand
from momus.look import FoundIssue, look_up
from momus.pages.facets import show_demand
from momus.pages.issue import show_issue
from momus.screen import console
from schemas.database import Database, Row
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import MessageBody, SpanFacts, ToolDefinition, ToolRequest

MINUTE = 60 * 10**9
START_NS = 1_790_000_000 * 10**9
FIRST = MessageBody("user", "What is the weather in Oslo?")
WISH = MessageBody("user", "Can you also reserve a rental car for Friday?")
TOOLS = (ToolDefinition("get_weather", "The weather of a city"),)


def asks(name: str, city: str) -> MessageBody:
    call = ToolRequest(f"call-{name}", "get_weather", orjson.dumps({"city": city}).decode())
    return MessageBody("assistant", tool_calls=(call,))


def conversation(number: int) -> SpanFacts:
    """Two turns: a look-up that is served, then a wish that no tool covers."""
    at = START_NS + number * MINUTE
    said = (
        FIRST, asks("1", "Oslo"), MessageBody("tool", "4 degrees", tool_call_id="call-1"),
        MessageBody("assistant", "It is 4 degrees."), WISH,
    )  # fmt: skip
    refusal = MessageBody("assistant", "I'm sorry, I can't reserve a rental car for you.")
    return SpanFacts(
        f"{number:032x}", f"{number:016x}", "test", "llm", at, at + 10**9, service_name="travel",
        conversation_id=f"chat-{number}", tools_offered=TOOLS, input=said, output=(refusal,),
    )  # fmt: skip


@pytest.fixture
def wished(database: Database) -> FoundIssue:
    """The issue of a wish that two conversations have in their second turn."""
    for table, rows in batch_rows([conversation(1), conversation(2)], "segment", START_NS).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": START_NS}
        database.insert(table, [row | written for row in rows])
    analyze(database, now_ns=START_NS + 10 * MINUTE)
    found = look_up(database, "1", limit=10)
    assert isinstance(found, FoundIssue)
    return found


def printed(found: FoundIssue) -> str:
    with console.capture() as captured:
        show_issue(found)
    return " ".join(captured.get().split())


def test_what_was_asked_is_the_message_of_the_turn(wished: FoundIssue) -> None:
    """Word for word what the user said before it failed, not how the conversation began."""
    assert [row["asked"] for row in wished.evidence] == [WISH.content, WISH.content]
    shown = printed(wished)
    assert f"asked {WISH.content}" in shown
    assert FIRST.content not in shown


def test_the_same_quote_is_shown_once_with_all_its_places(wished: FoundIssue) -> None:
    """Two conversations in which the same was said are one quote, counted, and two places to look at."""
    shown = printed(wished)
    assert shown.count("”") == 1
    assert "2× the same" in shown
    assert all(f"conversation chat-{number} · turn 2" in shown for number in (1, 2))


def test_demand_is_shown_with_what_the_last_user_said(database: Database, wished: FoundIssue) -> None:
    """A quote of missing data is often an empty list, which says nothing to people."""
    missing = database.query("SELECT * FROM finding_log FINAL LIMIT 1")[0] | {
        "finding_id": "f", "family": "missing_inventory", "is_root": True, "demand_key": "car", "quote": "[]",
        "requested_object": "rental car", "version": START_NS + 10 * MINUTE + 1,
    }  # fmt: skip
    database.insert("finding_log", [missing])
    (demand,) = list_demand(database)
    assert (demand["last_asked"], demand["last_quote"]) == (WISH.content, "[]")
    with console.capture() as captured:
        show_demand([demand])
    assert WISH.content in captured.get()


def test_evidence_that_differs_is_not_taken_together(wished: FoundIssue) -> None:
    """One other word in the question, and both are shown."""
    one, other = wished.evidence
    shown = printed(FoundIssue(wished.issue, [one, other | {"asked": "A car, please"}]))
    assert shown.count("”") == 2
    assert "the same" not in shown


def a_call(arguments: str, count: int, *indexes: int, name: str = "find", span_ids: tuple[str, ...] = ()) -> Row:
    return {"name": name, "arguments": arguments, "call_count": count, "message_indexes": indexes, "span_ids": span_ids}


@pytest.mark.parametrize(
    ("row", "arguments"),
    [
        ({"message_index": 4, "span_id": "b"}, "at its message"),
        ({"message_index": -1, "span_id": "b"}, "in its span"),
        ({"message_index": 9, "span_id": "z"}, "most often"),
    ],
)
def test_the_call_shown_is_the_one_at_the_quote(row: Row, arguments: str) -> None:
    """By its message, else by its span; where neither tells, the one that was repeated most."""
    calls = [
        a_call("most often", 3, 6, 7), a_call("at its message", 1, 3, 4), a_call("in its span", 1, -1, span_ids=("b",)),
        a_call("another tool", 9, 3, 4, name="other", span_ids=("b",)),
    ]  # fmt: skip
    call = call_of(row | {"operation": "find"}, calls)
    assert call is not None
    assert call["arguments"] == arguments


def test_no_call_is_shown_for_what_is_about_none(wished: FoundIssue) -> None:
    """A wish without a tool names no call, whatever was called in the conversation."""
    assert {row["called"] for row in wished.evidence} == {""}
    assert "get_weather(" not in printed(wished)


def test_a_repeated_call_tells_how_often(wished: FoundIssue) -> None:
    """With what it was called, and how many times."""
    row = wished.evidence[0] | {"called": "get_weather", "arguments": '{"city":"Oslo"}', "call_count": 4}
    assert 'get_weather({"city":"Oslo"}) 4 times' in printed(FoundIssue(wished.issue, [row]))
