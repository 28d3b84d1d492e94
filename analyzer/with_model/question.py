"""The first question: everything that a model is shown of one window of a conversation."""

from collections.abc import Sequence

from analyzer.facets.definitions import FacetDefinition
from analyzer.with_model.digest import Hide
from analyzer.with_model.fence import fence
from analyzer.with_model.merge import is_fact
from analyzer.with_model.prompts import MERGE, READ
from analyzer.with_model.reading import ReadingSetup
from analyzer.with_model.replies import ReadReply
from schemas.families import Finding
from schemas.records import Conversation

_TOLD_LIMIT = 30  # findings of detectors that are told; the rest is more of the same


def ask_about(
    conversation: Conversation,
    window: str,
    found: Sequence[Finding],
    setup: ReadingSetup,
    hide: Hide,
    *,
    part: str = "",
) -> str:
    """The question about one window. What detectors found stands within the fence: its words are strangers' too."""
    told = _told(conversation, [f for f in found if f.is_root], hide)
    name, fenced = fence("transcript", f"{told}{window}")
    card = f"\nThe agent, in its team's words: {setup.card.strip()}\n" if setup.card.strip() else ""
    return READ.ask(
        {
            "summary": setup.summary_prompt,
            "facets": facet_questions(setup.facets),
            "card": card,
            "fence": name,
            "part": part,
            "transcript": fenced,
        }
    )


def ask_to_merge(replies: Sequence[ReadReply], setup: ReadingSetup) -> str:
    """The question that makes one summary of those of all windows."""
    notes = "\n".join(
        f"PART {number} of {len(replies)}: {reply.model_dump_json(exclude={'findings', 'verdict'})}"
        for number, reply in enumerate(replies, 1)
    )
    name, fenced = fence("transcript", notes)
    return MERGE.ask(
        {"summary": setup.summary_prompt, "facets": facet_questions(setup.facets), "fence": name, "notes": fenced}
    )


def facet_questions(facets: Sequence[FacetDefinition]) -> str:
    """The team's questions, one a line."""
    if not facets:
        return ""
    lines = (f"facets.{f.name}: {f.question}{_choices(f)}" for f in facets)
    return "\n".join(["null where the transcript does not tell:", *lines])


def _choices(facet: FacetDefinition) -> str:
    return f" ({' | '.join(facet.choices)})" if facet.choices else ""


def _told(conversation: Conversation, found: Sequence[Finding], hide: Hide) -> str:
    """What detectors found, as facts and as suspicions."""
    parts = []
    for title, listed in (
        ("KNOWN, found by code", [f for f in found if is_fact(f)]),
        ("SUSPECTED, by its words alone: report it if it is so", [f for f in found if not is_fact(f)]),
    ):
        lines = [f"- {marker_of(conversation, f)} {f.code}: {hide(f.statement)}" for f in listed[:_TOLD_LIMIT]]
        if lines:
            parts.append("\n".join([title, *lines, ""]))
    return "\n".join([*parts, ""]) if parts else ""


def marker_of(conversation: Conversation, finding: Finding) -> str:
    """How the transcript names the place of a finding."""
    if finding.message_index >= 0:
        return f"m{finding.message_index}"
    spot = (finding.trace_id, finding.span_id)
    for number, call in enumerate(conversation.tool_calls):
        if (call.trace_id, call.span_id) == spot:
            return f"m{max(call.result_index, call.message_index)}" if call.message_index >= 0 else f"c{number}"
    for number, exception in enumerate(conversation.exceptions):
        if (exception.trace_id, exception.span_id) == spot:
            return f"e{number}"
    return f"turn {finding.turn}"
