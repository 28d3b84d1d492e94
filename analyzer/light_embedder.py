"""Vectors without a model: TF-IDF of words and word parts, reduced by SVD. Deterministic, fitted on the texts given.

Good enough to bring "cancel my subscription" and "subscription cancellation" together, not "stop charging me".
Word parts carry it over spelling and into languages with endings. Vectors of two calls cannot be compared.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.models import Vectors
from analyzer.text import STOP_WORDS

_FEATURES = 20_000  # per vectoriser
_DIMENSIONS = 256
_SEED = 20_240_101
_EXACT_UP_TO = 2_000  # texts whose similarities to each other are solved exactly, which is cheaper than approximating
_NOTHING = 1e-9  # squared length of a direction that only rounding makes; rows are of length 1


class LightEmbedder:
    """See the module. Needs no network; about 3,000 short texts a second on one core."""

    name = "tfidf-svd-256"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32[n, d], d at most 256, each of length 1, or zero for an empty text; order of texts kept."""
        if not any(character.isalnum() for text in texts for character in text):
            return np.zeros((len(texts), 1), dtype=np.float32)
        matrix = _features(texts)
        dimensions = min(_DIMENSIONS, matrix.shape[0] - 1, matrix.shape[1] - 1)
        if dimensions < 2:
            return unit(np.asarray(matrix.toarray(), dtype=np.float32))
        return unit(np.asarray(_reduced(matrix, dimensions), dtype=np.float32))


def unit(vectors: Vectors) -> Vectors:
    """The vectors at length 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-9)
    return result


def _reduced(matrix: Any, dimensions: int) -> Any:  # Any: as below; float64[n, dimensions]
    """The rows along the directions in which they differ most: U and S of the singular value decomposition."""
    n = matrix.shape[0]
    if n > _EXACT_UP_TO:
        from sklearn.decomposition import TruncatedSVD

        return TruncatedSVD(dimensions, random_state=_SEED).fit_transform(matrix)
    from scipy.linalg import eigh

    squares, directions = eigh((matrix @ matrix.T).toarray(), subset_by_index=[n - dimensions, n - 1])
    squares[squares < _NOTHING] = 0.0
    return directions * np.sqrt(squares)


def _features(texts: Sequence[str]) -> Any:  # Any: a sparse matrix, for which there are no types
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion

    word = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        max_features=_FEATURES,
        token_pattern=r"(?u)\b\w+\b",
        stop_words=sorted(word for word in STOP_WORDS if word.isalpha()),
    )
    part = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=_FEATURES)
    try:
        return FeatureUnion([("words", word), ("parts", part)]).fit_transform(texts)
    except ValueError:  # texts of stop words alone have no words to count
        return part.fit_transform(texts)
