"""A second question, asked by a sceptic: does the place that a finding rests on bear it out?

It is shown the claim, the quote, a few messages around it, the tools, the rules that concern the claims and the list of
all calls, since a claim may say that something was never done; and nothing of the first question or answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.models import ChatModel
from analyzer.with_model.background import tool_list
from analyzer.with_model.digest import Hide, shorten_middle
from analyzer.with_model.fence import fence
from analyzer.with_model.instructions import instructions
from analyzer.with_model.pieces import Piece, call_line
from analyzer.with_model.places import marker_of, position_of
from analyzer.with_model.prompts import VERIFY
from analyzer.with_model.replies import VerifyReply
from analyzer.with_model.surroundings import surroundings
from schemas.families import Finding
from schemas.records import Conversation

_CALL_CHARS = 80  # of a call in the list of all
_CALLS_LISTED = 25  # calls from the beginning and as many from the end


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
    listed = [
        f"CLAIM {number} ({finding.family}, {finding.code}): {finding.statement}\n"
        f"QUOTE, {marker_of(conversation, finding)}: {hide(finding.quote)}"
        for number, finding in enumerate(findings, 1)
    ]
    near = surroundings(pieces, [position_of(conversation, finding) for finding in findings])
    rules = instructions(conversation, [text for f in findings for text in (f.statement, f.subject, f.quote)])
    parts = {
        "TOOLS OFFERED TO THE AGENT": hide(tool_list(conversation)),
        "INSTRUCTIONS OF THE AGENT": hide(rules),
        "ALL CALLS, in order": _all_calls(conversation, hide),
        "PARTS OF THE TRANSCRIPT": near,
    }
    return "\n\n".join([*(f"{title}\n{text}" for title, text in parts.items() if text), *listed])


def _all_calls(conversation: Conversation, hide: Hide) -> str:
    """Every call, one a line and in few characters; of very many the first and the last."""
    calls = [
        f"{f'm{call.message_index}' if call.message_index >= 0 else f'c{number}'} "
        + shorten_middle(" ".join(hide(call_line(call)).split()), _CALL_CHARS)
        for number, call in enumerate(conversation.tool_calls)
    ]
    if len(calls) > 2 * _CALLS_LISTED:
        left_out = f"(... {len(calls) - 2 * _CALLS_LISTED} more)"
        calls = [*calls[:_CALLS_LISTED], left_out, *calls[-_CALLS_LISTED:]]
    return "\n".join(calls)
