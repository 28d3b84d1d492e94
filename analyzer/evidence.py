"""The quote gate: a quote that is not verbatim at the place it names is not stored, and counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from analyzer.observations import call_texts
from schemas.families import Finding
from schemas.records import Conversation


@dataclass(slots=True)
class Gate:
    """Counts what passed. `rejected` / `seen` is the rejection rate that every run prints."""

    seen: int = 0
    rejected: int = 0

    def admit(self, conversation: Conversation, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Those findings whose quote stands at the place named, with its offsets there."""
        for finding in findings:
            self.seen += 1
            located = locate(conversation, finding)
            if located is None:
                self.rejected += 1
            else:
                yield located


def locate(conversation: Conversation, finding: Finding) -> Finding | None:
    """The finding with the offsets of its quote; None where the quote is empty or not verbatim at its place."""
    for text in texts_at(conversation, finding):
        start = text.find(finding.quote) if finding.quote else -1
        if start >= 0:
            return replace(finding, quote_start=start, quote_end=start + len(finding.quote))
    return None


def texts_at(conversation: Conversation, finding: Finding) -> Iterator[str]:
    """Every text that stands at a finding's place."""
    spot = (finding.trace_id, finding.span_id)
    if finding.quote_source == "message":
        if 0 <= finding.message_index < len(conversation.messages):
            message = conversation.messages[finding.message_index]
            if (message.trace_id, message.span_id) == spot:
                yield message.body.content
        return
    for call in conversation.tool_calls:
        if (call.trace_id, call.span_id) == spot:
            if finding.quote_source == "arguments":
                yield from call_texts(call)
            elif finding.quote_source == "result":
                yield call.result or ""
            else:
                yield from (call.error_message, call.error_type)
    if finding.quote_source == "arguments":
        yield from (r.query or "" for r in conversation.retrievals if (r.trace_id, r.span_id) == spot)
    if finding.quote_source == "result":
        for retrieval in conversation.retrievals:
            if (retrieval.trace_id, retrieval.span_id) == spot:
                yield from (document.content for document in retrieval.documents)
    if finding.quote_source == "exception":
        for exception in conversation.exceptions:
            if (exception.trace_id, exception.span_id) == spot:
                yield from (exception.message, exception.stacktrace, exception.type)
