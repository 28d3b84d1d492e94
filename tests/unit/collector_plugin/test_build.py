"""A failure is told apart from what a library glued around it."""

import time

import pytest

from collector_plugin.reading.build import make_exception
from schemas.records import Span

SPAN = Span(trace_id="t", span_id="s", name="search", start_ns=1, end_ns=2)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_type_message_and_traceback_in_one_text_are_told_apart(quote: str) -> None:
    """As LangSmith records a failure."""
    text = f"ValueError({quote}no such city{quote}, 7)  Traceback (most recent call last):\n  ..."
    failure = make_exception(SPAN, 1, "Exception", text)
    assert (failure.type, failure.message) == ("ValueError", "no such city")
    assert failure.stacktrace.startswith("Traceback (most recent call last)")


@pytest.mark.parametrize("piece", ["'", '"', "')", "'a' ", "'Traceback "])
def test_a_long_message_full_of_quotes_is_read_once(piece: str) -> None:
    """At every quote the message might end; trying them all would take hours."""
    text = "Error('" + piece * 50_000
    started_s = time.process_time()
    assert make_exception(SPAN, 1, "Exception", text).message == text
    assert time.process_time() - started_s < 5
