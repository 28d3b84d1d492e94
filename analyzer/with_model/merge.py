"""Findings of detectors and of a model, told once.

What detectors find of themselves is of two kinds. Facts need no judgement: a call failed, a call was repeated, a tool
was called that was not offered. Suspicions rest on words: "cannot", "not found", an empty list. Facts stay whatever a
model says, but those read out of a result's words, which it may contest (see `known`). Of a suspicion that the model shares, the model's words are kept; the others are put to the verifier.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer.text import stems
from schemas.families import UNRANKED, Finding

_NEAR = 2  # messages
_FACT_CODES = frozenset({"loop", "wrong_tool"})
_SAME_WISH = 0.4  # Jaccard of word stems


@dataclass(frozen=True, slots=True)
class Merged:
    """`facts` of detectors, `claimed` by the model, `suspected` by detectors alone; `repeated` claims are told already."""

    facts: tuple[Finding, ...]
    claimed: tuple[Finding, ...]
    suspected: tuple[Finding, ...]
    repeated: int


def merge(found: Sequence[Finding], claimed: Iterable[Finding], contested: Sequence[Finding] = ()) -> Merged:
    """Sort the findings of one conversation; order within each part is as given.

    What the model contests is no fact but one more suspicion, whatever else the model claims there.
    """
    facts = [finding for finding in found if is_fact(finding) and finding not in contested]
    new: list[Finding] = []
    repeated = 0
    for claim in claimed:
        if any(_is_told(claim, fact) for fact in facts) or any(_is_same_claim(claim, other) for other in new):
            repeated += 1
        else:
            new.append(claim)
    suspected = [
        suspicion for suspicion in found
        if suspicion in contested
        or (not is_fact(suspicion) and suspicion.is_root and suspicion.family not in UNRANKED
            and not any(_is_shared(suspicion, claim) for claim in new))
    ]  # fmt: skip
    return Merged(tuple(facts), tuple(new), tuple(suspected), repeated)


def together(found: Sequence[Finding], merged: Merged, verified: Sequence[Finding]) -> tuple[Finding, ...]:
    """All findings that stand, in the order of the conversation as far as messages tell it.

    A rule's refusal stays unless the model judged it. What a detector saw as a consequence is left out: that the user was
    told of a failure is no failure of its own, and what it came to is in the model's summary.
    """
    refusals = (
        finding for finding in found
        if finding.family in UNRANKED and not any(_is_shared(finding, claim) for claim in merged.claimed)
    )  # fmt: skip
    kept = [*(fact for fact in merged.facts if fact.is_root), *verified, *refusals]
    return tuple(sorted(kept, key=lambda finding: (finding.turn, max(finding.message_index, 0))))


def is_fact(finding: Finding) -> bool:
    """Whether a detector's finding needs no judgement."""
    return finding.family == "technical_error" or finding.code in _FACT_CODES


def _is_told(claim: Finding, fact: Finding) -> bool:
    """Whether a claim says again what a detector has already: the same failure at about the same place."""
    if claim.family != fact.family or (claim.family != "technical_error" and claim.code != fact.code):
        return False
    return _are_near(claim, fact) or claim.quote in fact.quote or fact.quote in claim.quote


def _is_same_claim(claim: Finding, other: Finding) -> bool:
    if (claim.family, claim.code) != (other.family, other.code):
        return False
    return claim.quote == other.quote or _is_same_wish(claim, other)


def _is_shared(suspicion: Finding, claim: Finding) -> bool:
    """Whether the model told of what a detector suspects, in whichever family: the model has judged it then."""
    is_near = _are_near(suspicion, claim) or claim.quote in suspicion.quote or suspicion.quote in claim.quote
    is_of_turn = suspicion.family == claim.family and suspicion.turn == claim.turn
    return is_near or is_of_turn or (suspicion.family, suspicion.code) == (claim.family, claim.code)


def _are_near(one: Finding, other: Finding) -> bool:
    if one.message_index >= 0 and other.message_index >= 0:
        return abs(one.message_index - other.message_index) <= _NEAR
    return (one.trace_id, one.span_id) == (other.trace_id, other.span_id) != ("", "")


def _is_same_wish(one: Finding, other: Finding) -> bool:
    a, b = stems(one.subject), stems(other.subject)
    return one.subject == other.subject or (bool(a | b) and len(a & b) / len(a | b) >= _SAME_WISH)
