"""Vectors without a model."""

import random

import numpy as np
import pytest

from analyzer.light_embedder import LightEmbedder

DEEDS = ("cancel", "change", "print", "renew", "transfer", "upgrade")
THINGS = ("subscription", "delivery address", "boarding pass", "invoice", "licence", "phone plan", "seat", "insurance")


def wishes(count: int) -> list[str]:
    drawn = random.Random(1)
    return [f"{drawn.choice(DEEDS)} my {drawn.choice(THINGS)} {n:x}" for n in range(count)]


def test_similarity_does_not_depend_on_the_order_of_texts() -> None:
    """The same pairs are as near, whichever text comes first."""
    texts = wishes(60)
    order = np.random.default_rng(2).permutation(len(texts))
    one, other = LightEmbedder().embed(texts), LightEmbedder().embed([texts[at] for at in order])
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-4)
    assert np.allclose((one @ one.T)[np.ix_(order, order)], other @ other.T, atol=1e-4)


def test_two_wordings_are_nearer_than_two_wishes() -> None:
    """Shared words count, courtesies do not; equal texts have one vector, an empty one none."""
    texts = [
        "cancel my subscription",
        "please could you cancel the subscription",
        "print an invoice",
        "print an invoice",
    ]
    near = LightEmbedder().embed([*texts, "", *wishes(20)])
    assert near[0] @ near[1] > 0.5 > near[0] @ near[2]
    assert near[2] @ near[3] == pytest.approx(1, abs=1e-5)
    assert not near[4].any()
