"""Read the file that says what is taken out.

    builtin = ["email", "card"]                        # by name: see builtin.py
    keys = ["*password*", "http.request.header.*"]     # of attributes and of JSON in them, in any case; * and ? stand for more
    pseudonym_key = "a long secret"                    # see below

    [[pattern]]
    name = "order"
    regex = '\\bORD-\\d{8}\\b'

What a pattern finds becomes `[redacted:name]`, the whole value of a key `[redacted]`. Ids that conversations are put
together by stay as they are, unless `keys` names them: with them everybody's conversations would become one. Where they
must not be stored either, `pseudonym_key` turns what would be taken out of an id of a conversation, session or user into
`[redacted:name:<16 hex digits>]`, the same for the same, which only who has the key can tell for a given value.
"""

import hashlib
import hmac
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collector_plugin.redaction.builtin import BUILTIN, Check, Pattern
from schemas.errors import SettingsError

KEY_MARK = "key"  # the name under which values of `keys` are counted
_NAMES = {pattern.name: pattern for pattern in BUILTIN}
_KEY_CACHE = 4_096  # keys repeat; those that strangers invent push each other out


class _PatternLine(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    regex: Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    builtin: list[str] = []
    keys: list[Annotated[str, Field(min_length=1)]] = []
    pseudonym_key: Annotated[str, Field(min_length=16)] | None = None
    pattern: list[_PatternLine] = []


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern ready to search bytes with."""

    name: str
    regex: Any  # re2 has no types
    check: Check | None


class Rules:
    """What is taken out. Any number of threads may ask."""

    def __init__(self, patterns: tuple[Compiled, ...], any: Any, keys: Any, pseudonym_key: str) -> None:
        """Hold the patterns; `any` finds whatever one of them may, and `keys` the keys, both None where there are none."""
        self.patterns = patterns
        self.is_pseudonymous = bool(pseudonym_key)
        self._any = any
        self._pseudonym_key = pseudonym_key.encode()
        self.drops: Callable[[str], bool] = lru_cache(_KEY_CACHE)(
            lambda key: bool(keys and keys.fullmatch(_bytes(key)))
        )
        self.is_plain_key: Callable[[str], bool] = lru_cache(_KEY_CACHE)(lambda key: not self.may_find(_bytes(key)))

    def may_find(self, text: bytes) -> bool:
        """Tell whether a pattern finds something here: one search, and for most texts the only one."""
        return bool(self._any and self._any.search(text))

    def pseudonym(self, name: str, value: bytes) -> bytes:
        """Return what stands for an id that must not be stored, the same for the same."""
        digest = hmac.new(self._pseudonym_key, value, hashlib.sha256).hexdigest()
        return f"[redacted:{name}:{digest[:16]}]".encode()


def read_rules(path: Path) -> Rules:
    """Read and check the file.

    Raises:
        SettingsError: it cannot be used; the message says why in one sentence.
    """
    try:
        told = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from None
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
        raise _unusable(path, f"is wrong in {'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    except ValueError as error:
        raise _unusable(path, f"is not TOML: {error}") from None
    if unknown := [name for name in told.builtin if name not in _NAMES]:
        raise _unusable(path, f"names no built-in pattern with {unknown[0]!r}: there are {', '.join(_NAMES)}")
    chosen = [*(_NAMES[name] for name in told.builtin), *(Pattern(line.name, line.regex) for line in told.pattern)]
    if not chosen and not told.keys:
        raise _unusable(path, "names nothing to take out")
    return _rules(path, chosen, told)


def _rules(path: Path, chosen: list[Pattern], told: _File) -> Rules:
    names = [pattern.name for pattern in chosen]
    if repeated := [name for name in names if names.count(name) > 1 or name == KEY_MARK]:
        raise _unusable(path, f"has two rules called {repeated[0]!r}")
    compiled = tuple(Compiled(pattern.name, _compiled(path, pattern), pattern.check) for pattern in chosen)
    any_of_them = "|".join(f"(?:{pattern.regex})" for pattern in chosen)
    any_key = "(?is)(?:" + "|".join(map(_glob, told.keys)) + ")"
    return Rules(
        compiled,
        _compiled(path, Pattern("of all patterns", any_of_them)) if chosen else None,
        _compiled(path, Pattern("of all keys", any_key), is_searched=False) if told.keys else None,
        told.pseudonym_key or "",
    )


def _compiled(path: Path, pattern: Pattern, *, is_searched: bool = True) -> Any:  # re2 has no types
    try:
        import re2
    except ModuleNotFoundError:
        raise SettingsError(
            "Redaction needs an engine whose time is linear in the text. Run `pip install 'momus[redact]'`."
        ) from None
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    try:
        regex = re2.compile(pattern.regex, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise _unusable(path, f"has a regex {pattern.name!r} that RE2 does not take: {reason}") from None
    if is_searched and regex.search(b""):
        raise _unusable(path, f"has a regex {pattern.name!r} that finds even the empty text")
    return regex


def _glob(text: str) -> str:
    """A regex for the whole of what a glob stands for; every other character stands for itself."""
    return "".join({"*": ".*", "?": "."}.get(character) or f"\\x{{{ord(character):x}}}" for character in text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(f"MOMUS_REDACTION_FILE {path} {why}.")
