"""Clusters against a person's groups: agreement, noise, purity, and lines that are no labels."""

import random

import pytest
from sklearn.metrics import adjusted_rand_score

from analyzer.evaluate.groupings import agree, read_groupings

LABELS = {f"item{n}": f"label{n % 4}" for n in range(40)}


def test_the_same_groups_under_other_names_agree_wholly() -> None:
    """Names of clusters mean nothing."""
    found = agree("intents", LABELS, {item: label.upper() for item, label in LABELS.items()})
    assert found.adjusted_rand == (1.0, 1.0, 1.0)
    assert found.adjusted_mutual_information.value == found.v_measure.value == found.purity.value == pytest.approx(1)
    assert (found.item_count, found.label_count, found.cluster_count, found.noise.value) == (40, 4, 4, 0)


def test_groups_by_chance_agree_by_nothing() -> None:
    """The indices are adjusted: chance is 0, inside the interval, and no better for drawing items anew."""
    drawn = random.Random(1)
    labels = {str(n): str(drawn.randrange(5)) for n in range(300)}
    found = agree("intents", labels, {item: str(drawn.randrange(5)) for item in labels})
    for index in (found.adjusted_rand, found.adjusted_mutual_information):
        assert index.value is not None
        assert index.low is not None
        assert index.high is not None
        assert abs(index.value) < 0.03
        assert index.low <= 0.01
        assert index.high < 0.06


def test_noise_is_told_apart_from_disagreement() -> None:
    """Items in no cluster lower no index; they are a share of their own."""
    clusters = {item: "" if int(item[4:]) < 10 else label for item, label in LABELS.items()}
    found = agree("intents", LABELS, clusters)
    assert found.noise.value == 0.25
    assert found.adjusted_rand.value == 1.0


def test_indices_are_those_of_the_clustered_items() -> None:
    """Against a slow and obvious way: take the pairs, ask the library."""
    clusters = {item: f"c{int(item[4:]) % 3}" for item in LABELS}
    expected = adjusted_rand_score(list(LABELS.values()), list(clusters.values()))
    assert agree("intents", LABELS, clusters).adjusted_rand.value == pytest.approx(expected)


def test_purity_names_the_commonest_label_of_each_cluster() -> None:
    """Largest first; an interval that a small cluster deserves."""
    labels = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "y"}
    first, second = agree("findings", labels, {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2"}).clusters
    assert (first.cluster_id, first.size, first.label) == ("1", 3, "x")
    assert first.share.value == pytest.approx(2 / 3)
    assert second.share.value == 1.0
    assert second.share.low is not None
    assert second.share.low < 0.5


def test_too_few_items_have_no_interval_and_none_no_index() -> None:
    """Nothing is made up."""
    found = agree("intents", {"a": "x"}, {"a": "1"})
    assert (found.adjusted_rand.value, found.noise.value, found.noise.low) == (None, 0.0, None)
    assert agree("intents", {"a": "x"}, {}).noise.value is None


def test_what_is_no_label_is_told_and_left_out() -> None:
    """The good lines stay."""
    lines = [
        '{"id": "a", "label": "x"}',
        "",
        "[1]",
        '{"id": "b"}',
        '{"id": "a", "label": "y"}',
        '{"id": 1, "label": "x"}',
        "{",
    ]
    labels, problems = read_groupings(lines)
    assert labels == {"a": "x"}
    assert [problem.split()[1] for problem in problems] == ["3", "4", "5", "6", "7"]
