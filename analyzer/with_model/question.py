"""The first question: everything that a model is shown of one window of a conversation.

All that stands before the fence's name (what is asked, the team's facets and card) is the same for every conversation
of one setup, so that a provider which keeps the beginning of a prompt reads it once.
"""

from collections.abc import Sequence

from analyzer.facets.definitions import FacetDefinition
from analyzer.with_model.digest import Hide
from analyzer.with_model.fence import fence
from analyzer.with_model.known import told
from analyzer.with_model.prompts import MERGE, READ
from analyzer.with_model.reading import ReadingSetup
from analyzer.with_model.replies import ReadReply
from schemas.families import Finding
from schemas.records import Conversation


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
    name, fenced = fence("transcript", f"{told(conversation, found, hide)}{window}")
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
        f"PART {number} of {len(replies)}: {reply.model_dump_json(exclude={'findings', 'known_wrong', 'verdict'})}"
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
