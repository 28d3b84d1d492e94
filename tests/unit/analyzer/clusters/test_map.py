"""The map: places that mean something, stay where they were, and take new rows in."""

import numpy as np
import pytest

from analyzer.clusters.map import align, lay_out, place
from analyzer.clusters.places import places

from .conftest import Planted


@pytest.mark.slow
def test_rows_of_one_topic_stand_together(planted: Planted) -> None:
    """Nine of ten rows have a row of their own topic as nearest on the plane; the same seed gives the same map.

    The one test of the map that runs UMAP, which compiles itself first.
    """
    vectors, truth = planted([25, 25, 25])
    points = lay_out(vectors)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points)) * 1e9
    assert (truth[distances.argmin(axis=1)] == truth).mean() > 0.9
    assert np.array_equal(points, lay_out(vectors))
    assert np.isfinite(lay_out(vectors[:6])).all()


def test_a_further_row_stands_amid_its_nearest(planted: Planted) -> None:
    """It is put among the rows of its topic, and a row of the sample nearly where it was."""
    vectors, truth = planted([30, 30])
    points = np.where(truth[:, None] == 0, [[0.0, 0.0]], [[10.0, 0.0]]).astype(np.float32)
    placed = place(vectors[:10], vectors[10:], points[10:])
    assert np.allclose(placed, points[:10], atol=0.5)


def test_a_turned_and_mirrored_map_is_laid_on_the_last() -> None:
    """Shapes stay; a map without common rows stays as it is."""
    before = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    before -= before.mean(axis=0)
    turned = before @ np.array([[0.6, -0.8], [-0.8, -0.6]], dtype=np.float32)
    common = np.arange(10, 30)
    assert np.allclose(align(turned, common, before[10:]), before, atol=1e-5)
    assert np.array_equal(align(turned, common[:1], before[:1]), turned)


def test_a_handful_of_rows_has_a_map_too(planted: Planted) -> None:
    """One row and four: finite places, one each."""
    for count in (1, 4):
        points = lay_out(planted([count])[0])
        assert points.shape == (count, 2)
        assert np.isfinite(points).all()


def test_a_map_stays_until_a_tenth_has_come(planted: Planted) -> None:
    """Of 40 rows one more leaves all where they were and stands amid its own; five more, or other vectors, move them."""
    vectors, truth = planted([30, 30])
    ids = [f"{at:02}" for at in range(len(vectors))]
    before = dict(zip(ids[:40], np.column_stack([truth[:40] * 9.0, np.arange(40)]).tolist(), strict=True))
    stayed = places(ids[:41], vectors[:41], before)
    assert np.array_equal(stayed[:40], np.array(list(before.values()), dtype=np.float32))
    assert stayed[40, 0] == pytest.approx(truth[40] * 9, abs=1e-3)
    for moved in (places(ids[:45], vectors[:45], before), places(ids[:40], vectors[:40], before, anew=True)):
        assert not np.allclose(moved[:40], stayed[:40])
    assert places([], vectors[:0], {}).shape == (0, 2)
