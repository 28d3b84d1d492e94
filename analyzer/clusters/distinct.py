"""Equal and nearly equal vectors stand for one: a sentence said a thousand times must not bend the map towards itself.

A row's fingerprint depends on its values alone. Rows sorted by it stand in an order that does not know in which order
they came, and the first thousands of them are a fair sample, mostly the same one after more data has come.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.clusters.knn import Neighbours
from analyzer.models import Vectors

Fingerprints = npt.NDArray[np.uint64]

_ROWS = 1 << 16  # fingerprinted at once
_NEARLY = 0.97  # cosine from which on two texts differ by an id, a number or a typing error


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The distinct rows, in the order of their fingerprints.

    rows: int64[m], where each stands first in the data; of: int64[n], which of them each row of the data equals.
    """

    rows: npt.NDArray[np.int64]
    of: npt.NDArray[np.int64]


def distinct(vectors: Vectors) -> Distinct:
    """Find the distinct rows of float32[n, d]."""
    _, rows, of = np.unique(fingerprints(vectors), return_index=True, return_inverse=True)
    return Distinct(rows.astype(np.int64), of.astype(np.int64))


def fingerprints(vectors: Vectors) -> Fingerprints:
    """uint64[n]: equal for equal rows, evenly spread over all values for others."""
    factors = np.random.default_rng(0).integers(0, 1 << 63, size=vectors.shape[1], dtype=np.uint64)
    found = np.empty(len(vectors), dtype=np.uint64)
    for at in range(0, len(vectors), _ROWS):
        # Adding 0 turns -0.0, which equals 0.0, into it.
        words = np.ascontiguousarray(vectors[at : at + _ROWS] + np.float32(0.0)).view(np.uint32).astype(np.uint64)
        found[at : at + _ROWS] = _mix((_mix(words + factors) * (factors | np.uint64(1))).sum(axis=1, dtype=np.uint64))
    return found


def _mix(words: Fingerprints) -> Fingerprints:
    """Spread each word over all its bits (the finisher of splitmix64; overflow is meant)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def leaders(neighbours: Neighbours) -> npt.NDArray[np.int64]:
    """Let each row be stood for by an earlier one that is nearly equal, if there is one.

    Returns:
        int64[n], the position of the row that stands for each; a row that stands for others stands for itself, so that
        a chain of small steps does not join what differs.
    """
    leader = np.arange(len(neighbours.positions))
    close = (neighbours.similarities >= _NEARLY) & (neighbours.positions < leader[:, None])
    for row in np.flatnonzero(close.any(axis=1)):
        for other in neighbours.positions[row][close[row]]:
            if leader[other] == other:
                leader[row] = other
                break
    return leader
