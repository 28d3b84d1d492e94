"""The quote gate: each claim is held to what truly stands in the conversation; one chance to mend a quote, no more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.models import ChatModel
from analyzer.with_model.claims import findings_of
from analyzer.with_model.digest import Digest, Hide
from analyzer.with_model.fence import fence
from analyzer.with_model.pieces import Piece
from analyzer.with_model.prompts import REQUOTE
from analyzer.with_model.quotes import Quoted, find_quote
from analyzer.with_model.redact import Redactor
from analyzer.with_model.replies import Claim, RequoteReply
from analyzer.with_model.surroundings import surroundings
from schemas.families import Finding
from schemas.records import Conversation


@dataclass(frozen=True, slots=True)
class Gated:
    """What passed, and the counts of what was sent back and what stood nowhere."""

    findings: tuple[Finding, ...]
    retried: int = 0
    unquoted: int = 0


def gate(
    model: ChatModel,
    conversation: Conversation,
    made: Digest,
    claims: Sequence[Claim],
    redactor: Redactor,
    *,
    prompt_hash: str,
) -> Gated:
    """The findings of those claims whose quote stands where they say, or next to it, or after mending."""
    shown = tuple(replace(piece, calls=tuple(map(redactor.restore, piece.calls))) for piece in made.pieces)
    found = [_find(conversation, shown, claim, redactor) for claim in claims]
    lost = [number for number, quoted in enumerate(found) if quoted is None]
    if lost:
        mended = _mend(model, made, [claims[number] for number in lost])
        for number, claim in zip(lost, mended, strict=True):
            found[number] = _find(conversation, shown, claim, redactor)
    findings = [
        finding
        for claim, quoted in zip(claims, found, strict=True) if quoted is not None
        for finding in findings_of(conversation, claim, quoted, redactor, model=model.name, prompt_hash=prompt_hash)
    ]  # fmt: skip
    return Gated(tuple(findings), len(lost), found.count(None))


def _find(conversation: Conversation, shown: tuple[Piece, ...], claim: Claim, redactor: Redactor) -> Quoted | None:
    return find_quote(conversation, shown, claim.marker, redactor.restore(claim.quote))


def _mend(model: ChatModel, made: Digest, claims: Sequence[Claim]) -> list[Claim]:
    """The claims with the quotes that the model gives when told that theirs do not stand there."""
    near = surroundings(made.pieces, [_position(made.pieces, claim.marker) for claim in claims])
    listed = (f"{n}. {claim.statement}\nQUOTE, {claim.marker}: {claim.quote}" for n, claim in enumerate(claims, 1))
    name, fenced = fence("claims", "\n\n".join([f"MESSAGES\n{near}", *listed]))
    reply = model.ask(REQUOTE.system, REQUOTE.ask({"fence": name, "claims": fenced}), RequoteReply)
    anew = {one.number: one for one in reply.quotes}
    return [
        claim.model_copy(update={"marker": anew[n].marker, "quote": anew[n].quote}) if n in anew else claim
        for n, claim in enumerate(claims, 1)
    ]


def _position(pieces: Sequence[Piece], marker: str) -> int:
    """Where the marker stands; the end where there is none such."""
    named = marker.strip("[] ").split(" ")[0]
    return next((piece.position for piece in pieces if piece.marker == named), pieces[-1].position)


def hidden_quote(finding: Finding, hide: Hide) -> Finding:
    """The finding with a quote that shows no personal data; its offsets still count in the original."""
    return replace(finding, quote=hide(finding.quote))
