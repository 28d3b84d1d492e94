"""From neighbours to communities: a graph whose edges say how many neighbours two rows share, cut by Leiden's method.

Counting shared neighbours makes dense and sparse regions comparable: a cosine of .6 is near among short questions and
far among long summaries, while nine neighbours of ten in common means the same everywhere.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.clusters.knn import Positions

Graph = Any  # a scipy.sparse.csr_matrix[float64], symmetric, no loops; scipy has no types
Labels = npt.NDArray[np.int64]

_BLOCK = 1 << 18  # edges whose neighbourhoods are compared at once
_ITERATIONS = 2  # of Leiden; the second mends what the first left, a third changes nothing that matters


def shared_neighbours(positions: Positions) -> Graph:
    """Join each row with its neighbours by the share of neighbours that both have.

    Args:
        positions: int32[n, k], each row's neighbours without itself.

    Returns:
        A symmetric graph over n rows. With N(i) the neighbours of i and i itself, an edge weighs the square root of
        |N(i) and N(j)| / |N(i) or N(j)|: more than 0, at most 1. The root keeps the far sides of one topic together.
    """
    from scipy.sparse import csr_matrix

    n, k = positions.shape
    around = np.sort(np.column_stack([np.arange(n, dtype=np.int32), positions]), axis=1)
    sources, targets = np.repeat(np.arange(n, dtype=np.int32), k), positions.ravel()
    weights = np.empty(n * k)
    for at in range(0, n * k, _BLOCK):
        part = slice(at, at + _BLOCK)
        shared = _in_common(around[sources[part]], around[targets[part]])
        weights[part] = np.sqrt(shared / (2 * (k + 1) - shared))
    graph = csr_matrix((weights, (sources, targets)), shape=(n, n))
    return graph.maximum(graph.T).tocsr()


def _in_common(these: Positions, those: Positions) -> npt.NDArray[np.int64]:
    """How many values each pair of rows shares. Each row holds a value once, so equals meet when both are sorted."""
    both = np.sort(np.concatenate([these, those], axis=1), axis=1)
    return np.asarray((both[:, 1:] == both[:, :-1]).sum(axis=1))


def communities(graph: Graph, resolution: float, seed: int) -> Labels:
    """Cut a graph where it is thin, by Leiden's method.

    Args:
        graph: as `shared_neighbours` gives it.
        resolution: of modularity; higher gives more and smaller communities.
        seed: of the order in which rows are moved.

    Returns:
        int64[n], counted from 0 by first appearance. Rows without an edge are each their own community.
    """
    import graspologic_native

    n = graph.shape[0]
    if graph.nnz == 0:
        return np.arange(n)
    _, found = graspologic_native.leiden_csr(
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data.astype(np.float64),
        n,
        resolution=resolution,
        iterations=_ITERATIONS,
        seed=seed,
    )
    labels = np.arange(n, 2 * n)  # rows without an edge are not among those found
    labels[np.fromiter(found.keys(), np.int64, len(found))] = np.fromiter(found.values(), np.int64, len(found))
    return in_order(labels)


def in_order(labels: Labels, smallest: int = 1) -> Labels:
    """The same groups counted from 0 by first appearance; groups of fewer than `smallest` rows become -1."""
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.full(len(first), -1, dtype=np.int64)
    large = np.flatnonzero(sizes >= smallest)
    rank[large[np.argsort(first[large])]] = np.arange(len(large))
    return np.asarray(rank[inverse], dtype=np.int64)
