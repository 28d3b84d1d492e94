"""Vectors without a model: TF-IDF of words and word parts, reduced by SVD. Deterministic, fitted on the texts given.

Good enough to bring "cancel my subscription" and "subscription cancellation" together, not "stop charging me".
Word parts carry it over spelling and into languages with endings. Vectors of two calls cannot be compared.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from analyzer.models import Vectors
from analyzer.text import STOP_WORDS

_FEATURES = 20_000  # per vectoriser
_DIMENSIONS = 256
_SEED = 20_240_101


class LightEmbedder:
    """See the module. Needs no network and about 3,000 short texts a second on one core."""

    name = "tfidf-svd-256"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32[n, d], d at most 256, each of length 1 or zero for a text without words."""
        if not any(text.strip() for text in texts):
            return np.zeros((len(texts), 1), dtype=np.float32)
        word = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, max_features=_FEATURES, token_pattern=r"(?u)\b\w+\b",
            stop_words=sorted(word for word in STOP_WORDS if word.isalpha()),
        )  # fmt: skip
        part = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=_FEATURES)
        columns = [fitted for v in (word, part) if (fitted := _fit(v, texts)) is not None]
        if not columns:
            return np.zeros((len(texts), 1), dtype=np.float32)
        matrix = hstack(columns).tocsr()
        dimensions = min(_DIMENSIONS, matrix.shape[0] - 1, matrix.shape[1] - 1)
        dense = (
            TruncatedSVD(dimensions, random_state=_SEED).fit_transform(matrix) if dimensions >= 2 else matrix.toarray()
        )
        return unit(dense.astype(np.float32))


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-9)


def _fit(vectoriser: TfidfVectorizer, texts: Sequence[str]) -> object | None:
    """The matrix, or None where no text holds a feature: only stop words, only signs."""
    try:
        return vectoriser.fit_transform(texts)
    except ValueError:
        return None
