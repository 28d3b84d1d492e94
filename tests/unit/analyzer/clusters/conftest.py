"""Vectors with groups that are known, as text embeddings have them: on the unit sphere, in many dimensions."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.clusters.graph import Labels
from analyzer.models import Vectors

Planted = Callable[..., tuple[Vectors, Labels]]
OneSubject = Callable[[int], tuple[Vectors, Labels]]
Shuffled = Callable[[Vectors], Vectors]


def _unit(vectors: npt.NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def planted() -> Planted:
    """Gives rows around random directions, shuffled, and the group of each; mean cosine within is 1 / (1 + spread^2)."""

    def make(sizes: list[int], *, spread: float = 0.6, seed: int = 0) -> tuple[Vectors, Labels]:
        random = np.random.default_rng(seed)
        truth = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
        centres = _unit(random.normal(size=(len(sizes), 64)))
        return _unit(centres[truth] + random.normal(size=(len(truth), 64)) * spread / 8), truth

    return make


@pytest.fixture
def one_subject() -> OneSubject:
    """Gives five topics of sixty rows each near one direction, and three of 25 far from it and each other, and the topic of each."""

    def make(seed: int) -> tuple[Vectors, Labels]:
        random = np.random.default_rng(seed)
        near = _unit(random.normal(size=(1, 64))) + 0.3 * random.normal(size=(5, 64)) / 8
        centres = np.concatenate([_unit(near), _unit(random.normal(size=(3, 64)))])
        truth = random.permutation(np.repeat(np.arange(8), [60] * 5 + [25] * 3))
        return _unit(centres[truth] + random.normal(size=(len(truth), 64)) * 0.05), truth

    return make


@pytest.fixture
def shuffled() -> Shuffled:
    """Gives the same values with each dimension shuffled by itself: no row belongs to any other."""
    random = np.random.default_rng(0)
    return lambda vectors: _unit(np.column_stack([random.permutation(column) for column in vectors.T]).astype(float))
