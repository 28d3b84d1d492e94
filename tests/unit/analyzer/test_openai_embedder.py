"""An endpoint's embeddings come as unit vectors in the order of the texts, or as an error that says why not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from analyzer.openai_models import OpenAIEmbedder
from schemas.errors import ModelAnswerInvalid, ModelRefused


class Endpoint(BaseHTTPRequestHandler):
    """Embeds a text as (its length, 1) and answers out of order, as the interface allows; "lose" loses a vector."""

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        data = [
            {"object": "embedding", "index": i, "embedding": [float(len(t)), 1.0]}
            for i, t in enumerate(texts)
            if t != "lose"
        ]
        body = json.dumps(
            {"object": "list", "model": "m", "data": data[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        ).encode()
        self.send_response(404 if "refuse" in texts else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def embedder() -> Iterator[OpenAIEmbedder]:
    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        embedder = OpenAIEmbedder(f"http://127.0.0.1:{server.server_port}/v1", "m", retries=0)
        yield embedder
        embedder.close()
        server.shutdown()


def test_vectors_have_length_one_and_the_order_of_the_texts(embedder: OpenAIEmbedder) -> None:
    """Also over several requests, and whatever order the endpoint answers in."""
    texts = ["x" * (number % 40 + 1) for number in range(600)]
    vectors = embedder.embed(texts)
    assert vectors.shape == (600, 2)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [len(text) for text in texts], rtol=1e-4)


def test_a_missing_vector_and_a_refusal_are_told(embedder: OpenAIEmbedder) -> None:
    """Neither is taken for a result."""
    with pytest.raises(ModelAnswerInvalid, match="1 vectors for 2 texts"):
        embedder.embed(["a", "lose"])
    with pytest.raises(ModelRefused, match="refuses"):
        embedder.embed(["refuse"])
