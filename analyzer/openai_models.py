"""The seams to models, filled by any endpoint that speaks OpenAI's interface: a service, or a model run at home."""

from collections.abc import Sequence

import numpy as np
import openai
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel, SecretStr

from analyzer.light_embedder import unit
from analyzer.models import Reply, Vectors, read_reply
from schemas.errors import ModelAnswerInvalid, ModelUnreachable

_EMBED_TEXTS = 256  # in one request; services refuse more than a few thousand


class OpenAIChat:
    """Any endpoint that speaks OpenAI's chat completions, with structured output. Close it when done."""

    def __init__(
        self, url: str, name: str, key: SecretStr | None = None, *, timeout_s: float = 60.0, retries: int = 2
    ) -> None:
        self.name = name
        self._client = _client(url, key, timeout_s, retries)

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """See ChatModel. Temperature 0, so that the same question has the same answer where the endpoint allows."""
        try:
            completion = self._client.chat.completions.create(
                model=self.name,
                messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                response_format=_form(reply),
                temperature=0,
            )
        except openai.APIError as error:
            raise _unreachable(error) from error
        text = completion.choices[0].message.content if completion.choices else None
        return read_reply(text or "", reply)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class OpenAIEmbedder:
    """Any endpoint that speaks OpenAI's embeddings. Close it when done."""

    def __init__(
        self, url: str, name: str, key: SecretStr | None = None, *, timeout_s: float = 60.0, retries: int = 2
    ) -> None:
        self.name = name
        self._client = _client(url, key, timeout_s, retries)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder.

        Raises:
            ModelUnreachable: no answer within the time and the retries allowed.
            ModelAnswerInvalid: other than one vector for each text.
        """
        found: list[list[float]] = []
        for start in range(0, len(texts), _EMBED_TEXTS):
            # An empty text is refused by most services; a blank has a vector like any other.
            chunk = [text or " " for text in texts[start : start + _EMBED_TEXTS]]
            try:
                answer = self._client.embeddings.create(model=self.name, input=chunk, encoding_format="float")
            except openai.APIError as error:
                raise _unreachable(error) from error
            found.extend(item.embedding for item in sorted(answer.data, key=lambda item: item.index))
        if len(found) != len(texts) or len({len(vector) for vector in found}) > 1:
            raise ModelAnswerInvalid(f"The embedding endpoint gave {len(found)} vectors for {len(texts)} texts.")
        return unit(np.array(found, dtype=np.float32))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _client(url: str, key: SecretStr | None, timeout_s: float, retries: int) -> openai.OpenAI:
    # Local endpoints want no key, the library insists on one.
    secret = key.get_secret_value() if key else ""
    return openai.OpenAI(base_url=url or None, api_key=secret or "none", timeout=timeout_s, max_retries=retries)


def _unreachable(error: openai.APIError) -> ModelUnreachable:
    if isinstance(error, openai.APIConnectionError | openai.InternalServerError | openai.RateLimitError):
        return ModelUnreachable(f"The model endpoint does not answer: {type(error).__name__}.")
    return ModelUnreachable(f"The model endpoint refuses: {error.message}")


def _form(reply: type[BaseModel]) -> ResponseFormatJSONSchema:
    schema = reply.model_json_schema()
    schema["additionalProperties"] = False
    schema["required"] = list(schema.get("properties", {}))
    return {"type": "json_schema", "json_schema": {"name": reply.__name__, "schema": schema, "strict": True}}
