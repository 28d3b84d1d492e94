"""Of long instructions those passages are shown that decide what was wished, refused and done."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from analyzer.with_model.instructions import instructions
from schemas.records import Conversation, Message, MessageBody

Talk = Callable[..., Conversation]
CHATTER = "\n".join(
    f"- Speak of topic {n} kindly, warmly and at length, as the house of topic {n} always does." for n in range(40)
)
RETURNS = "Goods are taken back within two weeks. Otherwise only a voucher is given, except for damaged goods."
POLICY = (
    f"# Style\n{CHATTER}\n# Returns\n- {RETURNS}\n# Parcels\n- A parcel cannot be sent to two addresses.\n{CHATTER}"
)


def told(policy: str, conversation: Conversation) -> Conversation:
    """The conversation of an agent that was given a policy."""
    system = Message(len(conversation.messages), 0, MessageBody("system", policy), "", "", 0)
    return replace(conversation, messages=(*conversation.messages, system))


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ([("user", "Please send my parcel to two addresses."), ("assistant", "Sorry.")], "Parcels: A parcel cannot be"),
        ([("user", "Hello."), ("assistant", "I cannot take back goods.")], f"Returns: {RETURNS}"),
        ([("user", "Hello."), ("call", "cancel_parcel", "{}", "ok")], "Parcels: A parcel cannot be"),
    ],
)
def test_a_wish_a_refusal_and_a_deed_find_their_rule(talk: Talk, lines: list[tuple[str, ...]], rule: str) -> None:
    """Under its heading, and whole: the exceptions that follow on the line come with it."""
    assert rule in instructions(told(POLICY, talk(*lines)))


def test_rules_can_be_asked_for_by_what_they_are_about(talk: Talk) -> None:
    """Whatever the conversation itself speaks of."""
    conversation = told(POLICY, talk(("user", "Send my parcel.")))
    assert RETURNS in instructions(conversation, ["The agent took back goods after two weeks"])


def test_an_excerpt_is_bounded_and_says_of_how_much_it_is(talk: Talk) -> None:
    """Short instructions are shown whole, long ones in about a thousand characters, each passage once."""
    assert instructions(told(RETURNS, talk(("user", "Hi")))) == RETURNS
    shown = instructions(told(POLICY + POLICY, talk(("user", "Topic: goods, parcels, voucher, addresses."))))
    assert f"of {2 * len(POLICY):,} characters)" in shown
    assert len(shown) < 1_200
    assert shown.count(RETURNS) == 1


def test_without_instructions_there_is_no_excerpt(talk: Talk) -> None:
    """Nothing is made up."""
    assert instructions(talk(("user", "Hi"))) == ""
