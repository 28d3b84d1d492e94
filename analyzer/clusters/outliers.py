"""How much alone a row is: far from its nearest rows, and in no cluster for long."""

import numpy as np
import numpy.typing as npt

from analyzer.models import Vectors

_NEAREST = 5  # a wider neighbourhood reaches into other topics, a narrower one sees single typing errors

Floats = npt.NDArray[np.float64]


def outlier_scores(near: Vectors, memberships: Floats) -> Floats:
    """Score rows by how little belongs to them.

    Args:
        near: float32[n, k], the similarities of each row's nearest rows, nearest first.
        memberships: float64[n], 0 to 1.

    Returns:
        float64[n], 0 (in the middle of a firm cluster) to 1 (near nothing): one minus the mean similarity to the five
        nearest rows times the square root of the membership.
    """
    close = np.clip(near[:, :_NEAREST], 0.0, 1.0).mean(axis=1)
    scores: Floats = 1.0 - close * np.sqrt(memberships)
    return scores
