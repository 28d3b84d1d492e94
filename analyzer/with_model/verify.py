"""A second question, asked by a sceptic: does the place that a finding rests on bear it out?

It is shown the claim, the quote, a few messages around it and the tools, and nothing of the first question or answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.models import ChatModel
from analyzer.with_model.background import tool_list
from analyzer.with_model.digest import Hide, show
from analyzer.with_model.fence import fence
from analyzer.with_model.pieces import Piece
from analyzer.with_model.prompts import VERIFY
from analyzer.with_model.replies import VerifyReply
from schemas.families import Finding
from schemas.records import Conversation

_BEFORE, _AFTER = 3, 2  # pieces of the digest around the one with the quote


@dataclass(frozen=True, slots=True)
class Verified:
    """Findings that stand, those of detectors among them; and how many of each were contradicted."""

    findings: tuple[Finding, ...]
    claims_contradicted: int = 0
    detectors_contradicted: int = 0


def verify(
    model: ChatModel, conversation: Conversation, pieces: Sequence[Piece], findings: Sequence[Finding], hide: Hide
) -> Verified:
    """Ask about all findings at once; a contradicted one is dropped, an unclear one has low confidence.

    A finding that the answer leaves out counts as unclear. Nothing is asked where there is nothing to ask about.
    """
    if not findings:
        return Verified(())
    name, fenced = fence("claims", _claims(conversation, pieces, findings, hide))
    reply = model.ask(VERIFY.system, VERIFY.ask({"fence": name, "claims": fenced}), VerifyReply)
    verdicts = {one.number: one.verdict for one in reply.verdicts}
    kept, contradicted = [], []
    for number, finding in enumerate(findings, 1):
        match verdicts.get(number, "unclear"):
            case "supported":
                kept.append(replace(finding, verdict="supported"))
            case "contradicted":
                contradicted.append(finding)
            case _:
                kept.append(replace(finding, verdict="unclear", confidence="low"))
    of_model = sum(bool(finding.model) for finding in contradicted)
    return Verified(tuple(kept), of_model, len(contradicted) - of_model)


def _claims(conversation: Conversation, pieces: Sequence[Piece], findings: Sequence[Finding], hide: Hide) -> str:
    parts = [f"TOOLS OFFERED TO THE AGENT\n{hide(tool_list(conversation))}"]
    for number, finding in enumerate(findings, 1):
        kind = f"{finding.family}, {finding.code}"
        parts.append(
            f"CLAIM {number}. {finding.statement} (kind: {kind})\nQUOTE: {hide(finding.quote)}\n"
            f"SURROUNDINGS:\n{show(around(pieces, _position(conversation, finding)))}"
        )
    return "\n\n".join(parts)


def around(pieces: Sequence[Piece], position: int) -> Sequence[Piece]:
    """The pieces about a position, and what the user had asked before it."""
    at = max((n for n, piece in enumerate(pieces) if piece.position <= position), default=0)
    start = max(0, at - _BEFORE)
    asked = [piece for piece in pieces[:start] if piece.head.startswith("user")][-1:]
    return [*asked, *pieces[start : at + _AFTER + 1]]


def _position(conversation: Conversation, finding: Finding) -> int:
    """Where a finding stands among the messages."""
    if finding.message_index >= 0:
        return finding.message_index
    spot = (finding.trace_id, finding.span_id)
    told = [m.index for m in conversation.messages if (m.trace_id, m.span_id) == spot or m.turn == finding.turn]
    return told[0] if told else 0
