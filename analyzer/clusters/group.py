"""Group vectors by meaning, and say of each group how sure we are of it.

    distinct rows ─▶ near-duplicates stand for each other ─▶ nearest neighbours ─▶ shared-neighbour graph
                  ─▶ many clusterings of it and of parts of it ─▶ what they agree on ─▶ stability, radius, badge
                  ─▶ torn to pieces, hardly any clusters, or one that swallows all? look again (`guard`)
                  ─▶ every row, clustered or not: nearest centroid within that cluster's radius, else noise

One rule puts rows into clusters, here and for rows that come later (`assign`). The result depends on the set of distinct
rows and on the seed, not on the order of the rows; repeats count as size and nowhere else.

The other method, UMAP and HDBSCAN, cuts the same rows and is judged alike. What it leaves out stays noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analyzer.clusters.assign import Assigned, Cluster, assign, centroids_of, radii_of
from analyzer.clusters.chance import cohesion_by_chance, cohesions, is_one
from analyzer.clusters.consensus import by_neighbours
from analyzer.clusters.distinct import distinct
from analyzer.clusters.graph import Labels
from analyzer.clusters.guard import COARSE, Counts, is_torn, remark, suspects
from analyzer.clusters.knn import Rows, nearest_to
from analyzer.clusters.neighbourhood import neighbourhood
from analyzer.clusters.outliers import outlier_scores
from analyzer.clusters.scale import scale_of
from analyzer.clusters.stability import badge, interval, memberships, overlaps
from analyzer.clusters.umap_hdbscan import by_density
from analyzer.models import Vectors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Method = Literal["neighbours", "umap_hdbscan"]

SAMPLE = 30_000  # distinct rows that clusters are made of; the rest is put into them
_LEAST = 6  # distinct rows below which nothing can be told


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """What was found in n rows.

    Attributes:
        labels: int64[n], the cluster of each row, -1 for noise.
        clusters: largest first; `labels` are places in it.
        nearest: int64[n], the cluster of each row, of noise the nearest one; -1 where there is no cluster.
        membership: float64[n], 0 to 1: how firmly a row belongs to its nearest cluster.
        outlier_scores: float64[n], 0 to 1: how far a row is from everything.
        note: what a reader of the clusters should know of how they were cut; mostly empty.
    """

    labels: Labels
    clusters: tuple[Cluster, ...]
    nearest: Labels
    membership: Floats
    outlier_scores: Floats
    note: str = ""


def group(vectors: Vectors, *, weights: Floats | None = None, seed: int = 0, method: Method = "neighbours") -> Grouping:
    """Group rows by meaning.

    Args:
        vectors: float32[n, d], each of length 1.
        weights: float64[n], how often each row was said; 1 each where absent. They count as size and nowhere else.
        seed: of everything that is drawn; the same rows and seed give the same result.
        method: how rows are cut into clusters.

    Returns:
        The clusters, and what became of each row. Fewer than six distinct rows are all noise.
    """
    apart = distinct(vectors)
    said = np.ones(len(vectors)) if weights is None else weights
    counts = np.bincount(apart.of, said).astype(np.float64)
    if len(apart.rows) < _LEAST:
        return _nothing(len(vectors))
    rows = vectors[apart.rows]
    fitted, note = _guarded(rows[:SAMPLE], seed, method)
    placed = _placed(rows, fitted, method)
    clusters, rank = _by_size(fitted.clusters, placed, counts)
    near, membership = _surroundings(rows, fitted, seed)
    return Grouping(
        labels=_renamed(placed.labels, rank)[apart.of],
        clusters=clusters,
        nearest=_renamed(placed.nearest, rank)[apart.of],
        membership=membership[apart.of],
        outlier_scores=outlier_scores(near, placed.similarities)[apart.of],
        note=note,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Clusters made of a sample; per row of it its cluster (-1: none), the similarities of its nearest rows, membership."""

    clusters: tuple[Cluster, ...]
    labels: Labels
    near: Vectors
    membership: Floats

    @property
    def sizes(self) -> Counts:
        """How many rows of the sample each cluster was made of: int64[k]."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.clusters))


def _fit(rows: Vectors, seed: int, method: Method, resolution: float | None = None) -> _Fit:
    scale = scale_of(len(rows))
    around = neighbourhood(rows, scale.neighbour_count, seed)
    kept = rows[around.kept]
    if method == "neighbours":
        cut = by_neighbours(around.graph, scale.smallest, seed, resolution)
    else:
        cut = by_density(kept, seed)
    dense = cohesions(around.graph, cut.labels) > cohesion_by_chance(rows, seed, resolution)
    clusters, rank = _clusters(kept, cut.labels, cut.parts, dense)
    return _Fit(
        clusters, _renamed(cut.labels, rank)[around.of], around.near, memberships(cut.labels, cut.every)[around.of]
    )


def _guarded(rows: Vectors, seed: int, method: Method) -> tuple[_Fit, str]:
    """Cut rows; where that lost most of them, or put nearly all together, look again and tell of it."""
    fitted = _fit(rows, seed, method)
    if is_torn(fitted.labels) and method == "neighbours":
        fitted = max(fitted, _fit(rows, seed, method, COARSE), key=lambda fit: int(fit.sizes.sum()))
    rest = np.flatnonzero(fitted.labels < 0)
    if is_torn(fitted.labels) and is_one(rows[rest]):
        fitted = _with_rest(rows, fitted, rest)
    before = fitted.sizes
    for at in suspects(before):
        inside = np.flatnonzero(fitted.labels == at)
        finer = _fit(rows[inside], seed, method)
        if len(finer.clusters) > 1:
            fitted = _with_finer(fitted, int(at), inside, finer)
    return fitted, remark(before, fitted.sizes)


def _with_rest(rows: Vectors, fitted: _Fit, rest: Rows) -> _Fit:
    """Take the rows that are in no cluster as one. Nothing was compared, so nobody can say that it would be found again."""
    labels = np.full(len(rows), -1, dtype=np.int64)
    labels[rest] = 0
    centroids = centroids_of(rows, labels)
    radius = float(radii_of(rows, labels, centroids)[0])
    one = Cluster(len(fitted.clusters), 0.0, 0.0, (0.0, 1.0), "tentative", radius, centroids[0])
    labels = np.where(labels == 0, len(fitted.clusters), fitted.labels)
    return replace(fitted, clusters=(*fitted.clusters, one), labels=labels)


def _with_finer(fitted: _Fit, at: int, inside: Rows, finer: _Fit) -> _Fit:
    """Put clusters in the place of the one that they are parts of: the first where it was, the others at the end."""
    labels, membership = fitted.labels.copy(), fitted.membership.copy()
    place = np.array([at, *range(len(fitted.clusters), len(fitted.clusters) + len(finer.clusters) - 1), -1])
    labels[inside], membership[inside] = place[finer.labels], finer.membership
    first, *others = finer.clusters
    clusters = (*fitted.clusters[:at], first, *fitted.clusters[at + 1 :], *others)
    return replace(fitted, clusters=clusters, labels=labels, membership=membership)


def _placed(rows: Vectors, fitted: _Fit, method: Method) -> Assigned:
    """Put every row into a cluster or none. UMAP and HDBSCAN have done so with the sample by other shapes than spheres."""
    placed = assign(rows, fitted.clusters)
    if method == "neighbours":
        return placed
    count = len(fitted.labels)
    labels = np.concatenate([fitted.labels, placed.labels[count:]])
    return replace(placed, labels=labels, nearest=np.where(labels >= 0, labels, placed.nearest))


def _clusters(
    rows: Vectors, labels: Labels, parts: Sequence[Labels], dense: Flags
) -> tuple[tuple[Cluster, ...], Labels]:
    """What is found again when parts of the data are clustered, and denser than chance makes it; the rest is noise.

    Returns:
        The clusters, and the new place of each label: int64[k], -1 for noise.
    """
    centroids = centroids_of(rows, labels)
    radii = radii_of(rows, labels, centroids)
    again = np.array([overlaps(labels, part) for part in parts]).reshape(len(parts), len(centroids))
    badges = [badge(float(stability), len(rows)) for stability in again.mean(axis=0)]
    kept = [at for at, worth in enumerate(badges) if worth != "noise" and dense[at]]
    rank = np.full(len(centroids), -1, dtype=np.int64)
    rank[kept] = np.arange(len(kept))
    clusters = tuple(
        Cluster(label, 0.0, float(again[:, at].mean()), interval(again[:, at]), badges[at], radii[at], centroids[at])
        for label, at in enumerate(kept)
    )
    return clusters, rank


def _by_size(clusters: Sequence[Cluster], placed: Assigned, counts: Floats) -> tuple[tuple[Cluster, ...], Labels]:
    """The clusters with their sizes, largest first, and the new place of each."""
    inside = placed.labels >= 0
    sizes = np.bincount(placed.labels[inside], counts[inside], minlength=len(clusters))
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return tuple(replace(clusters[at], label=place, size=float(sizes[at])) for place, at in enumerate(order)), rank


def _renamed(labels: Labels, rank: Labels) -> Labels:
    """Each label's new place; what had none, or whose label has none, is -1."""
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
