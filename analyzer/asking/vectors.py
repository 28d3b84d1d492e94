"""Embeddings by content: the vector of a text is made once for each model and kept, so that a run pays only for what is new.

The table holds hashes of texts and vectors, no text. A vector tells roughly what its text was about all the same.
"""

import hashlib
import time
from collections.abc import Sequence

import numpy as np

from analyzer.models import Embedder, Vectors
from schemas.database import Database
from schemas.parameters import in_pieces

_TEXTS = 1_024  # embedded before they are stored: what a run that dies pays twice


class KeptVectors:
    """An embedder that asks another one only for what it does not know."""

    def __init__(self, embedder: Embedder, database: Database) -> None:
        self.name = embedder.name
        self._embedder, self._database = embedder, database

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder; raises what the other embedder does."""
        hashes = [hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest() for text in texts]
        known = self._known(sorted(set(hashes)))
        fresh = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
        keys = list(fresh)
        for start in range(0, len(keys), _TEXTS):
            part = keys[start : start + _TEXTS]
            made = self._embedder.embed([fresh[key] for key in part])
            self._keep(part, made)
            known |= dict(zip(part, made, strict=True))
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([known[key] for key in hashes]).astype(np.float32)

    def _known(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        rows = (
            row
            for piece in in_pieces(hashes)
            for row in self._database.query("load_embeddings", model=self.name, text_hashes=piece)
        )
        return {row["text_hash"]: np.array(row["vector"], dtype=np.float32) for row in rows}

    def _keep(self, hashes: Sequence[str], vectors: Vectors) -> None:
        now_ns = time.time_ns()
        rows = [
            {"text_hash": key, "model": self.name, "vector": vector.tolist(), "embedded_ns": now_ns}
            for key, vector in zip(hashes, vectors, strict=True)
        ]
        self._database.insert("embeddings", rows)
