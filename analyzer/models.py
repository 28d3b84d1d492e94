"""The seams to models: one that answers, one that embeds. momus works without either; then nothing here is called.

A model is asked with a prompt and the form of its answer, and gives that form or raises: ModelUnreachable when it does
not answer in time, ModelAnswerInvalid when what it answers does not have the form.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import openai
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel, SecretStr, ValidationError

from schemas.errors import ModelAnswerInvalid, ModelUnreachable

Vectors = npt.NDArray[np.float32]
Reply = TypeVar("Reply", bound=BaseModel)


class ChatModel(Protocol):
    """A model that answers a prompt in a given form."""

    @property
    def name(self) -> str:
        """The model's name, stored with every answer."""
        ...

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """The answer in the form of `reply`.

        Raises:
            ModelUnreachable: no answer within the time and the retries allowed.
            ModelAnswerInvalid: an answer that is not of the form.
        """
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors; `name` is stored with every cluster."""

    @property
    def name(self) -> str:
        """What made the vectors."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32[n, d], each of length 1, in the order of `texts`; an empty text is the zero vector."""
        ...


class OpenAIChat:
    """Any endpoint that speaks OpenAI's chat completions, with structured output. Close it when done."""

    def __init__(
        self, url: str, name: str, key: SecretStr | None = None, *, timeout_s: float = 60.0, retries: int = 2
    ) -> None:
        self.name = name
        # Local endpoints want no key, the library insists on one.
        secret = key.get_secret_value() if key else "none"
        self._client = openai.OpenAI(
            base_url=url or None, api_key=secret or "none", timeout=timeout_s, max_retries=retries
        )

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """See ChatModel. Temperature 0, so that the same question has the same answer where the endpoint allows."""
        try:
            completion = self._client.chat.completions.create(
                model=self.name,
                messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
                response_format=_form(reply),
                temperature=0,
            )
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError) as error:
            raise ModelUnreachable(f"The model endpoint does not answer: {type(error).__name__}.") from error
        except openai.APIError as error:
            raise ModelUnreachable(f"The model endpoint refuses: {error.message}") from error
        text = completion.choices[0].message.content if completion.choices else None
        return read_reply(text or "", reply)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def read_reply(text: str, reply: type[Reply]) -> Reply:
    """The answer as a value; fences around the JSON, which small models love, are tolerated.

    Raises:
        ModelAnswerInvalid: not JSON of the form.
    """
    start, end = text.find("{"), text.rfind("}")
    try:
        return reply.model_validate_json(text[start : end + 1])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise ModelAnswerInvalid(
            f"The model's answer does not have the form asked for: {where}: {first['msg']}."
        ) from error


def prompt_hash(*parts: str) -> str:
    """16 hex of what a prompt is made of, stored with every answer so that it can be told which prompt gave it."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def _form(reply: type[BaseModel]) -> ResponseFormatJSONSchema:
    schema = reply.model_json_schema()
    schema["additionalProperties"] = False
    schema["required"] = list(schema.get("properties", {}))
    return {"type": "json_schema", "json_schema": {"name": reply.__name__, "schema": schema, "strict": True}}
