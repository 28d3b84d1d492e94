"""Where a finding stands, as a message's index and as the marker by which a transcript names it."""

from collections.abc import Iterator

from analyzer.observations import call_texts
from schemas.families import Finding
from schemas.records import Conversation, ToolCall


def position_of(conversation: Conversation, finding: Finding) -> int:
    """Index of the message where a finding stands: what is quoted from a call stands in the message that makes it."""
    if finding.message_index >= 0:
        return finding.message_index
    spot = (finding.trace_id, finding.span_id)
    calls = [max(_at(call, finding)) for call in _calls(conversation, finding)]
    told = [m.index for m in conversation.messages if (m.trace_id, m.span_id) == spot or m.turn == finding.turn]
    return next((index for index in [*calls, *told] if index >= 0), 0)


def marker_of(conversation: Conversation, finding: Finding) -> str:
    """How the transcript names the place of a finding."""
    if finding.message_index >= 0:
        return f"m{finding.message_index}"
    for call in _calls(conversation, finding):
        index = max(_at(call, finding))
        return f"m{index}" if call.message_index >= 0 else f"c{conversation.tool_calls.index(call)}"
    spot = (finding.trace_id, finding.span_id)
    for number, exception in enumerate(conversation.exceptions):
        if (exception.trace_id, exception.span_id) == spot:
            return f"e{number}"
    return f"m{position_of(conversation, finding)}"


def _calls(conversation: Conversation, finding: Finding) -> Iterator[ToolCall]:
    """The calls at a finding's place; of several those that hold its quote come first."""
    spot = (finding.trace_id, finding.span_id)
    there = [call for call in conversation.tool_calls if (call.trace_id, call.span_id) == spot]
    texts = (lambda c: call_texts(c)) if finding.quote_source == "arguments" else (lambda c: [c.result or ""])
    yield from sorted(there, key=lambda call: not any(finding.quote in text for text in texts(call)))


def _at(call: ToolCall, finding: Finding) -> tuple[int, ...]:
    asked = call.message_index >= 0 and finding.quote_source == "arguments"
    return (call.message_index,) if asked else (call.message_index, call.result_index)
