"""A quote is evidence only if it stands there."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.with_model.pieces import pieces_of
from analyzer.with_model.quotes import Quoted, find_quote, verbatim
from schemas.records import Conversation, Document, Retrieval, SpanException

Talk = Callable[..., Conversation]


def find(conversation: Conversation, marker: str, quote: str) -> Quoted | None:
    """Look for a quote, with what a model would have been shown."""
    return find_quote(conversation, tuple(pieces_of(conversation)), marker, quote)


@pytest.fixture
def invoices(talk: Talk) -> Conversation:
    """A short conversation: m0 user, m1 agent, m2 a call, m3 its result, m4 agent, m5 user, m6 agent."""
    return talk(
        ("user", "Please compare the invoices of March and April."),
        ("assistant", "I am looking for both of them now."),
        ("call", "find_invoice", '{"month": "March 2024", "limit": 5}', '{"rows": [], "note": "nothing stored"}'),
        ("assistant", "I cannot compare invoices:\n  no “tool” does that."),
        ("user", "That is a pity, really."),
        ("assistant", "Is there anything else that I can do?"),
    )


def test_a_quote_is_found_at_its_marker(invoices: Conversation) -> None:
    """With the place of the message that was named."""
    found = find(invoices, "m4", "I cannot compare invoices")
    assert found is not None
    assert (found.quote, found.place.message_index, found.place.source) == ("I cannot compare invoices", 4, "message")


def test_white_space_and_quotation_marks_may_differ_but_the_original_is_kept(invoices: Conversation) -> None:
    """What is kept is cut from the message, not from the answer."""
    found = find(invoices, "[m4 agent]", 'cannot compare invoices: no "tool" does that')
    assert found is not None
    assert found.quote == "cannot compare invoices:\n  no “tool” does that"


@pytest.mark.parametrize(("marker", "is_found"), [("m2", True), ("m6", True), ("m1", False), ("m7", False)])
def test_a_marker_may_be_off_by_two_messages(invoices: Conversation, marker: str, is_found: bool) -> None:
    """The evidence then names where the quote truly stands; further off, it is none."""
    found = find(invoices, marker, "I cannot compare invoices")
    assert (found is not None) == is_found
    assert found is None or found.place.message_index == 4


def test_results_and_arguments_can_be_quoted(invoices: Conversation) -> None:
    """A result by its message, an argument by its value, a call as it was shown by the longest value in it."""
    result = find(invoices, "m3", '"note": "nothing stored"')
    argument = find(invoices, "m2", "March 2024")
    assert result is not None
    assert (result.place.source, result.place.message_index) == ("message", 3)
    assert argument is not None
    assert (argument.place.source, argument.quote) == ("arguments", "March 2024")


def test_documents_and_exceptions_can_be_quoted(talk: Talk) -> None:
    """Where no message holds them, their markers lead to their spans."""
    base = talk(("user", "What is the notice period?"), ("assistant", "Three months."))
    retrieval = Retrieval(
        "a" * 32, "b" * 16, 5, "search", query="notice period", documents=(Document("1", "Notice: six weeks."),)
    )
    failure = SpanException("a" * 32, "c" * 16, 6, "TimeoutError", "index did not answer")
    conversation = Conversation("c", base.messages, retrievals=(retrieval,), exceptions=(failure,))
    document, exception = (
        find(conversation, "r0", "Notice: six weeks"),
        find(conversation, "e0", "index did not answer"),
    )
    assert document is not None
    assert exception is not None
    assert (document.place.source, document.place.span_id) == ("result", "b" * 16)
    assert (exception.place.source, exception.place.span_id) == ("exception", "c" * 16)


@pytest.mark.parametrize("quote", ["", "no", "   ", "…[210 cut]…", '"I"', "not"])
def test_a_quote_too_short_to_show_anything_is_refused(invoices: Conversation, quote: str) -> None:
    """A word that stands everywhere proves nothing."""
    assert find(invoices, "m4", quote) is None


def test_a_quote_over_a_cut_keeps_its_longer_part(invoices: Conversation) -> None:
    """The note of a cut is ours and stands nowhere."""
    found = find(invoices, "m0", "Please compare the invoices …[9 cut]… ril.")
    assert found is not None
    assert found.quote == "Please compare the invoices"


@pytest.mark.parametrize("marker", ["", "m", "somewhere", "m99", "c7", "r0", "e3", "m-1"])
def test_a_marker_that_names_nothing_finds_nothing(invoices: Conversation, marker: str) -> None:
    """Nothing is searched for all over the conversation."""
    assert find(invoices, marker, "Please compare the invoices") is None


@given(st.integers(0, 10_000))
def test_a_mutated_quote_is_always_refused(seed: int) -> None:
    """One letter changed anywhere, and the quote is no evidence."""
    text = "The refund of 41 euros was sent to your account on Monday, and it takes three days to arrive."
    chance = random.Random(seed)
    start = chance.randrange(0, len(text) - 30)
    quote = text[start : start + chance.randrange(12, 30)]
    place = chance.choice([n for n, character in enumerate(quote) if character.isalnum()])
    mutated = quote[:place] + chance.choice("xqzXQZ7") + quote[place + 1 :]
    assert verbatim(text, quote) == quote
    assert mutated == quote or verbatim(text, mutated) == ""


def test_a_short_message_or_result_may_be_quoted_whole(talk: Talk) -> None:
    """An empty list shows that nothing was found; as a part of something longer it shows nothing."""
    conversation = talk(("user", "No"), ("call", "find", "{}", "[]"), ("assistant", "Here: [] and no."))
    assert [find_quote(conversation, (), f"m{n}", quote) is not None for n, quote in ((0, "No"), (2, "[]"))] == [
        True,
        True,
    ]
    assert find_quote(conversation, (), "m3", "[]") is None
