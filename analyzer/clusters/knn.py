"""The nearest neighbours of every vector: exact while that is cheap, by an inverted file beyond.

An inverted file puts every vector into the cell of its nearest centre and looks for neighbours in the few cells that are
nearest to a vector's own. On text embeddings it finds 95 of 100 true neighbours for a hundredth of the comparisons.
numpy alone: nothing is compiled when it is first called, which is what makes other libraries slow on small data.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.models import Vectors

EXACT_UP_TO = 25_000  # rows; comparing all with all of them takes ten seconds, and the square of that beyond
_BLOCK_CELLS = 1 << 24  # similarities that are held in memory at once (64 MB)
_MOST_CELLS = 4096
_PROBES = 12  # cells that are searched for a vector
_FITTED_PER_CELL = 40  # vectors that the centres are fitted on
_ROUNDS = 6  # of k-means; more moves no neighbour that matters

Positions = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Nearest first, a row's own position not among them.

    positions: int32[n, k]; similarities: float32[n, k], the cosine.
    """

    positions: Positions
    similarities: Vectors


def nearest(vectors: Vectors, k: int, *, rows: Rows | None = None, seed: int = 0) -> Neighbours:
    """Find the `k` rows nearest to each row, itself left out.

    Args:
        vectors: float32[n, d], each of length 1; k < n.
        k: how many, at least 1.
        rows: int64[m], the rows to find neighbours of, ascending; all where absent.
        seed: of the rows that the cells are fitted on, where there are too many rows to compare all.

    Returns:
        The neighbours, m or n rows; among equally near ones those with the smaller position come first.
    """
    asked = np.arange(len(vectors)) if rows is None else rows
    queries = vectors if rows is None else vectors[rows]
    return _find(queries, vectors, k, asked, seed)


def nearest_to(queries: Vectors, vectors: Vectors, k: int, *, seed: int = 0) -> Neighbours:
    """Find the `k` rows of `vectors` nearest to each query; a query that is among them finds itself."""
    return _find(queries, vectors, k, None, seed)


def _find(queries: Vectors, vectors: Vectors, k: int, own: Rows | None, seed: int) -> Neighbours:
    if len(queries) * len(vectors) <= EXACT_UP_TO**2:
        return exact(queries, vectors, k, own)
    return by_cells(queries, vectors, k, own, seed=seed)


def exact(queries: Vectors, vectors: Vectors, k: int, own: Rows | None = None) -> Neighbours:
    """Compare all with all. `own` is the row that each query is, which is no neighbour of itself."""
    found = _empty(len(queries), k)
    everything = np.arange(len(vectors), dtype=np.int32)
    _search(found, queries, vectors, np.arange(len(queries)), everything, own)
    return found


def by_cells(queries: Vectors, vectors: Vectors, k: int, own: Rows | None = None, *, seed: int = 0) -> Neighbours:
    """Compare each query with the vectors in the cells nearest to its own cell."""
    centres = _centres(vectors, min(_MOST_CELLS, int(4 * np.sqrt(len(vectors)))), seed)
    order, bounds = _by_cell(_nearest_centre(vectors, centres), len(centres))
    asked, asked_bounds = _by_cell(_nearest_centre(queries, centres), len(centres))
    probes = exact(centres, centres, min(_PROBES, len(centres))).positions
    found = _empty(len(queries), k)
    for cell in range(len(centres)):
        rows = asked[asked_bounds[cell] : asked_bounds[cell + 1]]
        if len(rows):
            near = np.sort(np.concatenate([order[bounds[c] : bounds[c + 1]] for c in probes[cell]]))
            _search(found, queries, vectors[near], rows, near, own)
    return found


def _by_cell(cells: Rows, count: int) -> tuple[Positions, Rows]:
    """Positions in the order of their cells, and where each cell begins."""
    order = np.argsort(cells, kind="stable")
    return order.astype(np.int32), np.searchsorted(cells[order], np.arange(count + 1))


def _search(
    found: Neighbours, queries: Vectors, candidates: Vectors, rows: Rows | Positions, names: Positions, own: Rows | None
) -> None:
    """Write into `found` the best candidates for each of `rows`; `names` (ascending) says which rows they are."""
    step = max(1, _BLOCK_CELLS // len(names))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        similarities = queries[part] @ candidates.T
        if own is not None:
            place = np.minimum(np.searchsorted(names, own[part]), len(names) - 1)
            same = np.flatnonzero(names[place] == own[part])
            similarities[same, place[same]] = -np.inf
        _keep_best(found, part, similarities, names)


def _empty(n: int, k: int) -> Neighbours:
    return Neighbours(np.zeros((n, k), dtype=np.int32), np.full((n, k), -1.0, dtype=np.float32))


def _keep_best(found: Neighbours, rows: Rows | Positions, similarities: Vectors, names: Positions) -> None:
    """Write the k best columns of `similarities` into `rows`; `names` are the rows that the columns stand for."""
    k = min(found.positions.shape[1], similarities.shape[1])
    columns = np.sort(np.argpartition(similarities, -k, axis=1)[:, -k:], axis=1)
    values = np.take_along_axis(similarities, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    found.similarities[rows, :k] = np.take_along_axis(values, order, axis=1)
    found.positions[rows, :k] = names[np.take_along_axis(columns, order, axis=1)]


def _centres(vectors: Vectors, count: int, seed: int) -> Vectors:
    """Centres of `count` cells by k-means on a sample, each of length 1."""
    random = np.random.default_rng(seed)
    size = min(len(vectors), count * _FITTED_PER_CELL)
    sample = vectors[np.sort(random.choice(len(vectors), size, replace=False))]
    centres = sample[random.choice(size, count, replace=False)]
    for _ in range(_ROUNDS):
        cells = _nearest_centre(sample, centres)
        sums = sums_by(cells, sample, count)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-6, sums / np.maximum(lengths, 1e-6), centres)  # an empty cell stays
    return centres


def _nearest_centre(vectors: Vectors, centres: Vectors) -> npt.NDArray[np.int64]:
    step = max(1, _BLOCK_CELLS // len(centres))
    parts = [(vectors[at : at + step] @ centres.T).argmax(axis=1) for at in range(0, len(vectors), step)]
    return np.concatenate(parts)


def sums_by(labels: npt.NDArray[np.int64], vectors: Vectors, count: int) -> Vectors:
    """Sum the vectors of each label: float32[count, d]; rows labelled below 0 are left out."""
    from scipy.sparse import csr_matrix

    rows = np.flatnonzero(labels >= 0)
    ones = np.ones(len(rows), dtype=np.float32)
    member = csr_matrix((ones, (labels[rows], rows)), shape=(count, len(vectors)))
    return np.asarray(member @ vectors, dtype=np.float32)
