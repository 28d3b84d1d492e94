"""What becomes of cuts that say nothing, and what is told of them."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from analyzer.clusters.group import Grouping, group
from analyzer.clusters.guard import Counts, is_torn, remark, suspects

from .conftest import OneSubject, Planted


def test_what_nearly_all_say_is_a_cluster_and_hides_no_small_one(planted: Planted) -> None:
    """A topic without inner borders is not torn, nor are those beside it; only they can be called stable."""
    vectors, truth = planted([500, 20, 20])
    found = group(vectors)
    assert _agreement(found, truth) == 1.0
    assert [cluster.badge for cluster in found.clusters] == ["tentative", "stable", "stable"]
    assert found.note.startswith("one cluster held")
    assert found.note.endswith("a finer cut would not be found again")


@pytest.mark.parametrize("seed", [0, 1])
def test_topics_of_one_subject_are_told_apart_beside_far_ones(one_subject: OneSubject, seed: int) -> None:
    """Five topics that look alike from afar are five, however few rows stand elsewhere."""
    vectors, truth = one_subject(seed)
    found = group(vectors)
    assert len(found.clusters) == 8
    assert _agreement(found, truth) > 0.98


def test_a_finer_cut_is_told(one_subject: OneSubject) -> None:
    """The note says what looked suspicious and what became of it."""
    vectors, _ = one_subject(1)
    assert group(vectors).note == "one cluster held 80% of 375 texts: cut finer, into 8 clusters"


def test_two_topics_stay_two(planted: Planted) -> None:
    """Few clusters may be the truth; the note says that a finer cut was looked for."""
    vectors, truth = planted([100, 100])
    found = group(vectors)
    assert _agreement(found, truth) == 1.0
    assert len(found.clusters) == 2
    assert found.note == "2 clusters in 200 texts: a finer cut would not be found again"


def test_ordinary_cuts_are_left_alone(planted: Planted) -> None:
    """Five topics, the largest of them three fifths of all, need no second look."""
    assert group(planted([300, 100, 50, 20, 10])[0]).note == ""


def test_suspects_are_what_swallowed_nearly_all_or_stands_nearly_alone() -> None:
    """Of three or more clusters the one beyond seven tenths; of one or two each that is worth it."""
    assert suspects(_counts(100, 100, 100)).tolist() == []
    assert suspects(_counts(50, 720, 230)).tolist() == [1]
    assert suspects(_counts(50, 700, 250)).tolist() == []
    assert suspects(_counts(200, 99)).tolist() == [0]
    assert suspects(_counts(50, 20, 10)).tolist() == []
    assert suspects(_counts()).tolist() == []


def test_nothing_is_remarked_of_few_rows_or_a_good_cut() -> None:
    """Three findings are no occasion for a warning."""
    assert remark(_counts(3), _counts(3)) == ""
    assert remark(_counts(100, 100, 100), _counts(100, 100, 100)) == ""


def test_a_cut_is_torn_when_most_rows_are_in_no_cluster() -> None:
    """Half is enough."""
    assert is_torn(np.array([0, -1, -1]))
    assert not is_torn(np.array([0, -1]))


def _counts(*sizes: int) -> Counts:
    return np.array(sizes, dtype=np.int64)


def _agreement(found: Grouping, truth: Counts) -> float:
    """ARI of the rows that are in a cluster; most must be."""
    inside = found.labels >= 0
    assert inside.mean() > 0.85
    return float(adjusted_rand_score(truth[inside], found.labels[inside]))
