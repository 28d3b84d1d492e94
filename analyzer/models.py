"""The seams to models: one that answers, one that embeds. momus works without either; then nothing here is called.

A model is asked with a prompt and the form of its answer, and gives that form or raises: ModelUnreachable when it does
not answer in time, ModelAnswerInvalid when what it answers does not have the form.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ValidationError

from schemas.errors import ModelAnswerInvalid

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
        """float32[n, d], each of length 1, in the order of `texts`; a text without letters may be the zero vector."""
        ...


def read_reply(text: str, reply: type[Reply]) -> Reply:
    """The answer as a value; fences around the JSON, which small models love, are tolerated.

    Raises:
        ModelAnswerInvalid: not JSON of the form.
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0:
        raise ModelAnswerInvalid("The model's answer does not have the form asked for: it is no JSON object.")
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
