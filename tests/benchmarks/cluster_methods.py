"""Ways to group vectors, ours and others', each run in a process of its own: `clusters.py` starts it and reads what it wrote.

    python cluster_methods.py METHOD labelled.npz result.npz

Every method is called four times: on all rows with two seeds, and on two parts of four fifths, each with another seed. A
small call comes first, so that what is compiled on first use is counted apart. Peers run as they are shipped,
with the settings that their own code has; a method that takes no seed is not asked to repeat itself.
"""

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Method = Callable[[Vectors, int], Labels]

_WARM_UP = 500  # rows of the first call
_PART = 0.8


def momus(vectors: Vectors, seed: int) -> Labels:
    """As the analyzer groups by default, thirty clusterings for consensus and stability included."""
    from analyzer.clusters.group import group

    return group(vectors, seed=seed).labels


def k_means(vectors: Vectors, seed: int) -> Labels:
    """One cluster for a hundred rows."""
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(max(2, len(vectors) // 100), random_state=seed).fit_predict(vectors), dtype=np.int64)


def kura_k_means(vectors: Vectors, seed: int) -> Labels:
    """Kura's own class with its defaults: one cluster for ten rows."""
    from kura.k_means import KmeansClusteringMethod  # type: ignore[import-not-found]  # a peer, never a dependency

    np.random.seed(seed)  # it takes no seed, and draws from numpy's global one
    return _of_kura(KmeansClusteringMethod(), vectors)


def kura_hdbscan(vectors: Vectors, seed: int) -> Labels:
    """Kura's own class with its defaults: HDBSCAN on the vectors themselves, what it leaves out being one more cluster."""
    from kura.hdbscan import HDBSCANClusteringMethod  # type: ignore[import-not-found]  # a peer, never a dependency

    return _of_kura(HDBSCANClusteringMethod(), vectors)


def bertopic(vectors: Vectors, seed: int) -> Labels:
    """BERTopic's own class with its defaults; UMAP's are repeated for the one thing that is changed, the seed.

    The texts only name topics, so their positions stand for them.
    """
    from bertopic import BERTopic  # type: ignore[import-not-found]  # a peer, never a dependency
    from umap import UMAP

    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    texts = [f"row{at}" for at in range(len(vectors))]
    topics, _ = BERTopic(umap_model=umap).fit_transform(texts, vectors)
    return np.asarray(topics, dtype=np.int64)


def umap_hdbscan(vectors: Vectors, seed: int) -> Labels:
    """The same two steps, with a smallest cluster that grows with the rows."""
    from hdbscan import HDBSCAN
    from umap import UMAP

    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    smallest = max(5, min(100, round(0.8 * len(vectors) ** 0.4)))
    found = HDBSCAN(min_cluster_size=smallest, min_samples=5).fit_predict(umap.fit_transform(vectors))
    return np.asarray(found, dtype=np.int64)


def evoc(vectors: Vectors, seed: int) -> Labels:
    """EVoC with its defaults."""
    from evoc import EVoC  # type: ignore[import-not-found]  # a peer, never a dependency

    return np.asarray(EVoC(random_state=seed).fit_predict(vectors), dtype=np.int64)


METHODS: tuple[Method, ...] = (momus, k_means, kura_k_means, kura_hdbscan, bertopic, umap_hdbscan, evoc)
SEEDLESS = (kura_hdbscan,)


def parts(row_count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Two different four fifths of the rows, each int64[m], ascending."""
    one, other = (np.random.default_rng(seed).permutation(row_count)[: int(_PART * row_count)] for seed in (1, 2))
    return np.sort(one), np.sort(other)


def run(method: Method, vectors: Vectors) -> dict[str, npt.NDArray[np.generic]]:
    """Label all rows twice and two parts once: `full`, `other`, `part0`, `part1`; CPU seconds of the
    small call and of the first large one as `seconds`."""
    _, cold_s = _timed(method, vectors[:_WARM_UP], 0)
    full, cpu_s = _timed(method, vectors, 0)
    other = full if method in SEEDLESS else method(vectors, 1)
    part0, part1 = (method(vectors[part], seed) for seed, part in enumerate(parts(len(vectors))))
    return {"full": full, "other": other, "part0": part0, "part1": part1, "seconds": np.array([cold_s, cpu_s])}


def _timed(method: Method, vectors: Vectors, seed: int) -> tuple[Labels, float]:
    start = time.process_time()
    labels = method(vectors, seed)
    return labels, time.process_time() - start


def _of_kura(method: object, vectors: Vectors) -> Labels:
    """Kura takes a list of dicts and returns the items of each cluster."""
    items = [{"embedding": vector, "item": at} for at, vector in enumerate(vectors)]
    labels = np.full(len(vectors), -1, dtype=np.int64)
    for label, members in method.cluster(items).items():  # type: ignore[attr-defined]  # a peer's class
        labels[members] = label
    return labels


def main(name: str, labelled: Path, result: Path) -> None:
    """Run one method and write what it found."""
    with np.load(labelled, allow_pickle=False) as data:
        vectors = data["emb"].astype(np.float32)
    warnings.simplefilter("ignore")  # peers' libraries warn of their own affairs
    (method,) = (one for one in METHODS if one.__name__ == name)
    np.savez(result, allow_pickle=False, **run(method, vectors))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
