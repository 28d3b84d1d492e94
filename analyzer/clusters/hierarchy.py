"""Clusters of clusters: which stand together on each higher level, as a proposal that naming may correct.

Every level has strictly fewer clusters than the one below it and the highest at most ten, by construction: the levels are
cuts of one tree. A procedure that merges until few are left may never end.
"""

import numpy as np

from analyzer.clusters.graph import Labels, in_order
from analyzer.clusters.neighbourhood import from_middle
from analyzer.models import Vectors

_TOP = 10  # clusters on the highest level, what can be read at a glance
_ONE_LEVEL = 200  # leaves up to which one level above them is enough


def levels(centroids: Vectors) -> tuple[Labels, ...]:
    """Propose the parents of clusters.

    Args:
        centroids: float32[k, d], each of length 1.

    Returns:
        Per level above the leaves, from the lowest to the highest, int64[k]: the parent of each leaf, counted from 0.
        Leaves of one parent have one grandparent. Ten leaves or fewer need no parents: the result is empty.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    counts = _counts(len(centroids))
    if not counts:
        return ()
    tree = linkage(from_middle(centroids).astype(np.float64), method="ward")
    return tuple(in_order(fcluster(tree, count, criterion="maxclust")) for count in counts)


def _counts(leaf_count: int) -> tuple[int, ...]:
    """How many clusters each level has at most."""
    if leaf_count <= _TOP:
        return ()
    if leaf_count <= _ONE_LEVEL:
        return (min(_TOP, round(np.sqrt(leaf_count))),)
    return (round(np.sqrt(_TOP * leaf_count)), _TOP)
