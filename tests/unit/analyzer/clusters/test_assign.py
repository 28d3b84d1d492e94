"""Rows that come later, clusters that come up, and the levels above."""

from itertools import pairwise

import numpy as np

from analyzer.clusters.assign import assign, is_rising
from analyzer.clusters.emerging import emerging
from analyzer.clusters.group import group
from analyzer.clusters.hierarchy import levels
from analyzer.clusters.stability import badge, memberships, overlaps

from .conftest import Planted


def test_assigning_the_rows_again_gives_their_labels(planted: Planted) -> None:
    """One rule in every path: no row is in a cluster that it would not be put into if it came today."""
    vectors, _ = planted([60, 40, 20], spread=1.2)
    found = group(vectors)
    assert np.array_equal(assign(vectors, found.clusters).labels, found.labels)


def test_each_cluster_has_its_own_radius(planted: Planted) -> None:
    """At one distance from its centroid a row belongs to a wide cluster and not to a narrow one."""
    wide, _ = planted([60], spread=1.2, seed=1)
    narrow, _ = planted([60], spread=0.2, seed=2)
    clusters = group(np.concatenate([wide, narrow])).clusters
    radii = sorted(cluster.radius for cluster in clusters)
    assert len(radii) == 2
    middle = (radii[0] + radii[1]) / 2
    for cluster in clusters:
        aside = np.zeros_like(cluster.centroid)
        aside[np.abs(cluster.centroid).argmin()] = 1
        aside -= cluster.centroid * (aside @ cluster.centroid)
        row = middle * cluster.centroid + np.sqrt(1 - middle**2) * aside / np.linalg.norm(aside)
        assert (assign(row[None].astype(np.float32), [clusters[0], clusters[1]]).labels[0] >= 0) == (
            cluster.radius < middle
        )


def test_what_is_like_nothing_matches_nothing(planted: Planted) -> None:
    """A strange row has a nearest cluster but no label; without clusters it has neither."""
    vectors, _ = planted([40] * 4)
    strange, _ = planted([1] * 20, seed=7)
    placed = assign(strange, group(vectors).clusters)
    assert (placed.labels == -1).all()
    assert (placed.nearest >= 0).all()
    assert (assign(strange, ()).nearest == -1).all()


def test_a_rising_share_without_match_asks_for_new_clusters() -> None:
    """One in ten is by design; a few rows say nothing."""
    assert not is_rising(np.repeat([-1, 0], [100, 900]))
    assert is_rising(np.repeat([-1, 0], [200, 800]))
    assert not is_rising(np.repeat([-1, 0], [8, 2]))


def test_a_topic_that_comes_up_is_found_and_growth_is_not(planted: Planted) -> None:
    """Two of six topics are new today; the others only have more rows."""
    vectors, truth = planted([80] * 6)
    today = (truth >= 4) | (np.arange(len(truth)) % 4 == 0)
    known, new = vectors[~today], vectors[today]
    found = emerging(known, new, group(known).clusters)
    assert sorted({int(topic) for each in found for topic in truth[today][each.rows]}) == [4, 5]
    assert len(found) == 2
    assert all(each.share == 1.0 for each in found)


def test_nothing_comes_up_where_nothing_is_new(planted: Planted) -> None:
    """A second day of the same topics makes no new clusters."""
    vectors, _ = planted([100] * 4)
    known, new = vectors[:300], vectors[300:]
    assert emerging(known, new, group(known).clusters) == ()
    assert emerging(known, new[:3], ()) == ()


def test_levels_shrink_and_nest(planted: Planted) -> None:
    """Strictly fewer clusters on each level, at most ten on top, and no parent is torn between two grandparents."""
    for count in (3, 11, 40, 400):
        leaves, _ = planted([1] * count)
        above = levels(leaves)
        sizes = [count, *(int(parents.max()) + 1 for parents in above)]
        assert sizes == sorted(set(sizes), reverse=True)
        assert sizes[-1] <= 10
        for lower, higher in pairwise(above):
            assert all(len(set(higher[lower == parent])) == 1 for parent in range(lower.max() + 1))


def test_siblings_stand_under_one_parent(planted: Planted) -> None:
    """Sixteen leaves around four directions have those as parents."""
    leaves, truth = planted([4] * 4, spread=0.4)
    parents = levels(leaves)[0]
    assert all(len(set(parents[truth == topic])) == 1 for topic in range(4))
    assert parents.max() == 3


def test_overlap_counts_only_rows_that_both_saw() -> None:
    """Worked by hand: cluster 0 loses one of four rows to another, cluster 1 is whole where it was seen."""
    labels = np.array([0, 0, 0, 0, 1, 1, 1, -1])
    run = np.array([5, 5, 5, 2, 2, 2, -1, 2])
    assert overlaps(labels, run).tolist() == [3 / 4, 2 / 4]
    assert memberships(labels, [run]).tolist() == [3 / 4, 3 / 4, 3 / 4, 1 / 4, 1, 1, 0, 0]


def test_badges_follow_the_overlap() -> None:
    """.75 and .6 are the bounds; of few rows nothing is stable."""
    assert [badge(at, 1_000) for at in (0.59, 0.6, 0.74, 0.75)] == ["noise", "tentative", "tentative", "stable"]
    assert badge(1.0, 99) == "tentative"
