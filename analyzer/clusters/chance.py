"""What clustering finds where there is nothing: the yardstick below which a cluster is none.

Any data can be cut into parts, and parts of one graph are even found again. So the same is done to the same values with
every dimension shuffled by itself, in which no row belongs to any other; a cluster must hold together better than those.
"""

import numpy as np
import numpy.typing as npt

from analyzer.clusters.graph import Graph, Labels, communities, in_order
from analyzer.clusters.neighbourhood import neighbourhood
from analyzer.clusters.resolution import fitting_resolution
from analyzer.clusters.scale import scale_of
from analyzer.models import Vectors

Floats = npt.NDArray[np.float64]

_ROWS = 1_000  # shuffled; more rows hold together by chance still less
_BETTER = 1.2  # factor over chance; where there are topics it is 3 or more
_ONE = 0.5  # mean cosine of all pairs of rows from which on all are one topic, if no smaller ones were found


def cohesions(graph: Graph, labels: Labels) -> Floats:
    """The mean weight of the edges of each cluster's rows, those that leave it counting 0: float64[k], 0 to 1."""
    edges = graph.tocoo()
    count = int(labels.max(initial=-1)) + 1
    sources = labels[edges.row]
    inside = (sources >= 0) & (sources == labels[edges.col])
    weights = np.bincount(sources[inside], edges.data[inside], minlength=count)
    return np.asarray(weights / np.maximum(np.bincount(sources[sources >= 0], minlength=count), 1), dtype=np.float64)


def cohesion_by_chance(rows: Vectors, seed: int, resolution: float | None = None) -> float:
    """The cohesion that a cluster must exceed to be more than chance, 0 to 1, cut at a resolution or the fitting one."""
    random = np.random.default_rng([seed, len(rows)])
    none = np.column_stack([random.permutation(column) for column in rows[:_ROWS].T])
    none /= np.maximum(np.linalg.norm(none, axis=1, keepdims=True), 1e-9)
    scale = scale_of(len(none))
    graph = neighbourhood(none, scale.neighbour_count, seed).graph
    labels = in_order(communities(graph, resolution or fitting_resolution(graph), seed), scale.smallest)
    return _BETTER * float(cohesions(graph, labels).max(initial=0.0))


def is_one(rows: Vectors) -> bool:
    """Whether all rows mean the same: the squared length of their mean is the mean cosine of all pairs."""
    return float(np.square(rows.mean(axis=0, dtype=np.float64)).sum()) >= _ONE
