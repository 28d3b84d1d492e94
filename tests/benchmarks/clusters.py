"""How well labelled texts are grouped, by momus and by others, on the same vectors; or how long momus takes.

    python tests/benchmarks/clusters.py labelled.npz ... [--methods momus evoc] [--peers FOLDER] [--keep FOLDER]
    python tests/benchmarks/clusters.py --time vectors.npy --sizes 500 13000 100000

A labelled file holds emb (float[n, d], unit rows) and labels (text[n]; `__noise__` marks what belongs to no topic). Peers
are installed into an environment of their own, made in the cache folder on first use; what cannot be run is named. Each
method runs in a process of its own with one thread, at the lowest urgency but one; `cluster_methods.py` tells how.

Columns: clusters; share of rows left out; ARI and AMI against the labels and agreement (ARI) between two seeds and between
two parts of four fifths, all with left-out rows at their nearest centroid; CPU seconds of one run; those over momus's; CPU
seconds of 500 rows in a new process.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from analyzer.clusters.assign import Cluster, assign, centroids_of, radii_of
from analyzer.clusters.distinct import distinct
from analyzer.clusters.graph import communities, in_order
from analyzer.clusters.group import SAMPLE, group
from analyzer.clusters.neighbourhood import neighbourhood
from analyzer.clusters.resolution import fitting_resolution
from analyzer.clusters.scale import scale_of
from tests.benchmarks.cluster_methods import METHODS, Labels, Vectors, parts

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "momus" / "cluster-peers"
PEERS = ("numpy", "scikit-learn", "umap-learn", "hdbscan", "evoc", "kura==0.5.4")
LIGHT = ("bertopic", "plotly", "tqdm", "pyyaml", "pandas")  # without the embedding models that BERTopic would bring
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def peers_python(folder: Path) -> Path:
    """The interpreter of the peers' environment, which is made where it is missing.

    Raises:
        subprocess.CalledProcessError: it cannot be made or filled.
    """
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        uv = [str(ROOT / ".venv" / "bin" / "uv")]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        install = [*uv, "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run([*install, *PEERS, *LIGHT[1:]], check=True)
        subprocess.run([*install, "--no-deps", LIGHT[0]], check=True)
        (folder / "ready").touch()
    return python


def run(name: str, labelled: Path, peers: Path, kept: Path) -> Path:
    """Run one method over a labelled file, or take what it found before, and return where that is.

    Raises:
        subprocess.CalledProcessError: it failed; its own words are on standard error.
    """
    result = kept / f"{labelled.stem}.{name}.npz"
    if not result.exists():
        python = sys.executable if name == "momus" else str(peers_python(peers))
        script = str(Path(__file__).with_name("cluster_methods.py"))
        subprocess.run(
            ["nice", "-n", "10", python, script, name, str(labelled), str(result)],
            env=os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
    return result


def everywhere(vectors: Vectors, labels: Labels) -> Labels:
    """Rows in no cluster go to the nearest centroid."""
    if labels.max(initial=-1) < 0:
        return np.zeros_like(labels)
    return np.where(labels >= 0, labels, (vectors @ centroids_of(vectors, labels).T).argmax(axis=1))


def line(name: str, result: Path, vectors: Vectors, truth: npt.NDArray[np.str_], ours_s: float) -> tuple[str, float]:
    """One line of the table, and the CPU seconds of one run; `ours_s` are those of momus."""
    with np.load(result) as found:
        labels, told = found["full"], truth != "__noise__"
        full, other = everywhere(vectors, labels), everywhere(vectors, found["other"])
        rows = parts(len(vectors))
        here, there = (everywhere(vectors[part], found[f"part{at}"]) for at, part in enumerate(rows))
        cold_s, cpu_s = found["seconds"]
    _, one, two = np.intersect1d(*rows, return_indices=True)
    figures = (
        (labels < 0).mean(),
        adjusted_rand_score(truth[told], full[told]),
        adjusted_mutual_info_score(truth[told], full[told]),
        adjusted_rand_score(full, other),
        adjusted_rand_score(here[one], there[two]),
    )
    shown = "".join(f"{figure:>9.3f}" for figure in figures)
    return (
        f"{name:<14}{len(np.unique(labels[labels >= 0])):>9}{shown}{cpu_s:>9.1f}{cpu_s / (ours_s or cpu_s):>9.1f}{cold_s:>9.1f}",
        cpu_s,
    )


def table(labelled: Path, names: Sequence[str], peers: Path, kept: Path) -> None:
    """Print a line for every method; momus comes first, the others are compared with it."""
    with np.load(labelled, allow_pickle=False) as data:
        vectors, truth = data["emb"].astype(np.float32), data["labels"]
    columns = ("clusters", "left out", "ARI", "AMI", "seeds", "parts", "CPU s", "x momus", "cold s")
    print(f"{labelled.stem}, {len(vectors)} rows", " " * 14 + "".join(f"{c:>9}" for c in columns), sep="\n")  # noqa: T201
    ours_s = 0.0
    for name in names:
        try:
            text, cpu_s = line(name, run(name, labelled, peers, kept), vectors, truth, ours_s)
        except subprocess.CalledProcessError as error:
            text, cpu_s = f"{name:<14} not run: {Path(error.cmd[0]).name} ended with {error.returncode}", 0.0
        ours_s = cpu_s if name == "momus" else ours_s
        print(text, flush=True)  # noqa: T201


def cluster_once(vectors: Vectors) -> Labels:
    """One clustering as `group` makes thirty of, with all that comes before and after it and nothing that judges it."""
    apart = distinct(vectors)
    rows = vectors[apart.rows]
    sample = rows[:SAMPLE]
    scale = scale_of(len(sample))
    around = neighbourhood(sample, scale.neighbour_count, 0)
    labels = in_order(communities(around.graph, fitting_resolution(around.graph), 0), scale.smallest)
    kept = sample[around.kept]
    centroids = centroids_of(kept, labels)
    radii = radii_of(kept, labels, centroids)
    clusters = [
        Cluster(at, 0.0, 0.0, (0.0, 1.0), "tentative", float(radii[at]), centroid)
        for at, centroid in enumerate(centroids)
    ]
    return assign(rows, clusters).labels[apart.of]


def time_sizes(path: Path, sizes: Sequence[int]) -> None:
    """Print CPU seconds of one clustering and of all that `group` does, for the first rows of a file."""
    vectors = np.load(path, mmap_mode="r")
    print(f"{'rows':>9}{'once s':>9}{'group s':>9}")  # noqa: T201
    for size in sizes:
        rows = np.array(vectors[:size], dtype=np.float32)
        starts = [time.process_time()]
        for work in (cluster_once, group):
            work(rows)
            starts.append(time.process_time())
        once_s, group_s = np.diff(starts)
        print(f"{len(rows):>9}{once_s:>9.1f}{group_s:>9.1f}", flush=True)  # noqa: T201


def main() -> None:
    """Read the command line."""
    names = [method.__name__ for method in METHODS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, nargs="*", help="files with emb and labels")
    parser.add_argument("--methods", nargs="+", choices=names, default=names)
    parser.add_argument("--peers", type=Path, default=CACHE, help="the environment of the peers")
    parser.add_argument("--keep", type=Path, default=CACHE / "results", help="where results are kept and found again")
    parser.add_argument("--time", type=Path, help="float32[n, d] whose first rows are timed")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 13_000, 100_000])
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    for labelled in asked.labelled:
        table(labelled, asked.methods, asked.peers, asked.keep)
    if asked.time:
        time_sizes(asked.time, asked.sizes)


if __name__ == "__main__":
    main()
