"""What detectors found, as a model is told it, and which of it the model may call wrong.

What a machine says of itself (an exception, an error status, a result that is marked as failed) stays whatever a model
says. A failure that was only read out of a result's words has a number in the list; the model may contest it by that
number, and the verifier decides.
"""

from collections.abc import Iterable, Iterator, Sequence

from analyzer.with_model.digest import Hide
from analyzer.with_model.merge import is_fact
from analyzer.with_model.places import marker_of
from schemas.families import Finding
from schemas.records import Conversation

_TOLD_LIMIT = 30  # findings of detectors that are told; the rest is more of the same
_KNOWN = "KNOWN, found by code; one with a number was read out of a result's words: if it is no failure, name it in known_wrong"
_SUSPECTED = (
    "SUSPECTED: guesses by keywords, often wrong. Report one only if the transcript bears it out; two may be one gap"
)


def told(conversation: Conversation, found: Sequence[Finding], hide: Hide) -> str:
    """What detectors found, as facts and as suspicions; empty where they found nothing."""
    roots = [finding for finding in found if finding.is_root]
    facts = [finding for finding in roots if is_fact(finding)]
    numbers = {id(finding): number for number, finding in _numbered(conversation, found)}
    listed = (
        (_KNOWN, [(numbers.get(id(f), ""), f) for f in facts]),
        (_SUSPECTED, [("", f) for f in roots if not is_fact(f)]),
    )
    parts = []
    for title, entries in listed:
        lines = [
            f"- {f'{number} ' if number else ''}{marker_of(conversation, f)} {f.code}: {hide(f.statement)}"
            for number, f in entries[:_TOLD_LIMIT]
        ]
        parts.extend(["\n".join([title, *lines, ""])] if lines else [])
    return "\n".join([*parts, ""]) if parts else ""


def contested(conversation: Conversation, found: Sequence[Finding], numbers: Iterable[str]) -> tuple[Finding, ...]:
    """The findings that a model calls wrong by their numbers, with what followed from them; unknown numbers are nobody's."""
    named = {number.strip(" []").lower() for number in numbers}
    wrong = [finding for number, finding in _numbered(conversation, found) if number in named]
    keys = {finding.group_key for finding in wrong if finding.group_key}
    return tuple(f for f in found if f in wrong or (f.group_key in keys and _is_read(conversation, f)))


def _numbered(conversation: Conversation, found: Sequence[Finding]) -> Iterator[tuple[str, Finding]]:
    """What may be contested, each with its number: k1, k2, ..."""
    readings = [finding for finding in found if finding.is_root and _is_read(conversation, finding)]
    return ((f"k{number}", finding) for number, finding in enumerate(readings, 1))


def _is_read(conversation: Conversation, finding: Finding) -> bool:
    """Whether a failure was only read out of a result's words: no machine marked it as one."""
    if finding.family != "technical_error" or finding.quote_source == "exception":
        return False
    spot, at = (finding.trace_id, finding.span_id), finding.message_index
    if 0 <= at < len(conversation.messages) and conversation.messages[at].body.is_error:
        return False
    if any((exception.trace_id, exception.span_id) == spot for exception in conversation.exceptions):
        return False
    concerned = (c for c in conversation.tool_calls if (c.trace_id, c.span_id) == spot or -1 != at == c.result_index)
    return not any(call.error_type or call.error_message for call in concerned)
