"""Which tools look something up, which act, and when a result holds nothing."""

import re
from typing import Any

from analyzer.language import word_set
from analyzer.lexicon import NOT_FOUND
from analyzer.technical.unwrap import parse, read_failure
from analyzer.text import words

_ACTIONS = word_set(
    "create add book reserve update modify change edit set delete remove cancel send email post put patch write "
    "save submit place order buy purchase pay charge refund transfer escalate notify schedule reschedule assign "
    "close open start stop execute run upload insert issue upgrade enable disable register sign approve reject "
    "move rename think plan calculate compute finish terminate wait sleep log track"
)
_LOOKUPS = word_set(
    "get find search list lookup look query fetch retrieve read check show view browse describe count select load "
    "scan verify validate details status info suche finde buscar consultar obtener chercher rechercher knowledge "
    "kb docs documents wiki catalog catalogue faq rag"
)
_COUNT_KEYS = word_set(
    "count total total_count totalcount total_results totalresults num_results numresults result_count hits "
    "matches found numfound size length n_results number_of_results total_hits totalitems total_items rowcount "
    "row_count rows"
)
_LIST_KEYS = word_set(
    "results result items data documents docs records rows entries matches hits value values list content "
    "response products orders users customers flights events articles files messages entry output candidates "
    "options search_results passages chunks"
)
# Lists that are empty where all went well.
_FAULTS = word_set("error errors warning warnings failed failures skipped missing invalid conflicts issues violations")
# Texts about the machinery: "endpoint not found" is a broken integration, not a gap in the data.
_MACHINERY = re.compile(
    r"\b(?:endpoint|route|url|method|operation|function|tool|module|package|library|command|host|server|table|column"
    r"|attribute|argument|parameter|service|api|code|page|payment method|resource type)\b[^.!?]{0,60}"
    r"(?:not found|does(?: not|n't) exist|unknown)|no such file|no module|not found for url|name .{1,40} is not defined",
    re.IGNORECASE,
)
# Characters; a longer text that says "not found" somewhere found something. A quarter for tools that name no lookup.
_MISS_LENGTH = 600


def is_action(name: str) -> bool:
    """Whether a tool changes something, or computes without looking anything up, by the words of its name."""
    named = words(name)
    return bool(named) and not _first_is_lookup(named) and any(word in _ACTIONS for word in named)


def is_lookup(name: str) -> bool:
    """Whether a tool looks something up, by the words of its name."""
    named = words(name)
    return _first_is_lookup(named) or (
        not any(word in _ACTIONS for word in named) and any(w in _LOOKUPS for w in named)
    )


def _first_is_lookup(named: list[str]) -> bool:
    verb = next((word for word in named if word in _LOOKUPS or word in _ACTIONS), "")
    return verb in _LOOKUPS


def empty_part(name: str, result: str | None) -> str | None:
    """The part of a lookup's result that shows it found nothing, verbatim; None where it found something or cannot tell.

    An empty text counts only for a tool that by its name looks things up: others have nothing to say.
    """
    if result is None:
        return None
    stripped = result.strip()
    if is_action(name):
        return stripped[:300] if _names_nothing(parse(stripped)) else missing_part(name, result)
    if not stripped:
        return "" if is_lookup(name) else None
    value = parse(stripped)
    if _is_empty(value, 0) and not read_failure(stripped):
        return stripped[:300]
    return missing_part(name, result)


def missing_part(name: str, result: str) -> str | None:
    """The part of a lookup's result that says in words that the thing is not there; None where none does."""
    stripped = result.strip()
    limit = _MISS_LENGTH if is_lookup(name) else _MISS_LENGTH // 4
    if len(stripped) > limit or _MACHINERY.search(stripped):
        return None
    failure = read_failure(stripped)
    if is_action(name) and not failure:  # what it says of its deed is no search
        return None
    message = failure.message if failure else stripped
    if NOT_FOUND.search(message) and not (failure and failure.http_status not in (0, 404)):
        return failure.quote if failure else stripped[:300]
    return None


def _names_nothing(value: Any) -> bool:
    """Whether an object holds an empty list of things, and beside it nothing but counts of zero."""
    if not isinstance(value, dict):
        return False
    things = {word for key, inner in value.items() if inner == [] for word in words(str(key))[-1:]}
    return bool(things) and not _FAULTS & things and all(inner in ([], 0, None) for inner in value.values())


def _is_empty(value: Any, depth: int) -> bool:  # Any: what a stranger's tool answers can be anything
    if value is None or value == [] or value == {}:
        return True
    if isinstance(value, str):
        inner = parse(value) if depth < 4 else value
        return value.strip().lower() in ("", "none", "null") or (inner is not value and _is_empty(inner, depth + 1))
    if isinstance(value, list):
        return all(item in (None, [], {}, "") for item in value)
    if isinstance(value, dict):
        return _is_empty_object(value, depth)
    return False


def _is_empty_object(value: dict[Any, Any], depth: int) -> bool:
    named = {re.sub(r"[^a-z_]", "", str(key).lower()): inner for key, inner in value.items()}
    counts = [inner for key, inner in named.items() if key in _COUNT_KEYS and isinstance(inner, int)]
    if counts and not isinstance(counts[0], bool):
        return max(counts) == 0
    if _names_nothing(value):
        return True
    held = [inner for key, inner in named.items() if key in _LIST_KEYS and isinstance(inner, list | dict | str | None)]
    return bool(held) and depth < 4 and all(_is_empty(inner, depth + 1) for inner in held)
