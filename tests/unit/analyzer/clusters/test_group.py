"""What grouping finds, what it must not find, and what it must not depend on."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from analyzer.clusters.graph import in_order
from analyzer.clusters.group import Grouping, group

from .conftest import Planted, Shuffled


@pytest.mark.parametrize("sizes", [[20] * 5, [30] * 30, [300, 100, 50, 20, 10]], ids=["few", "many", "uneven"])
def test_planted_groups_are_found_and_called_stable(planted: Planted, sizes: list[int]) -> None:
    """As many clusters as were planted; every row that is in one is in the right one."""
    vectors, truth = planted(sizes)
    found = group(vectors)
    inside = found.labels >= 0
    assert len(found.clusters) == len(sizes)
    assert adjusted_rand_score(truth[inside], found.labels[inside]) == 1.0
    assert inside.mean() > 0.85
    assert {cluster.badge for cluster in found.clusters} == {"stable"}


def test_shuffled_data_has_no_clusters(planted: Planted, shuffled: Shuffled) -> None:
    """The values are the same, but no row belongs to any other."""
    for sizes in ([8] * 4, [100] * 5, [30] * 20):
        vectors, _ = planted(sizes)
        found = group(shuffled(vectors))
        assert not found.clusters
        assert (found.labels == -1).all()
        assert (found.nearest == -1).all()


def test_rows_that_all_mean_the_same_are_one_tentative_cluster(planted: Planted) -> None:
    """There is nothing to compare it with, so nobody can say that it is stable."""
    vectors, _ = planted([150])
    found = group(vectors)
    assert [cluster.badge for cluster in found.clusters] == ["tentative"]
    assert (found.labels == 0).mean() >= 0.9


def test_few_rows_are_never_called_stable(planted: Planted) -> None:
    """A part of thirty rows is nearly the thirty rows."""
    vectors, _ = planted([10, 10, 10])
    found = group(vectors)
    assert len(found.clusters) == 3
    assert {cluster.badge for cluster in found.clusters} == {"tentative"}


def test_no_rows_and_a_handful_are_noise(planted: Planted) -> None:
    """Nothing can be told of five rows."""
    for size in (0, 1, 5):
        vectors = planted([9])[0][:size]
        found = group(vectors)
        assert found.clusters == ()
        assert found.labels.tolist() == [-1] * size


def test_the_order_of_the_rows_changes_nothing(planted: Planted) -> None:
    """Every row keeps its label, membership and outlier score wherever it stands."""
    vectors, _ = planted([60, 40, 20, 10], spread=1.2)
    order = np.random.default_rng(1).permutation(len(vectors))
    here, there = group(vectors), group(vectors[order])
    assert np.array_equal(here.labels[order], there.labels)
    assert np.array_equal(here.membership[order], there.membership)
    assert np.array_equal(here.outlier_scores[order], there.outlier_scores)


def test_repeats_and_weights_count_as_size_alone(planted: Planted) -> None:
    """A sentence said a hundred times, or once with weight 100, moves no border; both make its cluster larger."""
    vectors, _ = planted([60, 40, 20])
    once = group(vectors)
    often = group(np.concatenate([vectors, np.repeat(vectors[:1], 99, axis=0)]))
    weighted = group(vectors, weights=np.array([100.0, *np.ones(119)]))
    assert adjusted_rand_score(once.labels, often.labels[:120]) == 1.0
    assert _sizes(often) == _sizes(weighted)
    assert sum(_sizes(often)) - sum(_sizes(once)) in (0, 99)


def test_nearly_equal_rows_do_not_close_themselves_off(planted: Planted) -> None:
    """Many copies of one template, an id apart, stay with the other ways to say the same."""
    vectors, truth = planted([40, 40, 40])
    copies = vectors[:1] + np.random.default_rng(2).normal(size=(80, 64)).astype(np.float32) * 0.003
    copies /= np.linalg.norm(copies, axis=1, keepdims=True)
    found = group(np.concatenate([vectors, copies]))
    assert len(found.clusters) == 3
    assert (found.nearest[120:] == found.nearest[truth.tolist().index(truth[0])]).all()


def test_the_same_seed_gives_the_same_and_another_nearly_the_same(planted: Planted) -> None:
    """Seeds decide doubtful rows, not clusters."""
    vectors, _ = planted([60, 40, 20, 10], spread=1.2)
    one, again, other = group(vectors, seed=1), group(vectors, seed=1), group(vectors, seed=2)
    assert np.array_equal(one.labels, again.labels)
    assert adjusted_rand_score(one.nearest, other.nearest) > 0.95


def test_rows_that_are_like_nothing_score_highest(planted: Planted) -> None:
    """Ten random directions among four topics are the ten largest outlier scores."""
    vectors, _ = planted([50] * 4)
    strange, _ = planted([1] * 10, seed=9)
    scores = group(np.concatenate([vectors, strange])).outlier_scores
    assert set(np.argsort(-scores)[:10]) == set(range(200, 210))


def test_clusters_are_counted_from_the_largest(planted: Planted) -> None:
    """`labels` are places in `clusters`, and sizes are the weights of the rows that carry them."""
    found = group(planted([50, 40, 30, 20])[0])
    assert [cluster.label for cluster in found.clusters] == [0, 1, 2, 3]
    assert _sizes(found) == sorted(_sizes(found), reverse=True)
    assert _sizes(found) == np.bincount(found.labels[found.labels >= 0]).tolist()


def test_small_groups_lose_their_number() -> None:
    """Labels are counted anew by first appearance, and groups below the smallest size become noise."""
    assert in_order(np.array([7, 3, 3, 9, 7, 5]), 2).tolist() == [0, 1, 1, -1, 0, -1]


def _sizes(found: Grouping) -> list[float]:
    return [cluster.size for cluster in found.clusters]
