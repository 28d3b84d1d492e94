"""How well labelled texts are grouped, by momus and by others, on the same vectors.

    python tests/benchmarks/clusters.py labelled.npz

The file holds emb (float[n, d], unit rows), labels (text[n]; `__noise__` marks what belongs to no topic) and, if there
are any, parents (text[n]). Peers run where they are installed; make a separate environment for those, with momus's
`analyze` extra beside them: `pip install evoc bertopic`. One that is missing is named. Kura's k-means is run with its own rule,
a cluster for ten rows.

Columns: clusters; share of rows left out; ARI with left-out rows at their nearest centroid, against the labels; ARI
between runs with two seeds; ARI between runs on two parts of four fifths, on common rows; CPU seconds of one run.
"""

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.cluster import HDBSCAN, KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score

from analyzer.clusters.assign import centroids_of
from analyzer.clusters.graph import Labels
from analyzer.clusters.group import group
from analyzer.models import Vectors

Method = Callable[[Vectors, int], Labels]


def momus(vectors: Vectors, seed: int) -> Labels:
    """As the analyzer does it, all stability figures included."""
    return group(vectors, seed=seed).labels


def kura_k_means(vectors: Vectors, seed: int) -> Labels:
    """Kura's rule of one cluster for ten rows."""
    count = -(-len(vectors) // 10)
    return np.asarray(MiniBatchKMeans(count, random_state=seed, n_init=1).fit_predict(vectors), dtype=np.int64)


def k_means(vectors: Vectors, seed: int) -> Labels:
    """One cluster for a hundred rows."""
    count = max(2, len(vectors) // 100)
    return np.asarray(KMeans(count, random_state=seed, n_init=1).fit_predict(vectors), dtype=np.int64)


def umap_hdbscan(vectors: Vectors, seed: int) -> Labels:
    """Five dimensions, and a smallest cluster that grows with the rows."""
    return _umap_hdbscan(vectors, seed, max(5, min(100, round(0.8 * len(vectors) ** 0.4))), 5)


def bertopic(vectors: Vectors, seed: int) -> Labels:
    """BERTopic's default steps: the same with a smallest cluster of ten, whatever the number of rows."""
    return _umap_hdbscan(vectors, seed, 10, 10)


def evoc(vectors: Vectors, seed: int) -> Labels:
    """EVoC as it comes."""
    from evoc import EVoC  # type: ignore[import-not-found]  # a peer, never among the dependencies

    return np.asarray(EVoC(random_state=seed).fit_predict(vectors), dtype=np.int64)


METHODS: tuple[Method, ...] = (momus, kura_k_means, k_means, umap_hdbscan, bertopic, evoc)


def _umap_hdbscan(vectors: Vectors, seed: int, smallest: int, core: int) -> Labels:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap

        model = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, n_jobs=1)
        placed = model.fit_transform(vectors)
    return np.asarray(
        HDBSCAN(min_cluster_size=smallest, min_samples=core, copy=True).fit_predict(placed), dtype=np.int64
    )


def everywhere(vectors: Vectors, labels: Labels) -> Labels:
    """Rows in no cluster go to the nearest centroid."""
    if labels.max(initial=-1) < 0:
        return np.zeros_like(labels)
    centroids = centroids_of(vectors, labels)
    return np.where(labels >= 0, labels, (vectors @ centroids.T).argmax(axis=1))


def measure(method: Method, vectors: Vectors, truth: npt.NDArray[np.str_]) -> str:
    """One line of the table."""
    start = time.process_time()
    first = method(vectors, 0)
    cpu_s = time.process_time() - start
    full, told = everywhere(vectors, first), truth != "__noise__"
    other = everywhere(vectors, method(vectors, 1))
    parts = [np.sort(np.random.default_rng(seed).permutation(len(vectors))[: len(vectors) * 4 // 5]) for seed in (1, 2)]
    halves = [everywhere(vectors[part], method(vectors[part], seed)) for seed, part in enumerate(parts)]
    _, here, there = np.intersect1d(parts[0], parts[1], return_indices=True)
    return (
        f"{method.__name__:<14}{first.max() + 1:>9}{(first < 0).mean():>9.3f}"
        f"{adjusted_rand_score(truth[told], full[told]):>9.3f}{adjusted_rand_score(full, other):>9.3f}"
        f"{adjusted_rand_score(halves[0][here], halves[1][there]):>9.3f}{cpu_s:>9.1f}"
    )


def main(path: Path) -> None:
    """Measure every method that is installed."""
    with np.load(path, allow_pickle=False) as data:
        vectors, truth = data["emb"].astype(np.float32), data["labels"]
    print(f"{path.name}, {len(vectors)} rows", f"{'':14} clusters  left out   ARI    seeds    parts    CPU s", sep="\n")  # noqa: T201
    for method in METHODS:
        try:
            print(measure(method, vectors, truth), flush=True)  # noqa: T201
        except ImportError as error:
            print(f"{method.__name__:<14} not installed: {error.name}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
