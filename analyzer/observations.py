"""What a detector saw, before the decision rule says whose fault it was."""

from dataclasses import dataclass
from typing import Literal

from analyzer.technical.fingerprint import Fingerprint
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
    "no_answer",  # the last thing the user got is nothing
]


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
    """What the user asked in a turn; an earlier request where the turn's own message only confirms or thanks."""
    said = {m.turn: m.body.content for m in conversation.messages if m.body.role == "user" and not m.is_delegation}
    for earlier in range(turn, 0, -1):
        if len(said.get(earlier, "").split()) >= 4:
            return said[earlier]
    return said.get(turn, "") or next(iter(said.values()), "")
