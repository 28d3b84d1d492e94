"""Cut values that are longer than a database and its readers should have to bear, and say so where they were cut.

A cut value ends in `…[cut: kept 1048575 of 5242880 bytes]`; its span, log record, resource or scope has the attribute
`momus.cut` with the number of its cut values.
"""

import re

from collector_plugin.otlp.requests import Request
from collector_plugin.otlp.texts import leaves, texts_of

CUT = "momus.cut"
_WORD = re.compile(r"…\[cut: kept [0-9]+ of [0-9]+ bytes\]\Z")
_WORD_CHARS = 80


def cut_values(request: Request, limit_bytes: int) -> int:
    """Cut every text and byte string longer than `limit_bytes`, in place and between characters; return how many.

    What is kept of one is at most `limit_bytes` in UTF-8; the word about the cut comes on top.
    """
    total = 0
    for texts in texts_of(request, larger_than=limit_bytes):
        count = 0
        for value in leaves([*(pair.value for pair in texts.pairs), *texts.bodies]):
            kind = value.WhichOneof("value")
            if kind == "string_value" and _is_longer(value.string_value, limit_bytes):
                value.string_value = _cut(value.string_value, limit_bytes)
                count += 1
            elif kind == "bytes_value" and len(value.bytes_value) > limit_bytes:
                value.bytes_value = (
                    value.bytes_value[:limit_bytes] + _word(limit_bytes, len(value.bytes_value)).encode()
                )
                count += 1
        for holder, field in texts.fields:
            if _is_longer(getattr(holder, field), limit_bytes):
                setattr(holder, field, _cut(getattr(holder, field), limit_bytes))
                count += 1
        if count:
            texts.own.add(key=CUT).value.int_value = count
        total += count
    return total


def without_word(text: str) -> str:
    """Return what was kept of a text that was cut here; any other as it is."""
    return text[:-_WORD_CHARS] + _WORD.sub("", text[-_WORD_CHARS:])


def _is_longer(text: str, limit_bytes: int) -> bool:
    # A character is one to four bytes: most texts are told by their length.
    return len(text) > limit_bytes or (4 * len(text) > limit_bytes and len(text.encode()) > limit_bytes)


def _cut(text: str, limit_bytes: int) -> str:
    raw = text.encode()
    kept = raw[:limit_bytes].decode("utf-8", "ignore")  # a character that the cut goes through is left out
    return kept + _word(len(kept.encode()), len(raw))


def _word(kept_bytes: int, all_bytes: int) -> str:
    return f"…[cut: kept {kept_bytes} of {all_bytes} bytes]"
