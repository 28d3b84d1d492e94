"""What a detector saw, before the decision rule says whose fault it was."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.technical.fingerprint import Fingerprint
from analyzer.technical.unwrap import parse
from analyzer.text import asks
from schemas.families import Confidence, QuoteSource
from schemas.records import Conversation, Message, ToolCall

Kind = Literal[
    "failed_call",  # a call failed and says so in a machine-readable way
    "empty_lookup",  # a lookup worked and found nothing
    "not_found_said",  # the agent says that something is not there
    "refusal",  # the agent says that it cannot
    "handover",  # the agent passes the user on to a person
    "unknown_tool",  # the model called what it was not offered
    "repetition",  # the same call or answer again and again
    "unbacked_claim",  # the agent says it did what no call did
    "invention",  # the agent names what nothing told it
    "no_answer",  # the last thing the user got is nothing
]


_QUOTE_CHARS = 300
# "Sure, my number is 4711": an answer to the agent, not a wish.
_TOLD = re.compile(
    r"^(?:\W|\b(?:sure|yes|yeah|ok|okay|of course|hi|hello|thanks|thank you)\b)*"
    r"(?:my|it['’]?s|it is|here(?:['’]s| is| are)|the (?:\w+ ){1,3}(?:is|are))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a quote stands verbatim. `position` orders places within a conversation: the index of the message at or
    before it."""

    source: QuoteSource
    trace_id: str
    span_id: str
    turn: int
    position: int
    message_index: int = -1


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing seen at one place. `subject` is what was wanted, in the words of the conversation."""

    kind: Kind
    detector: str
    place: Place
    quote: str
    operation: str = ""
    subject: str = ""
    context: str = ""
    confidence: Confidence = "high"
    fingerprint: Fingerprint | None = None
    is_recovered: bool = False


def message_place(message: Message) -> Place:
    """The place of a message's own text."""
    return Place("message", message.trace_id, message.span_id, message.turn, message.index, message.index)


def result_place(conversation: Conversation, call: ToolCall) -> Place:
    """Where a call's result can be read: the tool message that brought it, else the span that ran the tool."""
    if call.result_index >= 0:
        message = conversation.messages[call.result_index]
        return Place("message", message.trace_id, message.span_id, call.turn, message.index, message.index)
    return Place("result", call.trace_id, call.span_id, call.turn, call_position(conversation, call))


def arguments_place(conversation: Conversation, call: ToolCall) -> Place:
    """Where a call's arguments can be read: the span that asked for it or ran it."""
    return Place(
        "arguments", call.trace_id, call.span_id, call.turn, call_position(conversation, call), call.message_index
    )


def call_texts(call: ToolCall) -> list[str]:
    """What a call's payload holds verbatim: the texts among its arguments, then its other values, then the tool's name.

    The arguments as a whole are no such text: their order and spacing are ours, made so that equal calls compare equal.
    """
    leaves = list(_leaves(parse(call.arguments)))
    return [
        *(leaf for leaf in leaves if isinstance(leaf, str) and leaf.strip()),
        *(json.dumps(leaf) for leaf in leaves if not isinstance(leaf, str | bool | None)),
        call.name,
    ]


def quote_of_call(call: ToolCall) -> str:
    """The longest text that a call was given, at most 300 characters; the tool's name where it was given none."""
    texts = [leaf for leaf in _leaves(parse(call.arguments)) if isinstance(leaf, str) and leaf.strip()]
    return max(texts, key=len, default="")[:_QUOTE_CHARS].strip() or call_texts(call)[0]


def _leaves(value: Any) -> Iterator[Any]:  # any JSON value
    """The scalars of a JSON value in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def call_position(conversation: Conversation, call: ToolCall) -> int:
    """Index of the message after which the call came, by reference where there is one, else by time."""
    if call.message_index >= 0:
        return call.message_index
    return position_at(conversation, call.time_ns)


def position_at(conversation: Conversation, time_ns: int) -> int:
    """Index of the last message not later than a time; 0 before the first."""
    earlier = [message.index for message in conversation.messages if message.time_ns <= time_ns]
    return earlier[-1] if earlier else 0


def request_of(conversation: Conversation, turn: int) -> str:
    """What the user asked in a turn; an earlier request where the turn's own message only confirms, thanks, or tells
    what it was asked for."""
    said = {m.turn: m.body.content for m in conversation.messages if m.body.role == "user" and not m.is_delegation}
    for earlier in range(turn, 0, -1):
        text = said.get(earlier, "")
        if len(text.split()) >= 4 and not (_TOLD.search(text) and not asks(text)):
            return text
    return said.get(turn, "") or next(iter(said.values()), "")
