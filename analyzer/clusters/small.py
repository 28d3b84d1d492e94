"""Group a few rows: average linkage under a fixed distance. Exact, deterministic, without a warm-up.

With fewer than about a hundred rows there are no regions to tell dense from sparse, and re-clustering nine of ten rows
says little about the tenth. So nothing found here is called stable.
"""

import numpy as np

from analyzer.clusters.assign import Cluster, centroids_of, radii_of
from analyzer.clusters.distinct import distinct
from analyzer.clusters.graph import Labels
from analyzer.clusters.group import Grouping
from analyzer.clusters.stability import Floats, interval, overlaps
from analyzer.models import Vectors

_LINK_DISTANCE = 0.8  # cosine distance under which groups are joined: what the light vectors of two wordings reach
_RUNS = 10
_SHARE = 0.8


def group_few(vectors: Vectors, *, seed: int = 0) -> Grouping:
    """Group float32[n, d] of length 1 or 0; rows that are near no other are noise. All clusters are tentative.

    Repeats of a row count as size alone, so a row that is said twice is a cluster.
    """
    apart = distinct(vectors)
    rows = vectors[apart.rows]
    labels = _linked(rows)
    sizes = np.bincount(labels[apart.of], minlength=labels.max(initial=-1) + 1)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 1]
    rank = np.full(len(sizes), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    labels = rank[labels] if len(labels) else labels
    centroids = centroids_of(rows, labels)
    radii = radii_of(rows, labels, centroids)
    again = _found_again(rows, labels, seed)
    clusters = tuple(
        Cluster(
            at, float(sizes[old]), float(again[:, at].mean()), interval(again[:, at]), "tentative", float(radii[at]),
            centroids[at],
        )
        for at, old in enumerate(order)
    )  # fmt: skip
    of_all = labels[apart.of]
    inside = (of_all >= 0).astype(np.float64)
    return Grouping(of_all, clusters, of_all, inside, 1.0 - inside)


def _linked(rows: Vectors) -> Labels:
    if len(rows) < 2:
        return np.zeros(len(rows), dtype=np.int64)
    from sklearn.cluster import AgglomerativeClustering

    distances = np.clip(1.0 - rows @ rows.T, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    model = AgglomerativeClustering(
        n_clusters=None, distance_threshold=_LINK_DISTANCE, metric="precomputed", linkage="average"
    )
    return np.asarray(model.fit_predict(distances), dtype=np.int64)


def _found_again(rows: Vectors, labels: Labels, seed: int) -> Floats:
    """Overlap of each cluster with its counterpart in re-clustered parts: float64[runs, k]."""
    drawn = np.random.default_rng(seed)
    found = []
    for _ in range(_RUNS):
        seen = np.sort(drawn.choice(len(rows), round(_SHARE * len(rows)), replace=False))
        part: Labels = np.full(len(rows), -1, dtype=np.int64)
        part[seen] = _linked(rows[seen])
        found.append(overlaps(labels, part))
    return np.array(found).reshape(_RUNS, -1)
