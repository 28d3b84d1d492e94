"""The questions that a team asks of every conversation, read from its TOML file.

[[facet]]
name = "upgrade_offered"
question = "Did the agent offer an upgrade?"
type = "bool"                       # bool, choice, number or text

[[facet]]
name = "channel"
question = "Where did the user come from?"
type = "choice"
choices = ["web", "app", "phone"]
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analyzer.facets.answers import FacetType
from schemas.errors import SettingsError

_FACET_LIMIT = 40  # more questions than this in one prompt are answered badly
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class FacetDefinition:
    """A question with the type of its answer. `choices` are given for a choice alone."""

    name: str
    question: str
    type: FacetType
    choices: tuple[str, ...] = ()


class _Entry(BaseModel):
    """One [[facet]] of the file."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
    question: Annotated[str, Field(min_length=3, max_length=500)]
    type: Literal["bool", "choice", "number", "text"]
    choices: list[Annotated[str, Field(min_length=1, max_length=60)]] = []

    @model_validator(mode="after")
    def _has_choices(self) -> "_Entry":
        if (self.type == "choice") != (len(set(self.choices)) >= 2):
            raise ValueError("a choice, and nothing else, has at least two different `choices`")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    facet: Annotated[list[_Entry], Field(max_length=_FACET_LIMIT)] = []


def read_definitions(path: Path, *, reserved: frozenset[str] = frozenset()) -> tuple[FacetDefinition, ...]:
    """The facets of a file, in its order.

    Raises:
        SettingsError: the file cannot be read, or a facet cannot be asked; the message names it and says why.
    """
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).facet
    except OSError as error:
        raise SettingsError(f"The facets file {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The facets file {path} cannot be read: {error}.") from error
    except ValidationError as error:
        mistakes = "; ".join(_mistake(one["loc"], one["type"], one["msg"]) for one in error.errors())
        raise SettingsError(f"The facets file {path} has mistakes: {mistakes}.") from None
    names = [entry.name for entry in entries]
    if taken := sorted({name for name in names if names.count(name) > 1 or name in reserved}):
        raise SettingsError(f"The facets file {path} names {taken[0]} twice, or it is a name of momus' own.")
    return tuple(FacetDefinition(e.name, e.question, e.type, tuple(e.choices)) for e in entries)


def _mistake(place: tuple[int | str, ...], kind: str, why: str) -> str:
    """One mistake as a person counts and reads: the second facet's name, and what a name is rather than a pattern."""
    parts = [f"facet {part + 1}" if isinstance(part, int) else part for part in place if part != "facet"]
    told = (
        "small letters, digits and _, beginning with a letter, at most 40" if kind == "string_pattern_mismatch" else why
    )
    return f"{', '.join(parts) or 'the file'}: {told}"
