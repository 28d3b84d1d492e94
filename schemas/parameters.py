"""Lists of any length as parameters of a query.

A ClickHouse server takes at most 128 KiB for one parameter, about 3,700 trace ids. Longer lists are asked for in pieces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

_PIECE_BYTES = 100_000
_ESCAPED = "\\'`\t\n"  # by the driver, with a backslash each

Value = TypeVar("Value", str, int)


def in_pieces(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Cut a list into pieces of at most 100,000 bytes as a parameter; a longer value is a piece of its own.

    No values are no pieces.
    """
    piece: list[Value] = []
    piece_bytes = 0
    for value in values:
        size_bytes = _size_bytes(value)
        if piece and piece_bytes + size_bytes > _PIECE_BYTES:
            yield piece
            piece, piece_bytes = [], 0
        piece.append(value)
        piece_bytes += size_bytes
    if piece:
        yield piece


def side_by_side(lists: Mapping[str, Sequence[str]]) -> Iterator[dict[str, list[str]]]:
    """Cut several lists at once, for a query that asks for what is in any of them: parameters for each time to ask.

    A row that is in several lists may be found more than once. Only empty lists are nothing to ask for.
    """
    for pieces in zip_longest(*map(in_pieces, lists.values()), fillvalue=[]):
        yield dict(zip(lists, pieces, strict=True))


def _size_bytes(value: str | int) -> int:
    """The size of one value in a list: with quotes, comma and blank."""
    text = str(value)
    return len(text.encode(errors="surrogatepass")) + sum(map(text.count, _ESCAPED)) + len("'', ")
