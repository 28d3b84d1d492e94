"""Which parts of a tool's result the conversation comes back to: they say why the agent answered or refused as it did.

A result of a reservation holds a hundred fields; the refusal names two. What a later message shares with a result, and
the result does not have everywhere, is kept when the rest is cut.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

_TOKEN = re.compile(r"[^\W_]+(?:[_.,:-][^\W_]+)*")
_BOUND = re.compile(r"[{}\[\],;\n|]")
_COMMON = 3  # a token that stands oftener in a result singles nothing out
_REACH = 30  # characters on each side of a token, at most up to the bounds of its field
_SHORTEST = 5  # letters of a word; numbers and ids may be shorter
_TEXT = 30_000  # characters of a result that are searched

Span = tuple[int, int]


def cited(result: str, later: Sequence[str], *, room: int) -> list[Span]:
    """The spans of a result that later messages come back to.

    Args:
        result: the text of a tool's result.
        later: what was said after it, in order.
        room: characters that all spans together may take; the rarest tokens come first.

    Returns:
        Spans in order, without overlap.
    """
    said = {token for text in later for token in _tokens(text)}
    places = [m.span() for m in _TOKEN.finditer(result, 0, _TEXT) if m.group().lower() in said]
    counts = Counter(result[start:end].lower() for start, end in places)
    rare = [span for span in places if counts[result[span[0] : span[1]].lower()] <= _COMMON]
    chosen: list[Span] = []
    for start, end in sorted(rare, key=lambda span: counts[result[span[0] : span[1]].lower()]):
        field = _field(result, start, end)
        joined = _joined([*chosen, field])
        if sum(b - a for a, b in joined) <= room:
            chosen = joined
    return chosen


@lru_cache(maxsize=256)
def _tokens(text: str) -> frozenset[str]:
    """Numbers, ids and the longer words of a text."""
    found = (match.group().lower() for match in _TOKEN.finditer(text[:_TEXT]))
    return frozenset(t for t in found if len(t) >= _SHORTEST or (len(t) > 1 and any(c.isdigit() for c in t)))


def _field(text: str, start: int, end: int) -> Span:
    """The field around a token: from the bound before it to the one after it, as far as they are near."""
    before = [match.end() for match in _BOUND.finditer(text, max(0, start - _REACH), start)]
    after = _BOUND.search(text, end, min(len(text), end + _REACH))
    return (before[-1] if before else max(0, start - _REACH)), (
        after.start() if after else min(len(text), end + _REACH)
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
