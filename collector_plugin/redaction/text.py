"""Take out of one text what the rules name: out of plain text, and out of JSON at any depth, which stays JSON.

JSON is read, changed and written again, since a match in its raw text could run over the end of a string, miss what is
escaped, or leave a bare word where a number was. Text that is only nearly JSON, because it was cut or is Python's repr(),
becomes JSON if something is taken out of it. Of a key that an object repeats only the last value is seen, and if anything
else in the text is taken out, kept.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from collector_plugin.reading.payload import parse, parse_loosely
from collector_plugin.redaction.rules import KEY_MARK, Compiled, Rules
from schemas.as_json import as_json

MARK = "[redacted]"
MAX_DEPTH = 64
TOO_DEEP = "[redacted:depth]"
_LEAST_NUMBER = 10_000_000  # no pattern of ours finds anything in fewer digits
# What libraries and model vendors number calls and answers with: no person's data, and what joins a call to its result.
_ID_KEY = re.compile(r"(?:.*[._])?id|.*Id", re.DOTALL)
_GENERATED_ID = re.compile(
    r"(?:call|fc|ctc|toolu|tooluse|tool|chatcmpl|cmpl|gen|msg|resp|req|run|rs|item|thread|sess|conv|lc|mcp|ws|ci)[-_][\w-]{6,80}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,64}"
)

NO_IDS: frozenset[str] = frozenset()


class Redaction:
    """Takes out of one span's or log record's texts; `hits` counts what was, by the name of the rule."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.hits: Counter[str] = Counter()
        self._hit_count = 0

    def named(self, key: str, value: str, *, ids: frozenset[str] = NO_IDS, inner_ids: frozenset[str] = NO_IDS) -> str:
        """Return the text of a key without what must go.

        Keys in `ids` name a conversation, session or user; so do those in `inner_ids` if the text is a JSON object.
        """
        rules = self._rules
        if rules.drops(key):
            return self._dropped(key, value, ids)
        if key in ids:
            return self.plain(value, is_id=True) if rules.is_pseudonymous else value
        if _ID_KEY.fullmatch(key) and _GENERATED_ID.fullmatch(value):
            return value
        return self._structured(value, 0, inner_ids) if inner_ids else self.text(value)

    def drops(self, key: str) -> bool:
        """Tell whether a value goes because of its key, and count it."""
        is_dropped = self._rules.drops(key)
        if is_dropped:
            self._count(KEY_MARK)
        return is_dropped

    def text(self, text: str, depth: int = 0) -> str:
        """Return the text, JSON or not, without what must go."""
        head = text.lstrip()[:1]
        if head and head in '{["':
            return self._structured(text, depth)
        return self.plain(text)

    def plain(self, text: str, *, is_id: bool = False) -> str:
        """Return the text, taken as it stands, without what the patterns find."""
        raw = text.encode("utf-8", "replace")
        if not self._rules.may_find(raw):
            return text
        before = self._hit_count
        for pattern in self._rules.patterns:
            raw = self._without(pattern, raw, is_id)
        return raw.decode("utf-8", "replace") if self._hit_count > before else text

    def key(self, key: str) -> str:
        """Return a key without what the patterns find; objects are keyed by email addresses, too."""
        return key if self._rules.is_plain_key(key) else self.plain(key)

    def value(self, value: Any, key: str = "", *, depth: int = 0, ids: frozenset[str] = NO_IDS) -> Any:
        """Return a JSON value without what must go; `key` is what it stands under."""
        if depth > MAX_DEPTH:
            self._count("depth")
            return TOO_DEEP
        match value:
            case str():
                if key in ids or _ID_KEY.fullmatch(key):
                    return self.named(key, value, ids=ids)
                return self.text(value, depth)
            case bool() | None | float():
                return value
            case int():
                return self.number(value)
            case dict():
                return self._object(value.items(), depth, ids)
            case list() | tuple() | set():
                return [self.value(item, key, depth=depth + 1, ids=ids) for item in value]
        return self.text(str(value), depth)

    def number(self, value: int) -> int | str:
        """Return the number, or a text in its place where a pattern finds something in its digits."""
        if abs(value) < _LEAST_NUMBER:
            return value
        digits = str(value)
        left = self.plain(digits)
        return value if left == digits else left

    def _object(self, items: Iterable[tuple[Any, Any]], depth: int, ids: frozenset[str]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, item in items:
            key = free(self.key(str(name)), out)
            if self.drops(str(name)):
                out[key] = MARK
            else:
                out[key] = self.value(item, str(name), depth=depth + 1, ids=ids)
        return out

    def _structured(self, text: str, depth: int, ids: frozenset[str] = NO_IDS) -> str:
        value, before = parse(text), self._hit_count
        is_json = value is not None
        if not is_json:
            value = parse_loosely(text)
        if value is None:
            return self.plain(text)
        left = self.value(value, depth=depth + 1, ids=ids)
        if self._hit_count > before:
            return _written(left)
        return text if is_json else self.plain(text)

    def _dropped(self, key: str, value: str, ids: frozenset[str]) -> str:
        self._count(KEY_MARK)
        if key in ids and self._rules.is_pseudonymous:
            return self._rules.pseudonym(KEY_MARK, value.encode("utf-8", "replace")).decode()
        return MARK

    def _without(self, pattern: Compiled, raw: bytes, is_id: bool) -> bytes:
        pieces, kept, place = [], 0, 0
        while place <= len(raw) and (match := pattern.regex.search(raw, place)):
            start, end = match.span()
            end = pattern.check(raw, start, end) if pattern.check else end
            place = max(start + 1, end)
            if end > start:
                pieces += [raw[kept:start], self._mark(pattern.name, raw[start:end], is_id)]
                kept = end
                self._count(pattern.name)
        return b"".join([*pieces, raw[kept:]])

    def _mark(self, name: str, found: bytes, is_id: bool) -> bytes:
        return self._rules.pseudonym(name, found) if is_id else f"[redacted:{name}]".encode()

    def _count(self, name: str) -> None:
        self.hits[name] += 1
        self._hit_count += 1


def free(key: str, taken: dict[str, Any]) -> str:
    """Return the key, or with a number behind it where another was made the same by what was taken out of it."""
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key}#{number}"
    return found


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, RecursionError):  # a lone surrogate or an integer of more than 64 bits, from Python's repr()
        return as_json(_texts(value)).decode()


def _texts(value: Any) -> Any:
    """The same with integers as text."""
    convert: Callable[[Any], Any] = _texts
    if isinstance(value, dict):
        return {key: convert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [convert(item) for item in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
