"""Undo a request's Content-Encoding without ever holding more than the limit.

A body of a few kilobytes can inflate to gigabytes, so the limit is given to the decompressor itself: it stops one byte
after it, whatever the header of the body claims.
"""

import sys
import zlib
from typing import Protocol

from schemas.errors import TooLarge, Undecodable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_WINDOW_BITS = 31
ZLIB_WINDOW_BITS = 15

CODINGS = ("gzip", "deflate", "zstd")


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def inflate(body: bytes, coding: str, *, limit_bytes: int) -> bytes:
    """Return the body as it was before `coding` was applied.

    Args:
        body: the bytes received.
        coding: the value of Content-Encoding: empty, `identity`, or one of `CODINGS`.
        limit_bytes: the largest result that is accepted.

    Raises:
        TooLarge: the result is longer than `limit_bytes`.
        Undecodable: the coding is unknown, or the body is not what it says.
    """
    if coding in ("", "identity"):
        plain = body
    elif coding in CODINGS:
        plain = _members(body, coding, limit_bytes)
    else:
        raise Undecodable(f"Content-Encoding {coding!r} is not supported; send gzip, deflate, zstd or none.")
    if len(plain) > limit_bytes:
        raise TooLarge
    return plain


def _members(body: bytes, coding: str, limit_bytes: int) -> bytes:
    # gzip and zstd allow members to follow one another; some proxies make use of it.
    plain = bytearray()
    while body and len(plain) <= limit_bytes:
        decompressor = _decompressor(coding)
        try:
            plain += decompressor.decompress(body, limit_bytes + 1 - len(plain))
        except (zlib.error, zstd.ZstdError) as error:
            raise Undecodable(f"The body is not valid {coding}: {error}.") from error
        if not decompressor.eof and len(plain) <= limit_bytes:
            raise Undecodable(f"The {coding} body ends too early.")
        body = decompressor.unused_data if decompressor.eof else b""
    return bytes(plain)


def _decompressor(coding: str) -> _Decompressor:
    if coding == "zstd":
        return zstd.ZstdDecompressor()
    return zlib.decompressobj(GZIP_WINDOW_BITS if coding == "gzip" else ZLIB_WINDOW_BITS)
