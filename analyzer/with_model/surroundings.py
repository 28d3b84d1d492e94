"""The few pieces of a digest around the places that claims rest on, each shown once however many claims need it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.with_model.digest import shorten_middle, show
from analyzer.with_model.pieces import Piece

_BEFORE, _AFTER = 3, 2  # pieces around the one with the quote
_PIECE_CHARS = 3_000  # of one piece; the quote itself is shown beside


def surroundings(pieces: Sequence[Piece], positions: Iterable[int]) -> str:
    """The pieces around positions, and what the user had asked before each; gaps are marked."""
    chosen = sorted({number for position in positions for number in _around(pieces, position)})
    lines: list[str] = []
    for before, number in zip([-1, *chosen], chosen, strict=False):
        lines.extend(["(...)"] if number > before + 1 else [])
        piece = pieces[number]
        lines.append(show([replace(piece, text=shorten_middle(piece.text, _PIECE_CHARS))]))
    return "\n".join([*lines, "(...)"] if chosen and chosen[-1] < len(pieces) - 1 else lines)


def _around(pieces: Sequence[Piece], position: int) -> set[int]:
    at = max((n for n, piece in enumerate(pieces) if piece.position <= position), default=0)
    near = set(range(max(0, at - _BEFORE), min(len(pieces), at + _AFTER + 1)))
    asked = [n for n in range(at + 1) if pieces[n].head.startswith("user")][-1:]
    return near | set(asked)
