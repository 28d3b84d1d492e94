"""The method by name: UMAP, then HDBSCAN, judged like the other."""

import pytest
from sklearn.metrics import adjusted_rand_score

from analyzer.clusters.distinct import distinct
from analyzer.clusters.group import group
from analyzer.clusters.umap_hdbscan import by_density, dense_regions, smallest_of

from .conftest import Planted, Shuffled


@pytest.mark.slow
def test_planted_groups_are_found_and_noise_stays_noise(planted: Planted) -> None:
    """Six topics that run into one another are six stable clusters; rows that HDBSCAN left out are in none, however near a centroid they are."""
    vectors, truth = planted([80] * 6, spread=2.4)
    found = group(vectors, method="umap_hdbscan")
    inside = found.labels >= 0
    assert len(found.clusters) == 6
    assert {cluster.badge for cluster in found.clusters} == {"stable"}
    assert inside.mean() > 0.9
    assert adjusted_rand_score(truth[inside], found.labels[inside]) > 0.7
    rows = distinct(vectors).rows
    left_out = rows[dense_regions(vectors[rows], seed=0) < 0]
    assert len(left_out)
    assert (found.labels[left_out] == -1).all()


@pytest.mark.slow
def test_shuffled_data_has_no_dense_clusters(planted: Planted, shuffled: Shuffled) -> None:
    """UMAP and HDBSCAN find some in anything; they are not found again, or no denser than chance."""
    assert not group(shuffled(planted([60, 50, 40])[0]), method="umap_hdbscan").clusters


def test_the_smallest_cluster_grows_with_the_rows() -> None:
    """At least 5, at most 100, about 35 of ten thousand."""
    assert [smallest_of(n) for n in (6, 500, 10_000, 30_000, 1_000_000)] == [5, 10, 32, 49, 100]


def test_a_handful_of_rows_is_noise(planted: Planted) -> None:
    """HDBSCAN is not asked about fewer rows than make a cluster."""
    cut = by_density(planted([5])[0], seed=0)
    assert cut.labels.tolist() == [-1] * 5
    assert all((part >= -1).all() for part in cut.parts)
