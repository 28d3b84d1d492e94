"""Group by density after UMAP, the common way, for those who want it: `MOMUS_CLUSTER_METHOD=umap_hdbscan`.

    distinct rows ─▶ UMAP: 5 dimensions ─▶ HDBSCAN ─▶ clusters and noise
                     └ the same for parts of the rows ─▶ stability

Every run lays the rows out anew, which takes seconds where cutting a graph takes a tenth of one. So there are four runs
of parts, not twenty: an interval from them is the range that four values span, and no consensus is made.
"""

import numpy as np

from analyzer.clusters.consensus import Cut, part_runs
from analyzer.clusters.graph import Labels
from analyzer.clusters.reduction import reduced
from analyzer.models import Vectors

RUNS = 4  # clusterings of parts of the rows, from which stability is told
_DIMENSIONS = 5
_CORE = 5  # rows around a row that tell how dense it stands
_SMALLEST, _LARGEST = 5, 100  # range of the smallest cluster, which grows with the rows


def by_density(vectors: Vectors, seed: int) -> Cut:
    """Cut float32[n, d], each row of length 1 and distinct, into dense regions and the noise between them."""
    labels = dense_regions(vectors, seed)
    parts = part_runs(len(vectors), lambda rows, own: _each_apart(dense_regions(vectors[rows], own)), RUNS, seed)
    return Cut(labels, parts, [labels, *parts])


def dense_regions(vectors: Vectors, seed: int) -> Labels:
    """Cluster rows once: int64[n], -1 for noise. Fewer than six rows are all noise."""
    from hdbscan import HDBSCAN

    n = len(vectors)
    if n <= _SMALLEST:
        return np.full(n, -1, dtype=np.int64)
    model = HDBSCAN(smallest_of(n), _CORE, cluster_selection_method="eom", core_dist_n_jobs=1)
    points = reduced(vectors, _DIMENSIONS, min_dist=0.0, seed=seed)
    return np.asarray(model.fit_predict(points.astype(np.float64)), dtype=np.int64)


def smallest_of(row_count: int) -> int:
    """Rows that make a cluster: a fixed number would shatter large sets."""
    return int(np.clip(round(0.8 * float(row_count) ** 0.4), _SMALLEST, _LARGEST))


def _each_apart(labels: Labels) -> Labels:
    """Give each noise row a label of its own: a row that a run left as noise was not found again with its cluster."""
    noise = np.flatnonzero(labels < 0)
    apart = labels.copy()
    apart[noise] = labels.max(initial=-1) + 1 + np.arange(len(noise))
    return apart
