"""Does a tool that was offered cover what the agent refused? The question that tells a missing tool from a false refusal.

Words are compared, not meanings, so the answer leans to "no tool covers it" unless a tool names both the deed and
every object of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analyzer.language import word_set
from analyzer.lookups import is_lookup
from analyzer.text import content_words, stem, stems, words
from schemas.records import ToolDefinition

_DEEDS = {
    "read": "get find search list look lookup query fetch retrieve read check show view see access browse describe tell "
    "know provide share display determine identify verify locate",
    "create": "create add book make schedule reserve order place open register set buy purchase new submit issue post "
    "generate write record file arrange",
    "change": "update modify change edit reschedule move rename upgrade downgrade switch adjust replace correct swap",
    "remove": "cancel delete remove close stop revoke unsubscribe terminate waive",
    "send": "send email message notify text sms mail forward contact call remind",
    "pay": "refund pay charge reimburse compensate credit transfer",
    "compute": "calculate convert compute translate summarize compare analyze sum count estimate",
    "play": "play stream transcribe listen watch open download upload print export import",
}
_DEED_OF = {stem(verb): deed for deed, listed in _DEEDS.items() for verb in listed.split()}
_PERSONS = word_set("user users customer customers account accounts profile member client patient")
_FULL_COVER = 0.99  # share of the objects that the tool must name
_PART_COVER = 0.5

Cover = Literal["covered", "near", "other_deed", "none"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the offered tools go: `covered` by `tool`; `near`: a tool does so to part of what was named;
    `other_deed`: a tool handles the object, but not so; `none`."""

    cover: Cover
    tool: str = ""


def coverage(tools: Sequence[ToolDefinition], wish: str) -> Coverage:
    """Compare a wish such as "cancel my subscription" with the tools offered.

    Returns `none` for no tools and for a wish without an object.
    """
    deed, objects = _split(wish)
    best = Coverage("none")
    if not objects:
        return best
    for tool in tools:
        named, described = stems_of_name(tool.name), stems(tool.description) | stems(tool.parameters)
        share = len(objects & (named | described)) / len(objects)
        tool_deeds = {_DEED_OF[word] for word in named if word in _DEED_OF} or {
            _DEED_OF[word] for word in stems(tool.description.split(".")[0]) if word in _DEED_OF
        }
        is_same_deed = deed in tool_deeds
        # The objects must be the tool's own, not words of its small print.
        is_its_own = len(objects & named) / len(objects) >= _PART_COVER
        if share >= _FULL_COVER and is_same_deed and is_its_own:
            return Coverage("covered", tool.name)
        if is_same_deed and objects & named:
            best = Coverage("near", tool.name)
        elif share >= _PART_COVER and objects & named and best.cover == "none":
            best = Coverage("other_deed", tool.name)
    return best


def is_visible(wish: str, results: Sequence[str]) -> bool:
    """Whether what the agent says it cannot see or tell is named in a result it was given."""
    deed, objects = _split(wish)
    if not objects or deed != "read":
        return False
    return any(objects <= stems(result[:20_000]) | stems_of_name(result[:20_000]) for result in results)


def holds_own_records(tools: Sequence[ToolDefinition]) -> bool:
    """Whether a tool looks up the person who asks: a user, customer or account."""
    return any(is_lookup(tool.name) and set(words(tool.name)) & _PERSONS for tool in tools)


def is_question(wish: str) -> bool:
    """Whether a wish is to be told something, rather than to have something done."""
    return _split(wish)[0] in ("read", "")


def is_deed(wish: str) -> bool:
    """Whether a wish is to have something done to something that it names."""
    deed, objects = _split(wish)
    return deed not in ("read", "") and bool(objects)


def stems_of_name(name: str) -> set[str]:
    """Stems of the words of an identifier."""
    return {stem(word) for word in words(name) if len(word) > 1 and word.isalpha()}


def _split(wish: str) -> tuple[str, set[str]]:
    """The deed that a wish starts with, and the stems of its objects; a later verb of the list is an object."""
    leading = next((stem(word) for word in words(wish) if stem(word) in _DEED_OF), "")
    return _DEED_OF.get(leading, ""), {stem(word) for word in content_words(wish)} - {leading}
