"""Every row's place on a plane, where near rows mean similar things. Distances across the map mean little.

The shape is fitted on a sample. Every other row, of the same run or a later one, stands amid its nearest rows of the
sample, so a million rows and one new row cost what they must and nobody's place moves because somebody came.
"""

import numpy as np
import numpy.typing as npt

from analyzer.clusters.knn import nearest_to
from analyzer.clusters.reduction import Points, reduced
from analyzer.models import Vectors

SAMPLE = 20_000  # rows that the shape is fitted on
_MIN_DIST = 0.1  # how close two rows may come, so that one can still be pointed at
_AMID = 5
_SHARPNESS = 20.0  # of the weights of the nearest rows: e-fold for each .05 of cosine


def lay_out(vectors: Vectors, *, seed: int = 0) -> Points:
    """Place rows on the plane by UMAP.

    Args:
        vectors: float32[n, d], each of length 1, distinct, n up to `SAMPLE`.
        seed: the same rows, order and seed give the same map.

    Returns:
        float32[n, 2], centred, with a mean distance of 1 from the middle. Four rows or fewer stand in a line.
    """
    n = len(vectors)
    if n <= 4:
        return _framed(np.column_stack([np.arange(n), np.zeros(n)]))
    return _framed(reduced(vectors, 2, min_dist=_MIN_DIST, seed=seed))


def place(vectors: Vectors, fitted: Vectors, points: Points) -> Points:
    """Place further rows amid those of the sample that are nearest to them.

    Args:
        vectors: float32[m, d], each of length 1.
        fitted: float32[n, d], the rows of the sample; points: float32[n, 2], where they stand.

    Returns:
        float32[m, 2]: the mean of the places of the five nearest, nearer ones weighing more; a row of the sample is
        nearly where it was.
    """
    around = nearest_to(vectors, fitted, min(_AMID, len(fitted)))
    closeness = np.exp(_SHARPNESS * (around.similarities - around.similarities[:, :1]))
    weights = closeness / closeness.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mk,mkx->mx", weights, points[around.positions]), dtype=np.float32)


def align(points: Points, common: npt.NDArray[np.int64], before: Points) -> Points:
    """Turn and mirror a map so that it lies on the last one as well as it can; shapes and distances stay.

    Args:
        points: float32[n, 2], centred.
        common: int64[m], rows that were on the last map too; before: float32[m, 2], where they stood.

    Returns:
        float32[n, 2]. With fewer than two common rows there is nothing to go by: the points as they are.
    """
    if len(common) < 2:
        return points
    here, there = points[common], before
    left, _, right = np.linalg.svd((here - here.mean(axis=0)).T @ (there - there.mean(axis=0)))
    return np.asarray((points - here.mean(axis=0)) @ (left @ right) + there.mean(axis=0), dtype=np.float32)


def _framed(points: npt.NDArray[np.floating]) -> Points:
    centred = points - points.mean(axis=0)
    spread = np.linalg.norm(centred, axis=1).mean()
    return np.asarray(centred / max(float(spread), 1e-9), dtype=np.float32)
