"""Group findings that mean the same, by what was wanted: no ids, no names of people, no scores are compared.

Few distinct texts are grouped by average linkage under a fixed distance: exact, deterministic, and half a second where
UMAP needs ten to compile. Many are reduced by UMAP (seeded) and grouped by HDBSCAN. What is near nothing stays alone.
Equal texts are embedded once, so that a frequent sentence cannot pull the map towards itself.

Each library is imported where it is used: loading and compiling them takes seconds that other commands need not wait for.
"""

import warnings
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.models import Embedder, Vectors
from analyzer.text import stems

Labels = npt.NDArray[np.int64]

MANY = 400  # distinct texts from which on the map is worth its price
_LINK_DISTANCE = 0.8  # cosine distance under which groups are joined
_SEED = 42


def cluster(texts: Sequence[str], embedder: Embedder) -> Labels:
    """Group texts by meaning.

    Args:
        texts: what was wanted, one per finding; texts of equal content words are one.
        embedder: gives the vectors.

    Returns:
        int64[n], one label per text in the order given, counted from 0 by first appearance; every text has a label, and
        one that is near nothing is alone under its own. Depends neither on the order of the texts nor on repeats.
    """
    keys = [_key(text) for text in texts]
    distinct = sorted(set(keys))
    if not distinct:
        return np.zeros(0, dtype=np.int64)
    found = dict(zip(distinct, _group(embedder.embed(distinct)), strict=True))
    order: dict[int, int] = {}
    return np.array([order.setdefault(int(found[key]), len(order)) for key in keys], dtype=np.int64)


def _key(text: str) -> str:
    """The content words of a text; the text itself where it has none, as in scripts without word breaks."""
    lowered = " ".join(text.lower().split())
    return lowered if stems(lowered) else lowered or "-"


def _group(vectors: Vectors) -> Labels:
    if len(vectors) == 1:
        return np.zeros(1, dtype=np.int64)
    labels = _by_density(vectors) if len(vectors) >= MANY else _by_linkage(vectors)
    return _alone(labels)


def _by_linkage(vectors: Vectors) -> Labels:
    from sklearn.cluster import AgglomerativeClustering

    distances = np.clip(1.0 - vectors @ vectors.T, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    model = AgglomerativeClustering(
        n_clusters=None, distance_threshold=_LINK_DISTANCE, metric="precomputed", linkage="average"
    )
    return np.asarray(model.fit_predict(distances), dtype=np.int64)


def _by_density(vectors: Vectors) -> Labels:
    import hdbscan

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # umap tells of optional parts that we do not use
        import umap

    size = max(3, int(np.sqrt(len(vectors)) / 4))
    placed = umap.UMAP(
        n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=_SEED, n_jobs=1
    ).fit_transform(vectors)
    grouping = hdbscan.HDBSCAN(
        min_cluster_size=size, min_samples=2, cluster_selection_method="leaf", core_dist_n_jobs=1
    )
    return np.asarray(grouping.fit_predict(placed.astype(np.float64)), dtype=np.int64)


def _alone(labels: Labels) -> Labels:
    """Give each point of noise (-1) a label of its own."""
    result = labels.copy()
    noise = np.flatnonzero(labels < 0)
    result[noise] = np.arange(len(noise)) + (labels.max(initial=-1) + 1)
    return result


def members_of(labels: Labels) -> list[list[int]]:
    """Positions by label, in the order of the labels."""
    members: dict[int, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        members[int(label)].append(position)
    return [members[label] for label in sorted(members)]
