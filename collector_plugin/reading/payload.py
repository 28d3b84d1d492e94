"""Read the text that an attribute value holds: JSON, cut JSON, JSON in JSON, or a Python literal."""

import ast
import re
from typing import Any

import orjson

from collector_plugin.otlp.cut import without_word

TAIL_CHARS = 256  # what a cut leaves unfinished is looked for here: searching all of a text takes its length squared
MAX_LITERAL_CHARS = 262_144  # ast.literal_eval builds a tree many times the size of the text
_STARTS_JSON = frozenset('[{"-0123456789tfn')
_WORDS = {"true": True, "false": False, "null": None}
_STARTS_WORD = frozenset("tfn")
_SPACE = " \t\n\r"
_CLOSERS = {"{": "}", "[": "]"}


def parse(text: str | None) -> Any:  # whatever JSON value the text holds
    """Return the value that `text` spells as JSON, or None where it is no JSON. Never raises."""
    first = text.lstrip()[:1] if text else ""
    if first not in _STARTS_JSON or not text:
        return None
    if first in _STARTS_WORD:  # prose begins so, too, and to be refused by orjson takes long
        return _WORDS.get(text.strip(_SPACE))
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def parse_loosely(text: str | None) -> Any:  # whatever value could be read
    """Return what `text` spells as JSON, as JSON that was cut off, or as a Python literal; None where it is neither."""
    if not text:
        return None
    value = parse(text)
    if value is None and text.lstrip()[:1] in ("{", "["):
        value = parse_literal(text)
        value = parse_cut(without_word(text)) if value is None else value
    return value


def parse_cut(text: str) -> Any:  # the value with what was complete
    """Return what is complete of JSON text that an attribute length limit has cut; None where nothing is.

    A string that the cut went through is kept up to the cut; a key without a value is dropped.
    """
    closers, in_string, escaped = [], False, False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in _CLOSERS:
            closers.append(_CLOSERS[character])
        elif character in "}]" and (not closers or closers.pop() != character):
            return None
    if not closers:
        return None
    return _close(text, "".join(reversed(closers)), in_string)


def _close(text: str, closers: str, in_string: bool) -> Any:  # the repaired value
    # The cut may have gone through an escape; a surrogate pair's is the longest, so at most eleven characters are lost.
    lost = range(min(12, len(text))) if in_string else range(1)
    heads = [text[: len(text) - count] + ('"' if in_string else "") for count in lost]
    for pattern in _UNFINISHED:
        for head in heads:
            value = parse(head[:-TAIL_CHARS] + re.sub(pattern, "", head[-TAIL_CHARS:], count=1) + closers)
            if value is not None:
                return value
    return None


# What may stand unfinished before the closing brackets: nothing, a comma, a key, a key with half a word, half a word.
_KEY = r',?\s*"(?:[^"\\]|\\.)*"\s*'
_UNFINISHED = (r"$", r",\s*$", _KEY + r":?\s*$", _KEY + r":\s*[\w.+-]+$", r"[\w.+-]+$")


def parse_literal(text: str) -> Any:  # dict, list, str, number
    """Return the Python literal (dict, list, tuple, string, number) that `text` is the repr() of, or None.

    A tuple becomes a list, and what a dict has for keys becomes text, as in JSON.
    """
    if len(text) > MAX_LITERAL_CHARS:
        return None
    try:
        return _as_in_json(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _as_in_json(value: Any) -> Any:  # any literal
    match value:
        case dict():
            return {key if isinstance(key, str) else str(key): _as_in_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_as_in_json(item) for item in value]
    return value


def as_json(value: Any) -> str:  # any JSON-like value
    """Return `value` as compact JSON with sorted keys; what JSON cannot hold becomes its text."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str).decode()
    except (TypeError, ValueError, RecursionError):  # orjson.JSONEncodeError is a TypeError: lone surrogates, huge ints
        return orjson.dumps(str(value).encode(errors="replace").decode()).decode()


def as_dict(value: Any) -> dict[str, Any]:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return `value` if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def as_str(value: Any) -> str:
    """Return `value` if it is text; empty for null; anything else as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else as_json(value)
