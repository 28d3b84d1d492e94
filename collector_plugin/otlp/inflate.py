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
# Each member costs a decompressor and a copy of what follows it in its piece, which a body of tiny ones would multiply.
MEMBER_LIMIT = 1_000
PIECE_BYTES = 65_536


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


def inflate(body: bytes, coding: str, *, limit_bytes: int) -> bytes:
    """Return the body as it was before `coding` was applied.

    Args:
        body: the bytes received.
        coding: the value of Content-Encoding: empty, `identity`, or one of `CODINGS`.
        limit_bytes: the largest result that is accepted.

    Raises:
        TooLarge: the result is longer than `limit_bytes`.
        Undecodable: the coding is unknown, the body is not what it says, or it has more than `MEMBER_LIMIT` members.
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
    # gzip and zstd allow members to follow one another; some proxies make use of it. deflate has one.
    member_limit = 1 if coding == "deflate" else MEMBER_LIMIT
    plain, rest = bytearray(), memoryview(body)
    for _ in range(member_limit):
        rest = _member(rest, coding, plain, limit_bytes)
        if not rest or len(plain) > limit_bytes:
            return bytes(plain)
    raise Undecodable(f"A {coding} body may have {member_limit} compressed members, and this has more.")


def _member(body: memoryview, coding: str, plain: bytearray, limit_bytes: int) -> memoryview:
    """Inflate the first member into `plain`, up to one byte beyond the limit, and return what follows it."""
    decompressor, at = _decompressor(coding), 0
    while at < len(body) and not decompressor.eof and len(plain) <= limit_bytes:
        piece = body[at : at + PIECE_BYTES]
        try:
            plain += decompressor.decompress(piece, limit_bytes + 1 - len(plain))
        except (zlib.error, zstd.ZstdError) as error:
            raise Undecodable(f"The body is not valid {coding}: {error}.") from error
        at += len(piece) - len(decompressor.unused_data)
    if body and not decompressor.eof and len(plain) <= limit_bytes:
        raise Undecodable(f"The {coding} body ends too early.")
    return body[at:]


def _decompressor(coding: str) -> _Decompressor:
    if coding == "zstd":
        return zstd.ZstdDecompressor()
    return zlib.decompressobj(GZIP_WINDOW_BITS if coding == "gzip" else ZLIB_WINDOW_BITS)
