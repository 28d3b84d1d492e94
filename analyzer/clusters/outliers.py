"""How much alone a row is: nothing near it says the same, and no cluster is about it."""

import numpy as np
import numpy.typing as npt

from analyzer.models import Vectors

_NEAREST = 5  # a wider neighbourhood reaches into other topics, a narrower one sees single typing errors

Floats = npt.NDArray[np.float64]


def outlier_scores(near: Vectors, to_centroid: Vectors) -> Floats:
    """Score rows by how little they are like anything.

    Either similarity alone is deceived: a few odd rows may be near each other, and a common phrase is near a centroid.

    Args:
        near: float32[n, k], the similarities of each row's nearest rows, nearest first.
        to_centroid: float32[n], the similarity to the nearest centroid; below 0 counts as 0.

    Returns:
        float64[n], 0 (what everybody says) to 1 (like nothing): one minus the product of the mean similarity to the five
        nearest rows and the similarity to the nearest centroid.
    """
    close = np.clip(near[:, :_NEAREST], 0.0, 1.0).mean(axis=1, dtype=np.float64)
    scores: Floats = 1.0 - close * np.clip(to_centroid, 0.0, 1.0)
    return scores
