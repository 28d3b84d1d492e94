"""The graph of a set of distinct rows: who is near whom, with nearly equal rows standing for each other."""

from dataclasses import dataclass

import numpy as np

from analyzer.clusters.distinct import leaders
from analyzer.clusters.graph import Graph, shared_neighbours
from analyzer.clusters.knn import Neighbours, Positions, Rows, nearest
from analyzer.models import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The rows that stand for all, and how they are joined.

    kept: int64[m], the rows that stand for others or for themselves alone; of: int64[n], which of these stands for each
    row; graph: over the m rows kept; near: float32[n, k], the similarities of each row's nearest, nearest first.
    """

    kept: Rows
    of: Rows
    graph: Graph
    near: Vectors


def neighbourhood(vectors: Vectors, neighbour_count: int, seed: int) -> Neighbourhood:
    """Join rows with their nearest.

    Rows are compared as seen from their common middle: what all have in common, the subject of the service say, tells
    none of them from another.
    """
    seen = from_middle(vectors)
    around = first = nearest(seen, min(neighbour_count, len(seen) - 1), seed=seed)
    kept = of = np.arange(len(seen))
    # A row sees only its nearest, so a hundred copies are not one at once; each pass leaves a fraction of them.
    while len(fewer := np.flatnonzero((leader := leaders(around)) == np.arange(len(kept)))) < len(kept):
        place = np.full(len(kept), -1, dtype=np.int32)
        place[fewer] = np.arange(len(fewer))
        of, kept = place[leader[of]].astype(np.int64), kept[fewer]
        around = _among(seen[kept], fewer, place, around, seed)
    return Neighbourhood(kept, of, shared_neighbours(around.positions), first.similarities)


def _among(seen: Vectors, fewer: Rows, place: Positions, around: Neighbours, seed: int) -> Neighbours:
    """The neighbours among the rows kept. Only rows that had one of the others as neighbour are looked up anew."""
    count = min(around.positions.shape[1], len(fewer) - 1)
    positions, similarities = place[around.positions[fewer]], around.similarities[fewer, :count]
    changed = np.flatnonzero((positions < 0).any(axis=1))
    positions = positions[:, :count]
    if len(changed) and count:
        anew = nearest(seen, count, rows=changed, seed=seed)
        positions[changed], similarities[changed] = anew.positions, anew.similarities
    return Neighbours(positions, similarities)


def from_middle(vectors: Vectors) -> Vectors:
    """The directions of rows as seen from their mean: float32[n, d], each of length 1, or 0 for a row that is the mean."""
    moved = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(lengths, 1e-9), dtype=np.float32)
