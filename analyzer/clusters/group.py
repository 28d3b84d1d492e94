"""Group vectors by meaning, and say of each group how sure we are of it.

    distinct rows ─▶ near-duplicates stand for each other ─▶ nearest neighbours ─▶ shared-neighbour graph
                  ─▶ many clusterings of it and of parts of it ─▶ what they agree on ─▶ stability, radius, badge
                  ─▶ every row, clustered or not: nearest centroid within that cluster's radius, else noise

One rule puts rows into clusters, here and for rows that come later (`assign`). The result depends on the set of distinct
rows and on the seed, not on the order of the rows; repeats count as size and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analyzer.clusters.assign import Assigned, Cluster, assign, centroids_of, radii_of
from analyzer.clusters.chance import cohesion_by_chance, cohesions, is_one
from analyzer.clusters.consensus import agree, part_runs, whole_runs
from analyzer.clusters.distinct import distinct
from analyzer.clusters.graph import Labels, in_order
from analyzer.clusters.knn import nearest_to
from analyzer.clusters.neighbourhood import neighbourhood
from analyzer.clusters.outliers import outlier_scores
from analyzer.clusters.resolution import fitting_resolution
from analyzer.clusters.scale import scale_of
from analyzer.clusters.stability import badge, interval, memberships, overlaps
from analyzer.models import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SAMPLE = 30_000  # distinct rows that clusters are made of; the rest is put into them
RUNS = 20  # clusterings of parts of the rows, from which stability is told
_WHOLE_RUNS = 10  # clusterings of all rows, which with those of parts make the consensus
_LEAST = 6  # distinct rows below which nothing can be told


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """What was found in n rows.

    Attributes:
        labels: int64[n], the cluster of each row, -1 for noise.
        clusters: largest first; `labels` are places in it.
        nearest: int64[n], the nearest cluster of each row, noise or not; -1 where there is no cluster.
        membership: float64[n], 0 to 1: how firmly a row belongs to its nearest cluster.
        outlier_scores: float64[n], 0 to 1: how far a row is from everything.
    """

    labels: Labels
    clusters: tuple[Cluster, ...]
    nearest: Labels
    membership: Floats
    outlier_scores: Floats


def group(vectors: Vectors, *, weights: Floats | None = None, seed: int = 0, runs: int = RUNS) -> Grouping:
    """Group rows by meaning.

    Args:
        vectors: float32[n, d], each of length 1.
        weights: float64[n], how often each row was said; 1 each where absent. They count as size and nowhere else.
        seed: of everything that is drawn; the same rows and seed give the same result.
        runs: clusterings of parts of the data, from which stability is told; at least 1.

    Returns:
        The clusters, and what became of each row. Fewer than six distinct rows are all noise.
    """
    apart = distinct(vectors)
    said = np.ones(len(vectors)) if weights is None else weights
    counts = np.bincount(apart.of, said).astype(np.float64)
    if len(apart.rows) < _LEAST:
        return _nothing(len(vectors))
    rows = vectors[apart.rows]
    fitted = _fit(rows[:SAMPLE], seed, runs)
    placed = assign(rows, fitted.clusters)
    clusters, rank = _by_size(fitted.clusters, placed, counts)
    near, membership = _surroundings(rows, fitted, seed)
    return Grouping(
        labels=_renamed(placed.labels, rank)[apart.of],
        clusters=clusters,
        nearest=_renamed(placed.nearest, rank)[apart.of],
        membership=membership[apart.of],
        outlier_scores=outlier_scores(near, placed.similarities)[apart.of],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Clusters made of a sample; per row of it the similarities of its nearest rows, and its membership."""

    clusters: tuple[Cluster, ...]
    near: Vectors
    membership: Floats


def _fit(rows: Vectors, seed: int, runs: int) -> _Fit:
    scale = scale_of(len(rows))
    around = neighbourhood(rows, scale.neighbour_count, seed)
    resolution = fitting_resolution(around.graph)
    parts = part_runs(around.graph, resolution, runs, seed)
    every = [*parts, *whole_runs(around.graph, resolution, _WHOLE_RUNS, seed)]
    labels = in_order(agree(around.graph, every, resolution, seed), scale.smallest)
    dense = cohesions(around.graph, labels) > cohesion_by_chance(rows, seed)
    clusters = _clusters(rows[around.kept], labels, parts, dense)
    if not clusters and is_one(rows):
        clusters = (_one(rows),)
    return _Fit(clusters, around.near, memberships(labels, every)[around.of])


def _clusters(rows: Vectors, labels: Labels, parts: Sequence[Labels], dense: Flags) -> tuple[Cluster, ...]:
    """What is found again when parts of the data are clustered, and denser than chance makes it; the rest is noise."""
    centroids = centroids_of(rows, labels)
    radii = radii_of(rows, labels, centroids)
    again = np.array([overlaps(labels, part) for part in parts]).reshape(len(parts), len(centroids))
    badges = [badge(float(stability), len(rows)) for stability in again.mean(axis=0)]
    kept = [at for at, worth in enumerate(badges) if worth != "noise" and dense[at]]
    return tuple(
        Cluster(label, 0.0, float(again[:, at].mean()), interval(again[:, at]), badges[at], radii[at], centroids[at])
        for label, at in enumerate(kept)
    )


def _one(rows: Vectors) -> Cluster:
    """All rows as one cluster. Nothing was compared, so nobody can say that it would be found again."""
    labels = np.zeros(len(rows), dtype=np.int64)
    centroids = centroids_of(rows, labels)
    radius = float(radii_of(rows, labels, centroids)[0])
    return Cluster(0, 0.0, 0.0, (0.0, 1.0), "tentative", radius, centroids[0])


def _by_size(clusters: Sequence[Cluster], placed: Assigned, counts: Floats) -> tuple[tuple[Cluster, ...], Labels]:
    """The clusters with their sizes, largest first, and the new place of each."""
    inside = placed.labels >= 0
    sizes = np.bincount(placed.labels[inside], counts[inside], minlength=len(clusters))
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return tuple(replace(clusters[at], label=place, size=float(sizes[at])) for place, at in enumerate(order)), rank


def _renamed(labels: Labels, rank: Labels) -> Labels:
    return np.where(labels >= 0, np.append(rank, -1)[labels], -1)


def _surroundings(rows: Vectors, fitted: _Fit, seed: int) -> tuple[Vectors, Floats]:
    """Similarities of the nearest rows and membership, for all rows: those beyond the sample take from those in it."""
    beyond = rows[len(fitted.membership) :]
    if not len(beyond):
        return fitted.near, fitted.membership
    around = nearest_to(beyond, rows[: len(fitted.membership)], fitted.near.shape[1], seed=seed)
    membership = fitted.membership[around.positions[:, 0]]
    return np.concatenate([fitted.near, around.similarities]), np.concatenate([fitted.membership, membership])


def _nothing(n: int) -> Grouping:
    none = np.full(n, -1, dtype=np.int64)
    return Grouping(none, (), none, np.zeros(n), np.zeros(n))
