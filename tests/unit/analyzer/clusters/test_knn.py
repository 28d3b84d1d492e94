"""Fast neighbours and edges against slow obvious ones."""

import numpy as np

from analyzer.clusters.graph import shared_neighbours
from analyzer.clusters.knn import by_cells, exact, nearest
from analyzer.clusters.resolution import fitting_resolution

from .conftest import Planted


def test_exact_neighbours_are_those_of_the_full_table(planted: Planted) -> None:
    """Blocks, partial sorting and the gap for a row itself change nothing."""
    vectors, _ = planted([30, 20, 10])
    table = vectors @ vectors.T
    np.fill_diagonal(table, -2)
    found = nearest(vectors, 7)
    assert np.array_equal(found.positions, np.argsort(-table, axis=1, kind="stable")[:, :7])
    assert np.allclose(found.similarities, -np.sort(-table, axis=1)[:, :7], atol=1e-6)


def test_rows_asked_for_get_what_they_get_among_all(planted: Planted) -> None:
    """Asking for some rows gives those lines of the answer for all."""
    vectors, _ = planted([30, 20])
    asked = np.array([3, 17, 44])
    assert np.array_equal(nearest(vectors, 5, rows=asked).positions, nearest(vectors, 5).positions[asked])


def test_cells_find_nine_of_ten_true_neighbours(planted: Planted) -> None:
    """The inverted file is approximate, yet never names a row as its own neighbour or one row twice."""
    vectors, _ = planted([40] * 50)
    everything = np.arange(len(vectors))
    true, found = nearest(vectors, 10).positions, by_cells(vectors, vectors, 10, everything).positions
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(true, found, strict=True)])
    assert recall > 0.9
    assert all(row not in near and len(set(near)) == 10 for row, near in enumerate(found.tolist()))


def test_an_edge_weighs_the_share_of_neighbours_in_common(planted: Planted) -> None:
    """The square root of the Jaccard overlap of both neighbourhoods, whichever of the two named the other."""
    vectors, _ = planted([12, 9])
    positions = exact(vectors, vectors, 4, np.arange(21)).positions
    around = [{row, *near} for row, near in enumerate(positions.tolist())]
    graph = shared_neighbours(positions).toarray()
    for i in range(21):
        for j in range(21):
            joined = i != j and (j in around[i] or i in around[j])
            expected = np.sqrt(len(around[i] & around[j]) / len(around[i] | around[j])) if joined else 0.0
            assert np.isclose(graph[i, j], expected), (i, j)


def test_more_topics_are_cut_more_finely(planted: Planted) -> None:
    """The resolution that fits grows with the number of topics, not with the rows of each."""

    def fitted(sizes: list[int]) -> float:
        vectors, _ = planted(sizes)
        return fitting_resolution(shared_neighbours(nearest(vectors, 10).positions))

    few, many, larger = fitted([30] * 5), fitted([30] * 40), fitted([60] * 20)
    assert many > 3 * few
    assert np.isclose(larger, fitted([30] * 20), rtol=0.25)
