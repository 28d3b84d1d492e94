"""Many clusterings of one graph, each from another seed on another part of the rows, and what they agree on.

One clustering depends on the order in which its rows were moved. Rows that many clusterings put together belong together;
how often they do is what makes clusters firm or doubtful.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.clusters.graph import Graph, Labels, communities, in_order
from analyzer.clusters.knn import Rows
from analyzer.clusters.resolution import fitting_resolution

RUNS = 20  # clusterings of parts of the rows, from which stability is told
_WHOLE_RUNS = 10  # clusterings of all rows, which with those of parts make the consensus
_PART = 0.8  # of the rows, in each clustering of a part


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Rows cut into clusters, and the clusterings that tell how firm these are.

    labels: int64[n], -1 for rows in no cluster; parts: int64[n] of each clustering of a part of the rows, -1 for a row
    that was left out; every: all clusterings that were made, in the same form.
    """

    labels: Labels
    parts: Sequence[Labels]
    every: Sequence[Labels]


def by_neighbours(graph: Graph, smallest: int, seed: int, resolution: float | None = None) -> Cut:
    """Cut a graph of shared neighbours into what many clusterings agree on.

    Args:
        graph: of n rows.
        smallest: groups of fewer rows are left out.
        seed: of all runs.
        resolution: how finely to cut; as it fits the graph where absent.
    """
    resolution = resolution or fitting_resolution(graph)

    def cluster(rows: Rows, seed: int) -> Labels:
        return communities(graph[rows][:, rows].tocsr(), resolution, seed)

    parts = part_runs(graph.shape[0], cluster, RUNS, seed)
    wholes = [communities(graph, resolution, seed_of(seed, 0, run)) for run in range(_WHOLE_RUNS)]
    every = [*parts, *wholes]
    return Cut(in_order(agree(graph, every, resolution, seed), smallest), parts, every)


def part_runs(row_count: int, cluster: Callable[[Rows, int], Labels], count: int, seed: int) -> list[Labels]:
    """Cluster four fifths of the rows `count` times: int64[n] each, -1 for a row that was left out.

    Args:
        row_count: n.
        cluster: labels some rows by themselves, given which (ascending) and a seed.
        count: how many parts.
        seed: of the parts and of what clusters them.
    """
    found = []
    for run in range(count):
        own = seed_of(seed, 1, run)
        rows = np.sort(np.random.default_rng(own).permutation(row_count)[: int(np.ceil(_PART * row_count))])
        labels: Labels = np.full(row_count, -1, dtype=np.int64)
        labels[rows] = cluster(rows, own)
        found.append(labels)
    return found


def agree(graph: Graph, runs: Sequence[Labels], resolution: float, seed: int) -> Labels:
    """Cluster once more, with each edge weakened by the share of the runs that part the rows it joins.

    Only the graph's own edges are counted: a table of all pairs would be too large, and joining whatever is together in
    half of the runs chains everything to everything.
    """
    edges = graph.tocoo()
    rows, columns = edges.row, edges.col
    together, seen = np.zeros(len(rows)), np.zeros(len(rows))
    for labels in runs:
        here, there = labels[rows], labels[columns]
        both = (here >= 0) & (there >= 0)
        seen += both
        together += both & (here == there)
    agreed = graph.copy()
    agreed.data = edges.data * together / np.maximum(seen, 1)
    agreed.eliminate_zeros()
    return communities(agreed, resolution, seed_of(seed, 2, 0))


def seed_of(seed: int, kind: int, run: int) -> int:
    """A seed of its own for each run of each kind."""
    return int(np.random.SeedSequence([seed, kind, run]).generate_state(1)[0])
