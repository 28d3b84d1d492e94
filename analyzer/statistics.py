"""Shares with their intervals."""

import math
from typing import NamedTuple

_Z95 = 1.959963984540054


class Share(NamedTuple):
    """`count` of `total` with the bounds of a 95 % interval; all zero for a total of zero."""

    value: float
    low: float
    high: float


def wilson(count: int, total: int) -> Share:
    """Wilson's score interval at 95 %: honest for small totals, never below 0 or above 1.

    Raises:
        ValueError: `count` is negative or above `total`.
    """
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is no share")
    if total == 0:
        return Share(0.0, 0.0, 0.0)
    share, z2 = count / total, _Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = _Z95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return Share(share, max(0.0, centre - half), min(1.0, centre + half))
