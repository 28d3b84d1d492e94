"""The graph of a set of distinct rows: who is near whom, with nearly equal rows standing for each other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.clusters.distinct import leaders
from analyzer.clusters.graph import Graph, shared_neighbours
from analyzer.clusters.knn import Neighbours, nearest
from analyzer.models import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The rows that stand for all, and how they are joined.

    kept: int64[m], the rows that stand for others or for themselves alone; of: int64[n], which of these stands for each
    row; graph: over the m rows kept; near: float32[n, k], the similarities of each row's nearest, nearest first.
    """

    kept: npt.NDArray[np.int64]
    of: npt.NDArray[np.int64]
    graph: Graph
    near: Vectors


def neighbourhood(vectors: Vectors, neighbour_count: int, seed: int) -> Neighbourhood:
    """Join rows with their nearest.

    Rows are compared as seen from their common middle: what all have in common, the subject of the service say, tells
    none of them from another.
    """
    seen = from_middle(vectors)
    around = nearest(seen, min(neighbour_count, len(seen) - 1), seed=seed)
    leader = leaders(around)
    kept = np.flatnonzero(leader == np.arange(len(leader)))
    place = np.full(len(leader), -1, dtype=np.int32)
    place[kept] = np.arange(len(kept))
    graph = shared_neighbours(_among(kept, place, seen, around, seed))
    return Neighbourhood(kept, place[leader].astype(np.int64), graph, around.similarities)


def _among(
    kept: npt.NDArray[np.int64], place: npt.NDArray[np.int32], seen: Vectors, around: Neighbours, seed: int
) -> npt.NDArray[np.int32]:
    """The neighbours among the rows kept. Only rows that had one of the others as neighbour are looked up anew."""
    positions = place[around.positions[kept]]
    count = min(positions.shape[1], len(kept) - 1)
    changed = np.flatnonzero((positions < 0).any(axis=1))
    positions = positions[:, :count]
    if len(changed) and count:
        positions[changed] = nearest(seen[kept], count, rows=changed, seed=seed).positions
    return positions


def from_middle(vectors: Vectors) -> Vectors:
    """The directions of rows as seen from their mean: float32[n, d], each of length 1, or 0 for a row that is the mean."""
    moved = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-9), dtype=np.float32)
