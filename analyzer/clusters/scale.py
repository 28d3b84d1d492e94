"""What fits the number of rows."""

from dataclasses import dataclass

import numpy as np

_MOST_NEIGHBOURS = 50  # wider joins topics, narrower tears them; found on half of the topics of two public sets
_LEAST_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """How many neighbours make the graph, and how many rows make a cluster."""

    neighbour_count: int
    smallest: int


def scale_of(row_count: int) -> Scale:
    """Wider neighbourhoods for more rows, the same from 10,000 on."""
    neighbour_count = int(np.clip(np.sqrt(row_count) / 2, _LEAST_NEIGHBOURS, _MOST_NEIGHBOURS))
    return Scale(neighbour_count, 3 if row_count < 1_000 else 5)
