"""Put rows into known clusters: the nearest centroid, if the row is as near to it as the cluster's own members are.

No one floor fits all clusters: what is near in one topic is far in another. Each has its own, the similarity that nine of
ten of its members reach, and every path that puts rows into clusters keeps to it. What is beyond is no match; many of
those say that something new has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.clusters.graph import Labels
from analyzer.clusters.knn import sums_by
from analyzer.clusters.stability import Badge
from analyzer.models import Vectors

Floats = npt.NDArray[np.float64]

_OWN_TENTH = 0.1  # share of its members that may be farther from the centroid than the radius
_BLOCK_CELLS = 1 << 24
_RISING = 1.5  # factor over the expected share of rows without a match from which on to cluster anew
_LEAST_NEW = 50  # rows without a match that say anything about a rate


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """A group of rows that mean the same.

    Attributes:
        label: its number in `Grouping.labels`, counted from 0, largest first.
        size: sum of the weights of its members.
        stability: 0 to 1, mean overlap with its counterpart when parts of the data are clustered anew.
        interval: the range of 95 of 100 such overlaps.
        badge: stable, tentative or noise; a cluster that is noise is not part of a Grouping.
        radius: cosine to the centroid that a member must reach; nine of ten members of the core do.
        centroid: float32[d] of length 1.
    """

    label: int
    size: float
    stability: float
    interval: tuple[float, float]
    badge: Badge
    radius: float
    centroid: Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """Where rows belong.

    labels: int64[n], -1 where no cluster is near enough; nearest: int64[n], the nearest all the same (-1: there is no
    cluster); similarities: float32[n], cosine to the nearest centroid; margins: float32[n], how much nearer it is than
    the second.
    """

    labels: Labels
    nearest: Labels
    similarities: Vectors
    margins: Vectors


def assign(vectors: Vectors, clusters: Sequence[Cluster]) -> Assigned:
    """Put each row into the cluster with the nearest centroid if it is within its radius.

    Args:
        vectors: float32[n, d], each of length 1.
        clusters: `label` of each is its place in the sequence.
    """
    n = len(vectors)
    nearest = np.full(n, -1, dtype=np.int64)
    best, margin = np.full(n, -1.0, dtype=np.float32), np.zeros(n, dtype=np.float32)
    if not clusters:
        return Assigned(nearest.copy(), nearest, best, margin)
    centroids = np.stack([cluster.centroid for cluster in clusters])
    step = max(1, _BLOCK_CELLS // len(centroids))
    for at in range(0, n, step):
        part = slice(at, at + step)
        nearest[part], best[part], margin[part] = _two_best(vectors[part] @ centroids.T)
    radii = np.array([cluster.radius for cluster in clusters], dtype=np.float32)
    return Assigned(np.where(best >= radii[nearest], nearest, -1), nearest, best, margin)


def _two_best(similarities: Vectors) -> tuple[Labels, Vectors, Vectors]:
    rows = np.arange(len(similarities))
    first = similarities.argmax(axis=1)
    best = similarities[rows, first]
    similarities[rows, first] = -1.0
    return first, best, best - similarities.max(axis=1)


def centroids_of(vectors: Vectors, labels: Labels) -> Vectors:
    """Mean direction of each cluster: float32[k, d], each of length 1."""
    sums = sums_by(labels, vectors, int(labels.max(initial=-1)) + 1)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def radii_of(vectors: Vectors, labels: Labels, centroids: Vectors) -> Floats:
    """The similarity to its centroid that nine of ten members of each cluster reach; of ten or fewer, all.

    float64[k]. Fewer than eleven members say too little about where the cluster ends for one of them to be cut off.
    """
    rows = np.flatnonzero(labels >= 0)
    similarities = np.einsum("ij,ij->i", vectors[rows], centroids[labels[rows]])
    radii = np.zeros(len(centroids))
    for label in range(len(centroids)):
        own = similarities[labels[rows] == label]
        radii[label] = np.quantile(own, _OWN_TENTH, method="lower") if len(own) else 1.0
    return radii


def is_rising(labels: Labels) -> bool:
    """Whether so many new rows match no cluster that it is time to cluster anew."""
    missed = int((labels < 0).sum())
    return missed >= _LEAST_NEW and missed > _RISING * _OWN_TENTH * len(labels)
