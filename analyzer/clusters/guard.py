"""Guard against a cut that says nothing: most rows lost, hardly any clusters, or one that swallows nearly all.

A subject that most rows are about, and alike, has no thin places: cut as finely as its size suggests it is torn into
pieces, others each time, and small topics beside it are torn with it. So a cut in which less than half of the rows are
found again is made once more, coarsely, and what it leaves is one cluster if it is all alike.

Hardly any clusters may be the truth, and may hide it: beside rows from far away the topics of one large subject look alike.
So a large cluster is grouped by itself, where rows are seen from its own middle. What comes out takes its place if it is
clusters by the same measures as all others, found again and denser than chance; else it stays what it is. Both are told.
"""

import numpy as np
import numpy.typing as npt

from analyzer.clusters.graph import Labels

Counts = npt.NDArray[np.int64]

COARSE = (
    1.0  # the resolution at which edges inside a community are compared with just those that chance would put there
)

_HARDLY_ANY = 3  # clusters below which each is looked into
_NEARLY_ALL = 0.7  # of the clustered rows, held by one cluster, from which on it is looked into
_TORN = 0.5  # of all rows, in clusters, below which most are lost
_WORTH = 100  # rows that something stable could be found in


def is_torn(labels: Labels) -> bool:
    """Whether most rows are in no cluster."""
    return float((labels >= 0).mean()) < _TORN


def suspects(sizes: Counts) -> Counts:
    """Which clusters to group by themselves: positions, ascending; mostly none. `sizes` are their rows, int64[k]."""
    large = sizes >= _WORTH
    if len(sizes) >= _HARDLY_ANY:
        large &= sizes > _NEARLY_ALL * sizes.sum()
    return np.flatnonzero(large)


def remark(before: Counts, after: Counts) -> str:
    """Tell in a sentence what looked suspicious and what became of it; empty where nothing did."""
    if before.sum() < _WORTH:
        return ""
    if len(before) < _HARDLY_ANY:
        found = f"{_clusters(len(before))} in {before.sum()} texts"
    elif before.max() > _NEARLY_ALL * before.sum():
        found = f"one cluster held {before.max() / before.sum():.0%} of {before.sum()} texts"
    else:
        return ""
    if len(after) > len(before):
        return f"{found}: cut finer, into {_clusters(len(after))}"
    return f"{found}: a finer cut would not be found again"


def _clusters(count: int) -> str:
    return f"{count} cluster" if count == 1 else f"{count} clusters"
