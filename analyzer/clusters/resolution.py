"""How finely to cut: as many communities as there are topics, which nobody knows beforehand.

Leiden's method compares the edges inside a community with those that chance would put there, times the resolution. The
more topics there are the less chance puts into each, so at one fixed resolution a hundred topics are merged and ten are
torn. What fits every number of topics is a fixed product: the resolution times the chance that two edges' ends fall into
one community. Then two groups are joined when more than an eighth of what leaves one goes to the other, be they two of
ten or two of a thousand.
"""

import numpy as np

from analyzer.clusters.graph import Graph, Labels, communities

_JOINING_SHARE = (
    1 / 8
)  # found on half of the topics of two public sets, thinned in topics and rows; flat from 1/6 to 1/10
_FIRST = 2.0
_ROUNDS = 6
_COUNTED = 3  # last rounds, whose mean is taken
_LEAST = 0.5


def fitting_resolution(graph: Graph) -> float:
    """The resolution at which the product above is an eighth; at least 0.5.

    Clustering at a guess says how many communities there are, which makes the next guess. Their number grows with the
    resolution, but ever more slowly, so the guesses close in on one value. Means damp the accidents of single runs. It is
    a property of the graph: the seeds are fixed, so that two analyses of the same rows cut them equally finely.
    """
    guesses = [_FIRST]
    for at in range(_ROUNDS):
        wanted = _JOINING_SHARE * _effective_count(communities(graph, guesses[-1], at))
        guesses.append(max(_LEAST, wanted if at == 0 else float(np.sqrt(guesses[-1] * wanted))))
    return float(np.exp(np.log(guesses[-_COUNTED:]).mean()))


def _effective_count(labels: Labels) -> float:
    """One over the chance that two rows are of one community: how many equally large ones would have that chance."""
    shares = np.bincount(labels) / len(labels)
    return float(1.0 / np.square(shares).sum())
