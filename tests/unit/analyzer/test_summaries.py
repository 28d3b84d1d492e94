"""Summaries without a model, in the words of the conversation."""

from collections.abc import Callable

import pytest

from analyzer.language import guess_language
from analyzer.summarise import outcome, summarise
from schemas.families import Finding
from schemas.records import Conversation

Talk = Callable[..., Conversation]
FAULT = Finding(
    "missing_capability",
    "tool_absent",
    "No offered tool serves the wish",
    "q",
    "message",
    "",
    "",
    "refusals",
    "low",
    turn=1,
)


def test_an_extract_tells_request_tools_and_answer(talk: Talk) -> None:
    """First request, tools, faults and the last answer, in that order, by `extractive`."""
    conversation = talk(
        ("user", "Hi"), ("assistant", "Hello!"), ("user", "Where is my parcel today?"), ("call", "track", "{}", "{}"),
        ("assistant", "It is in Rome. More later."),
    )  # fmt: skip
    summary = summarise(conversation, [FAULT])
    assert summary.by == "extractive"
    places = [summary.text.index(part) for part in ("Where is my parcel", "track", "No offered tool", "It is in Rome.")]
    assert places == sorted(places)


def test_outcomes_by_rule(talk: Talk) -> None:
    """Served without faults, not served by a fault at the end, partly by an earlier one, unclear without an answer."""
    two = talk(
        ("user", "Do the first thing"), ("assistant", "Ok."), ("user", "Now do the second"), ("assistant", "Ok.")
    )
    assert outcome(two, []) == "served"
    assert outcome(two, [FAULT]) == "partly"
    assert outcome(talk(("user", "Do the first thing"), ("assistant", "No.")), [FAULT]) == "not"
    assert outcome(talk(("user", "Is anybody there?")), []) == "unclear"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my order, please?", "en"), ("Wo ist meine Bestellung, bitte?", "de"), ("où est ma commande ? je ne la vois pas", "fr"),
        ("¿dónde está mi pedido? no lo veo", "es"), ("где мой заказ", "ru"), ("我的订单在哪里", "zh"), ("注文はどこですか", "ja"),
        ("주문은 어디에 있나요", "ko"), ("12345", ""),
    ],
)  # fmt: skip
def test_languages_are_guessed(text: str, language: str) -> None:
    """By script, else by common words; nothing to go by gives nothing."""
    assert guess_language(text) == language
