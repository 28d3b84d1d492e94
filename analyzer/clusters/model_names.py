"""Names by a model: first each group against its nearest outsiders, then all siblings together so that names differ.

A name that a check finds wanting (too long, personal, the same as a sibling's) is replaced by the one made of
distinguishing terms, and so is every name when the model fails: there is always a name, and `by` says whose it is.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from analyzer.models import ChatModel, prompt_hash
from analyzer.prompt import Prompt, load_prompt
from analyzer.text import stems, words
from schemas.clusters import Kind
from schemas.errors import ModelAnswerInvalid, ModelUnreachable

NAMES, SIBLINGS = (load_prompt(Path(__file__).with_name(f"{name}.txt")) for name in ("names", "siblings"))
NAME_LENGTH = 80  # characters
_GROUPS_A_QUESTION = 12
_SIBLINGS_A_QUESTION = 60
_TEXT_LENGTH = 200  # characters shown of one member
_KINDS: dict[Kind, str] = {
    "findings": "failures of the agent that mean the same",
    "intents": "requests that want the same",
}
_PERSONAL = re.compile(r"@|https?:|www\.|\d{3,}|[A-Z]{2,}\d|\d[A-Z]{2,}|#\d")


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A group before it has a name: `members` near the middle and far from each other, `outsiders` nearest to it.

    `fallback` is the name made of distinguishing `terms`. `vocabulary` are the stems that at least two of the members'
    owners use: a word outside it may tell about one person.
    """

    members: tuple[str, ...]
    outsiders: tuple[str, ...]
    fallback: str
    terms: tuple[str, ...] = ()
    vocabulary: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Name:
    """A name, and who gave it: `terms` or a model. `prompt_hash` is empty for terms."""

    text: str
    by: str = "terms"
    prompt_hash: str = ""


class NameOfGroup(BaseModel):
    """The name of one group."""

    model_config = ConfigDict(extra="forbid")

    group: int
    name: str = Field(description="three to eight words, or empty if the members have nothing in common")


class NamesOfGroups(BaseModel):
    """What the model answers to both questions."""

    model_config = ConfigDict(extra="forbid")

    names: list[NameOfGroup]


def name_groups(
    model: ChatModel | None, kind: Kind, groups: Sequence[Unnamed], taken: Iterable[str] = ()
) -> list[Name]:
    """Return a name for each group, in their order; no two are equal, and none is one of those taken.

    Whatever the model raises beyond failing to answer (an answer still pending, a spent budget) goes to the caller.
    """
    fallbacks = [Name(group.fallback) for group in groups]
    if model is None or not groups:
        return _distinct(fallbacks, groups, taken)
    try:
        named = _proposed(model, kind, groups, fallbacks)
        named = _told_apart(model, kind, groups, named)
    except (ModelUnreachable, ModelAnswerInvalid):
        return _distinct(fallbacks, groups, taken)
    return _distinct(named, groups, taken)


def is_presentable(name: str, group: Unnamed) -> bool:
    """Whether a model's name may be shown: short, and without what may tell about one person.

    A capitalised word within the name, or one with digits, must be used by at least two of the group's owners.
    """
    if not name or len(name) > NAME_LENGTH or _PERSONAL.search(name):
        return False
    suspects = [word for word in name.split()[1:] if word[:1].isupper() and not word.isupper()]
    return all(stems(word) <= group.vocabulary for word in suspects)


def _proposed(model: ChatModel, kind: Kind, groups: Sequence[Unnamed], fallbacks: Sequence[Name]) -> list[Name]:
    named = list(fallbacks)
    for start in range(0, len(groups), _GROUPS_A_QUESTION):
        part = groups[start : start + _GROUPS_A_QUESTION]
        shown = [
            {"group": number, "members": _cut(group.members), "outsiders": _cut(group.outsiders)}
            for number, group in enumerate(part, start=1)
        ]
        for number, name in _ask(model, NAMES, kind, shown):
            if 1 <= number <= len(part) and is_presentable(name.text, part[number - 1]):
                named[start + number - 1] = name
    return named


def _told_apart(model: ChatModel, kind: Kind, groups: Sequence[Unnamed], named: Sequence[Name]) -> list[Name]:
    """Show names with their siblings; in several questions if need be, those that share words in one."""
    result = list(named)
    order = sorted(range(len(groups)), key=lambda i: (sorted(stems(named[i].text)), i))
    for start in range(0, len(order), _SIBLINGS_A_QUESTION):
        part = order[start : start + _SIBLINGS_A_QUESTION]
        if len(part) < 2:
            continue
        shown = [
            {"group": number, "name": named[i].text, "terms": list(groups[i].terms)}
            for number, i in enumerate(part, start=1)
        ]
        for number, name in _ask(model, SIBLINGS, kind, shown):
            if 1 <= number <= len(part) and is_presentable(name.text, groups[part[number - 1]]):
                i = part[number - 1]
                result[i] = name if name.text != named[i].text else named[i]
    return result


def _ask(model: ChatModel, prompt: Prompt, kind: Kind, shown: Sequence[object]) -> Iterable[tuple[int, Name]]:
    text = json.dumps(shown, ensure_ascii=False, indent=1)
    # A tag that depends on what it encloses cannot be closed by text written before it was known.
    parts = {"kind": _KINDS[kind], "fence": f"groups-{prompt_hash(text)}", "groups": text}
    answer = model.ask(prompt.system, prompt.ask(parts), NamesOfGroups)
    for one in answer.names:
        yield one.group, Name(" ".join(one.name.split()).rstrip("."), model.name, prompt.hash(NamesOfGroups))


def _cut(texts: Sequence[str]) -> list[str]:
    return [text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 1] + "…" for text in texts]


def _distinct(names: Sequence[Name], groups: Sequence[Unnamed], others: Iterable[str]) -> list[Name]:
    """Make equal names different: by a term that only one of them has, else by a number."""
    result: list[Name] = []
    taken = Counter(other.casefold() for other in others)
    for name, group in zip(names, groups, strict=True):
        key = name.text.casefold()
        if key and taken[key]:
            told = next((t for t in group.terms if t not in words(name.text) and not taken[f"{key} ({t})"]), "")
            name = replace(name, text=f"{name.text} ({told or taken[key] + 1})")
        taken[key] += 1
        taken[name.text.casefold()] += name.text.casefold() != key
        result.append(name)
    return result
