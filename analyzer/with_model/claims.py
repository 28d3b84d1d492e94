"""From what a model claims to findings: the decision rule is code, the model only answers its two questions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analyzer.evidence import locate
from analyzer.text import shorten
from analyzer.with_model.quotes import Quoted
from analyzer.with_model.redact import Redactor
from analyzer.with_model.replies import Claim
from analyzer.with_model.tool_draft import draft_tool
from schemas.families import CODES, Code, Confidence, Family, Finding
from schemas.records import Conversation

DETECTOR = "model"
_STATEMENT_WORDS = 20
_PHRASE_CHARS = 80
_FAMILY_OF: dict[Code, Family] = {code: family for family, codes in CODES.items() for code in codes}
_UNMET: tuple[Family, ...] = ("missing_capability", "missing_inventory")
# Where the two questions overrule the code, this is all they tell.
_PLAIN: dict[Family, Code] = {"missing_capability": "tool_absent", "missing_inventory": "content_absent"}
_LOWER: dict[Confidence, Confidence] = {"high": "medium", "medium": "low", "low": "low"}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rule makes of a claim. `is_boundary`: the two questions do not settle the family."""

    family: Family
    code: Code
    confidence: Confidence
    is_boundary: bool = False


def findings_of(
    conversation: Conversation, claim: Claim, quoted: Quoted, redactor: Redactor, *, model: str, prompt_hash: str
) -> Iterator[Finding]:
    """One finding, or two where both a tool and data are missing; none where the quote does not hold in the original."""
    place = quoted.place
    claim = _cleaned(claim, redactor)
    for ruling in rule(conversation, claim):
        is_capability = ruling.family == "missing_capability"
        finding = Finding(
            ruling.family, ruling.code, _statement(claim), quoted.quote, place.source, place.trace_id, place.span_id,
            DETECTOR, ruling.confidence,
            message_index=place.message_index,
            turn=place.turn,
            is_root=claim.is_root,
            is_recovered=claim.is_recovered,
            is_boundary=ruling.is_boundary,
            subject=_phrase(f"{claim.requested_operation} {claim.requested_object}") or _statement(claim),
            requested_object=_phrase(claim.requested_object),
            requested_operation=_phrase(claim.requested_operation),
            tool_would_serve=claim.tool_would_serve if ruling.family in _UNMET else None,
            data_would_serve=claim.data_would_serve if ruling.family in _UNMET else None,
            tool_draft=draft_tool(claim) if is_capability else "",
            model=model,
            prompt_hash=prompt_hash,
        )  # fmt: skip
        if (located := locate(conversation, finding)) is not None:
            yield located


def _cleaned(claim: Claim, redactor: Redactor) -> Claim:
    """The claim's own words without personal data, which it was told to leave out but may not have."""
    names = ("statement", "requested_object", "requested_operation")
    arguments = [a.model_copy(update={"example": redactor.clean(a.example)}) for a in claim.tool_arguments]
    words = {name: redactor.clean(getattr(claim, name)) for name in names}
    return claim.model_copy(update=words | {"tool_arguments": arguments})


def rule(conversation: Conversation, claim: Claim) -> tuple[Ruling, ...]:
    """Family and code by the decision rule; the code the model chose is only its opinion.

    Of an unmet request the two answers decide: (yes, no) capability, (no, yes) inventory, (no, no) both, each marked
    as boundary; (yes, yes) leaves the code, marked too. A refusal is false only if there was a tool to use.
    """
    family, code = _FAMILY_OF[claim.code], claim.code
    if code == "false_refusal" and conversation.tools_offered == ():
        family, code = "missing_capability", "tool_absent"
    if family not in _UNMET:
        return (Ruling(family, code, claim.confidence),)
    match claim.tool_would_serve, claim.data_would_serve:
        case True, False:
            return (_ruling("missing_capability", family, code, claim),)
        case False, True:
            return (_ruling("missing_inventory", family, code, claim),)
        case False, False:
            both = (_ruling(each, family, code, claim) for each in _UNMET)
            return tuple(replace(ruling, is_boundary=True) for ruling in both)
        case _:
            return (Ruling(family, code, claim.confidence, is_boundary=True),)


def _ruling(decided: Family, said: Family, code: Code, claim: Claim) -> Ruling:
    """The family that the answers decide; a code of another family gives way to a plain one, with less confidence."""
    if decided == said:
        return Ruling(said, code, claim.confidence)
    return Ruling(decided, _PLAIN[decided], _LOWER[claim.confidence], is_boundary=True)


def _statement(claim: Claim) -> str:
    return " ".join(claim.statement.split()[:_STATEMENT_WORDS]).rstrip(".")


def _phrase(text: str) -> str:
    return shorten(text.strip(" .\"'").lower(), _PHRASE_CHARS)
