"""Would a cluster be found again in other data of the same kind? Re-clustered parts of the data answer.

The method is Hennig's (Computational Statistics & Data Analysis 52, 2007): for each re-clustering, the Jaccard overlap of
a cluster with the cluster that matches it best, among the rows that both saw. A stable cluster would re-appear. It need
not be right: two topics that are always merged are stable too.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analyzer.clusters.graph import Labels

Badge = Literal["stable", "tentative", "noise"]
Floats = npt.NDArray[np.float64]

STABLE = 0.75  # mean overlap from which on a cluster counts as found again
TENTATIVE = 0.6  # ... from which on it is shown, with a warning
_FEW = 100  # rows below which nothing is called stable: a re-clustering of few rows sees nearly the same rows
_INTERVAL = (2.5, 97.5)  # percentiles of the overlaps


def overlaps(labels: Labels, run: Labels) -> Floats:
    """How well a re-clustering finds each cluster again.

    Args:
        labels: int64[n], counted from 0; below 0 is no cluster.
        run: int64[n] of a re-clustering; below 0 where it did not see the row or put it nowhere.

    Returns:
        float64[k], per cluster its largest Jaccard overlap with a cluster of the run, on rows the run saw; 0 to 1.
    """
    shared, ours, theirs = contingency(labels, run)
    jaccard = shared.data / (ours[shared.row] + theirs[shared.col] - shared.data)
    best = np.zeros(shared.shape[0])
    np.maximum.at(best, shared.row, jaccard)
    return best


def memberships(labels: Labels, runs: Sequence[Labels]) -> Floats:
    """How firmly each row belongs to its cluster: float64[n], 0 to 1, 0 for rows in no cluster.

    It is the share of its cluster that the row is together with, averaged over the runs that saw the row.
    """
    total, seen = np.zeros(len(labels)), np.zeros(len(labels))
    for run in runs:
        shared, ours, _ = contingency(labels, run)
        table = shared.tocsr()
        rows = np.flatnonzero((labels >= 0) & (run >= 0))
        total[rows] += np.asarray(table[labels[rows], run[rows]]).ravel() / ours[labels[rows]]
        seen[rows] += 1
    return total / np.maximum(seen, 1)


def contingency(these: Labels, those: Labels) -> tuple[Any, Floats, Floats]:
    """Count the rows of each pair of clusters, among rows that a run put somewhere.

    Returns:
        A scipy.sparse.coo_matrix[k, l] of counts; float64[k], how many rows of each cluster the run put somewhere; and
        float64[l], the sizes of the run's clusters.
    """
    from scipy.sparse import coo_matrix

    both = (these >= 0) & (those >= 0)
    shape = (int(these.max(initial=-1)) + 1, int(those.max(initial=-1)) + 1)
    counts = coo_matrix((np.ones(int(both.sum())), (these[both], those[both])), shape=shape)
    counts.sum_duplicates()
    ours = np.bincount(these[both], minlength=shape[0]).astype(np.float64)
    return counts, ours, np.bincount(those[those >= 0], minlength=shape[1]).astype(np.float64)


def interval(values: Floats) -> tuple[float, float]:
    """The range that holds 95 of 100 of the values."""
    low, high = np.percentile(values, _INTERVAL)
    return float(low), float(high)


def badge(stability: float, row_count: int) -> Badge:
    """What is shown beside a cluster. Of fewer than 100 rows no cluster is called stable."""
    if stability < TENTATIVE:
        return "noise"
    return "stable" if stability >= STABLE and row_count >= _FEW else "tentative"
