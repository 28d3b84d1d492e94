"""A vector is made once for each text and model."""

from collections.abc import Sequence

import numpy as np

from analyzer.asking.vectors import KeptVectors
from analyzer.models import Vectors
from schemas.database import Database


class Counting:
    """Embeds a text as its length, and keeps what it was asked for."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, list[str]()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder."""
        self.asked += texts
        return np.array([[len(text), 1.5] for text in texts], dtype=np.float32)


def test_a_text_is_embedded_once_for_each_model(database: Database) -> None:
    """Repeated within a call or in a later one; another model is asked anew. Order and values are kept exactly."""
    first, other = Counting("m"), Counting("n")
    texts = ["bb", "a", "bb", "cccc"]
    expected = [[2, 1.5], [1, 1.5], [2, 1.5], [4, 1.5]]
    assert KeptVectors(first, database).embed(texts).tolist() == expected
    assert first.asked == ["bb", "a", "cccc"]
    assert KeptVectors(first, database).embed([*texts, "d"]).tolist() == [*expected, [1, 1.5]]
    assert first.asked == ["bb", "a", "cccc", "d"]
    KeptVectors(other, database).embed(["a"])
    assert other.asked == ["a"]
