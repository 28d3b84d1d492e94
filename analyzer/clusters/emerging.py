"""Find what is new: clusters that were not there when the known ones were made.

Clustering what matched no cluster finds mostly oddities: half of a new topic's rows stand near some old cluster. But a
new topic's rows stand among each other. So rows whose neighbours are mostly new are clustered by themselves, then every
row, old ones too, may join what was found if it is nearest to it; a cluster in which old rows do is an old one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analyzer.clusters.assign import Assigned, Cluster, assign, centroids_of, radii_of
from analyzer.clusters.graph import Labels, communities, in_order, shared_neighbours
from analyzer.clusters.knn import Rows, nearest
from analyzer.clusters.neighbourhood import from_middle
from analyzer.models import Vectors

_NEIGHBOURS = 25
_AMONG_NEW = 0.5  # weighted share of new neighbours from which on a row may be part of something new
_NEW_MEMBERS = 0.75  # share of new rows that makes a cluster a new one
_RESOLUTION = 1.0  # new topics are few, and mostly not joined with one another at all
_SMALLEST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Emerging:
    """A cluster that has come up. rows: positions among the new rows, ascending; share: of new rows in it, .75 to 1."""

    rows: Rows
    share: float
    cluster: Cluster


def emerging(known: Vectors, new: Vectors, clusters: Sequence[Cluster], *, seed: int = 0) -> tuple[Emerging, ...]:
    """Find the clusters that `new` rows make beside the known ones.

    Args:
        known: float32[n, d], rows from before, each of length 1; a sample will do if `new` is sampled alike.
        new: float32[m, d], rows that have come since.
        clusters: made of the rows from before.
        seed: of the order in which rows are moved.

    Returns:
        The new clusters, largest first, each with ten new rows or more. They are tentative: they were seen once.
    """
    if len(new) < _SMALLEST or len(known) + len(new) <= _NEIGHBOURS:
        return ()
    rows = np.concatenate([known, new])
    is_new = np.arange(len(rows)) >= len(known)
    labels = _among_new(rows, is_new, seed)
    if labels.max(initial=-1) < 0:
        return ()
    candidates = _as_clusters(rows, labels)
    placed = assign(rows, [*clusters, *candidates])
    found = [_emerged(placed, is_new, candidate, len(clusters)) for candidate in candidates]
    return tuple(sorted((each for each in found if each), key=lambda each: -len(each.rows)))


def _among_new(rows: Vectors, is_new: npt.NDArray[np.bool_], seed: int) -> Labels:
    """Cluster the new rows that stand among new rows: int64[n], -1 for all others."""
    graph = shared_neighbours(nearest(from_middle(rows), _NEIGHBOURS, seed=seed).positions)
    among = graph @ is_new.astype(np.float64) / np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-9)
    chosen = np.flatnonzero(is_new & (among >= _AMONG_NEW))
    labels = np.full(len(rows), -1, dtype=np.int64)
    if len(chosen) >= _SMALLEST:
        labels[chosen] = in_order(communities(graph[chosen][:, chosen].tocsr(), _RESOLUTION, seed), _SMALLEST)
    return labels


def _as_clusters(rows: Vectors, labels: Labels) -> list[Cluster]:
    centroids = centroids_of(rows, labels)
    radii = radii_of(rows, labels, centroids)
    return [
        Cluster(at, 0.0, 0.0, (0.0, 1.0), "tentative", float(radii[at]), centroid)
        for at, centroid in enumerate(centroids)
    ]


def _emerged(placed: Assigned, is_new: npt.NDArray[np.bool_], candidate: Cluster, known_count: int) -> Emerging | None:
    members = np.flatnonzero(placed.labels == known_count + candidate.label)
    fresh = members[is_new[members]]
    if len(fresh) < _SMALLEST or len(fresh) < _NEW_MEMBERS * len(members):
        return None
    rows = fresh - int(np.flatnonzero(is_new)[0])
    return Emerging(rows, len(fresh) / len(members), replace(candidate, size=float(len(members))))
