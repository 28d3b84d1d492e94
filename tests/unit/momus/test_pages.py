"""What pages of conversations, traces and health tell, and in which order."""

import pytest

from momus.doctor import Health
from momus.look import FoundConversation, FoundTrace, look_up
from momus.pages.conversation import message_block, show_conversation
from momus.pages.health import show_health
from momus.pages.trace import show_trace
from momus.running import reachable
from momus.screen import console
from schemas.database import Database, Row
from schemas.errors import NotFound
from schemas.families import family_of
from schemas.records import Span
from schemas.rows import span_row

TALK = {
    "summary": "A refund fails.", "request": "", "conversation_id": "chat-1", "tenant": "", "user_id": "",
    "outcome": "not", "language": "en", "summary_by": "extractive", "service_name": "shop", "service_version": "",
    "models": [], "turn_count": 1, "llm_call_count": 2, "tool_call_count": 1, "input_tokens": 1, "output_tokens": 1,
    "is_id_assigned": False, "is_content_missing": False, "is_truncated": False, "trace_ids": ["t"], "state": "analysed",
    "run_id": "", "method": "detectors", "model": "",
}  # fmt: skip


def message(index: int, role: str, content: str) -> Row:
    return {
        "message_index": index, "turn": 1, "role": role, "content": content, "tool_calls": "", "is_delegation": False
    }  # fmt: skip


def call(**known: object) -> Row:
    return {
        "turn": 1, "name": "refund", "arguments": "{}", "result": None, "status": "error", "error_type": "Timeout",
        "error_message": "", "message_index": 1, "result_index": 2,
    } | known  # fmt: skip


def told(calls: list[Row]) -> list[str]:
    """The lines of the transcript and what follows it."""
    messages = [message(0, "user", "Refund!"), message(2, "tool", "no"), message(3, "assistant", "Sorry.")]
    with console.capture() as captured:
        show_conversation(FoundConversation(TALK, messages, calls, [], []))
    lines = [line.strip() for line in captured.get().splitlines()]
    return lines[next(at for at, line in enumerate(lines) if line.startswith("transcript")) + 1 :]


def test_a_failed_call_is_told_at_its_result() -> None:
    """Once, where it happened, and not again after the last turn."""
    lines = told([call()])
    assert lines.index("✗ refund failed: Timeout") == lines.index("no") + 1
    assert sum("refund" in line for line in lines) == 1


@pytest.mark.parametrize("unseen", [{"message_index": -1}, {"result_index": -1}], ids=["not asked for", "no result"])
def test_a_call_that_no_message_tells_of_has_a_heading(unseen: Row) -> None:
    """So that nobody takes it for the end of the conversation."""
    lines = told([call(**unseen, result="gateway timeout")])
    heading = next(at for at, line in enumerate(lines) if line.startswith("calls that no message tells of"))
    assert heading > lines.index("Sorry.")
    assert "refund({}): error gateway timeout" in lines[heading + 1]


def test_a_message_without_content_says_so() -> None:
    """A bare role looks like a mistake of ours."""
    with console.capture() as captured:
        console.print(message_block("system", "", "", 0, False))
    assert "(empty, or not captured)" in captured.get()


@pytest.fixture
def trace(database: Database) -> Database:
    """A trace of two spans, the second of which failed."""
    spans = [
        Span("a" * 32, "1" * 16, "run", 10**9, 10**9 + 5_000_000, service_name="shop", scope_name="lib"),
        Span(
            "a" * 32, "2" * 16, "pay", 10**9 + 2_000_000, 10**9 + 3_000_000, "1" * 16, service_name="shop",
            status_code="Error", status_message="declined",
        ),
    ]  # fmt: skip
    database.insert("otel_traces", [span_row(span, "segment", 10**9) for span in spans])
    return database


def test_a_span_names_its_trace(trace: Database) -> None:
    """The id beside a quote leads somewhere; that of no span says what else there is."""
    found = look_up(trace, "2" * 16, limit=1)
    assert isinstance(found, FoundTrace)
    assert found.trace_id == "a" * 32
    with pytest.raises(NotFound, match="No issue, conversation, trace or span is called 3"):
        look_up(trace, "3" * 16, limit=1)


def test_a_trace_tells_when_each_span_began_and_which_failed(trace: Database) -> None:
    """With a heading that names the fields, and whose service it is."""
    found = look_up(trace, "a" * 32, limit=1)
    assert isinstance(found, FoundTrace)
    with console.capture() as captured:
        show_trace(found)
    shown = captured.get()
    assert "service shop" in shown
    assert "starts after · takes · scope · span id" in shown
    assert "run  +0.0 ms · 5.0 ms · lib" in shown
    assert "✗ pay  +2.0 ms · 1.0 ms" in shown
    assert "✗ run" not in shown


@pytest.mark.parametrize("said", ["technical_error", "technical error", "Technical-Error", "technical"])
def test_a_family_is_known_as_it_is_stored_and_as_it_is_shown(said: str) -> None:
    """What the screen prints can be typed."""
    assert family_of(said) == "technical_error"


@pytest.mark.parametrize("said", ["missing", "", "exception"])
def test_what_means_no_one_family_is_refused_with_the_list(said: str) -> None:
    """An ambiguous beginning, nothing, a code."""
    with pytest.raises(NotFound, match="missing_capability, missing_inventory"):
        family_of(said)


def test_counters_that_are_kept_from_strangers_are_told_so() -> None:
    """A collector that shows only whether it is well needs a key, and truth values are no counters."""
    shown = []
    for status in ({"is_database_reachable": True}, {"is_database_reachable": True, "items_accepted": 7}):
        with console.capture() as captured:
            show_health(Health(collector=status))
        shown.append(captured.get())
    assert "counters need a key: set MOMUS_KEYS" in shown[0]
    assert "items accepted 7" in shown[1]
    assert "reachable" not in shown[1]


def test_an_address_of_every_interface_is_shown_by_a_name_that_can_be_reached() -> None:
    """Nobody can send to 0.0.0.0 from elsewhere."""
    assert reachable("10.0.0.7:4318") == "10.0.0.7"
    assert "0.0.0.0" not in (reachable("0.0.0.0:4318"), reachable("[::]:4318"))
