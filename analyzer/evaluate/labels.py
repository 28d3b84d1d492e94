"""Labels: what a person says is wrong in a conversation. One JSON object a line:

    {"conversation_id": "chat-17", "families": ["missing_capability"], "codes": ["tool_absent"], "evidence": 4}

`families` lists failure families, or is empty (or ["none"]) where nothing failed. Everything else may be left out:
`codes`; `evidence`, the index of the message that shows it, or a list of them; `source`, where the conversation comes from;
`group`, which conversations are versions of one; `known`, the families that were looked for (all, if not said). A line that
is no such object is left out and told in one sentence.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.families import CODES, FAMILIES, UNRANKED, Code, Family

FAILURES: tuple[Family, ...] = tuple(family for family in FAMILIES if family not in UNRANKED)
FAMILY_OF: dict[str, Family] = {code: family for family, codes in CODES.items() for code in codes}

_CLEAN = frozenset({"none"})
_UNDECIDED = "insufficient_evidence"


@dataclass(frozen=True, slots=True)
class Label:
    """What is true of one conversation.

    `families` are failure families; none means that nothing failed. `codes` is None where the labeller gave none.
    `evidence` are message indices from 0. `is_undecided` marks a conversation of which nobody can tell; it is not scored.
    """

    conversation_id: str
    families: frozenset[Family] = frozenset()
    codes: frozenset[Code] | None = None
    evidence: tuple[int, ...] = ()
    source: str = ""
    group: str = ""
    known: frozenset[Family] = frozenset(FAILURES)
    is_undecided: bool = False


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    conversation_id: str = Field(min_length=1)
    families: list[str]
    codes: list[str] | None = None
    evidence: int | list[int] | None = None
    source: str = ""
    group: str = ""
    known: list[str] | None = None

    @field_validator("families", "known")
    @classmethod
    def _is_known_family(cls, named: list[str] | None) -> list[str] | None:
        return _must_be_among(named, {*FAMILIES, *_CLEAN, _UNDECIDED}, "family")

    @field_validator("codes")
    @classmethod
    def _is_known_code(cls, named: list[str] | None) -> list[str] | None:
        return _must_be_among(named, set(FAMILY_OF), "code")


def _must_be_among(named: list[str] | None, allowed: set[str], what: str) -> list[str] | None:
    if unknown := sorted(set(named or ()) - allowed):
        raise ValueError(f"there is no {what} {unknown[0]!r}")
    return named


def read_labels(lines: Iterable[str]) -> tuple[list[Label], list[str]]:
    """The labels of a file, and one sentence for each line that is none; blank lines are passed over.

    A conversation that is labelled twice keeps its first label.
    """
    labels: dict[str, Label] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            label = _label(_Line.model_validate(json.loads(line)))
        except (ValueError, RecursionError) as error:
            problems.append(f"Line {number} is left out: {_reason(error)}.")
            continue
        if label.conversation_id in labels:
            problems.append(f"Line {number} is left out: {label.conversation_id} is labelled by an earlier line.")
        else:
            labels[label.conversation_id] = label
    return list(labels.values()), problems


def _label(line: _Line) -> Label:
    named = set(line.families) | {FAMILY_OF[code] for code in line.codes or ()}
    evidence = line.evidence if isinstance(line.evidence, list) else [] if line.evidence is None else [line.evidence]
    return Label(
        line.conversation_id,
        frozenset(family for family in FAILURES if family in named),
        None
        if line.codes is None
        else frozenset(code for codes in CODES.values() for code in codes if code in line.codes),
        tuple(evidence),
        line.source,
        line.group,
        frozenset(family for family in FAILURES if line.known is None or family in line.known),
        is_undecided=_UNDECIDED in named,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if where:
            return f"{where}: {first['msg'].removeprefix('Value error, ')}"
    return "it is no JSON object"
