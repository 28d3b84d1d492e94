"""Many clusterings of one graph, each from another seed on another part of the rows, and what they agree on.

One clustering depends on the order in which its rows were moved. Rows that many clusterings put together belong together;
how often they do is what makes clusters firm or doubtful.
"""

from collections.abc import Sequence

import numpy as np

from analyzer.clusters.graph import Graph, Labels, communities

_PART = 0.8  # of the rows, in each clustering of a part


def whole_runs(graph: Graph, resolution: float, count: int, seed: int) -> list[Labels]:
    """Cluster all rows `count` times: int64[n] each."""
    return [communities(graph, resolution, _seed(seed, 0, run)) for run in range(count)]


def part_runs(graph: Graph, resolution: float, count: int, seed: int) -> list[Labels]:
    """Cluster four fifths of the rows `count` times: int64[n] each, -1 for a row that was left out."""
    return [_part_run(graph, resolution, _seed(seed, 1, run)) for run in range(count)]


def _part_run(graph: Graph, resolution: float, seed: int) -> Labels:
    n = graph.shape[0]
    rows = np.sort(np.random.default_rng(seed).permutation(n)[: int(np.ceil(_PART * n))])
    labels = np.full(n, -1, dtype=np.int64)
    labels[rows] = communities(graph[rows][:, rows].tocsr(), resolution, seed)
    return labels


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
    return communities(agreed, resolution, _seed(seed, 2, 0))


def _seed(seed: int, kind: int, run: int) -> int:
    return int(np.random.SeedSequence([seed, kind, run]).generate_state(1)[0])
