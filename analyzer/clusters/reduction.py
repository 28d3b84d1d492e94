"""Place vectors in few dimensions by UMAP: near rows stay near, all other distances mean little.

UMAP compiles itself on its first call, for some twenty seconds. Nothing else here does, so it is loaded where it is used.
"""

import warnings

import numpy as np
import numpy.typing as npt

from analyzer.clusters.knn import nearest
from analyzer.models import Vectors

Points = npt.NDArray[np.float32]

_NEIGHBOURS = 15  # UMAP's own default, a row itself counted as one
_FEW = 20  # rows below which the graph's spectrum, where UMAP begins, has too few dimensions


def reduced(vectors: Vectors, dimension_count: int, *, min_dist: float, seed: int) -> Points:
    """Place rows by UMAP, given their exact neighbours.

    Args:
        vectors: float32[n, d], each of length 1, distinct, n at least 5.
        dimension_count: 1 or more.
        min_dist: how close rows may come, 0 to 1; 0 for clustering, .1 for looking at.
        seed: the same rows, order and seed give the same places.

    Returns:
        float32[n, dimension_count].
    """
    n = len(vectors)
    count = min(_NEIGHBOURS, n - 1)
    around = nearest(vectors, count - 1, seed=seed)
    known = (
        np.column_stack([np.arange(n), around.positions]).astype(np.int64),  # UMAP counts a row as its own nearest
        np.column_stack([np.zeros(n), 1.0 - around.similarities]).astype(np.float32),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # umap tells of optional parts, and of a transform, that we do not use
        import umap

        model = umap.UMAP(
            n_neighbors=count,
            n_components=dimension_count,
            min_dist=min_dist,
            metric="cosine",
            init="random" if n < _FEW else "spectral",
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(*known, None),
        )
        return np.asarray(model.fit_transform(vectors), dtype=np.float32)
