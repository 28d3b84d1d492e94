"""The seams to models, filled by any endpoint that speaks OpenAI's interface: a service, or a model run at home.

Endpoints differ in what they take: a schema for the answer, only that it be JSON, or neither; a temperature or none.
The most that is taken is found out with the first question and remembered. Rate limits, time-outs and failures of the
server are tried again by the client, which waits as long as the endpoint says.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import openai
from openai.types.chat import ChatCompletion
from pydantic import SecretStr

from analyzer.asking.question import Completion, Question, question_of
from analyzer.light_embedder import unit
from analyzer.models import Reply, Vectors, read_reply
from schemas.as_json import as_json
from schemas.errors import ModelAnswerInvalid, ModelError, ModelRefused, ModelUnreachable

_EMBED_TEXTS = 256  # in one request; services refuse more than a few thousand
_FORMS = ("json_schema", "json_object", "text")  # of the answer, from the strictest that an endpoint may take
_OF_THE_QUESTION = frozenset({"context_length_exceeded", "content_filter", "string_above_max_length"})
_REASON_LENGTH = 200  # characters of what an endpoint says: it may say the question again
_CUT = "The model's answer was cut short at its token limit."


class _Way(NamedTuple):
    """How an endpoint is asked: place in `_FORMS`, and whether a temperature is sent."""

    form: int = 0
    has_temperature: bool = True


class OpenAIChat:
    """Any endpoint that speaks OpenAI's chat completions, for several threads at once. Close it when done."""

    def __init__(
        self, url: str, name: str, key: SecretStr | None = None, *, timeout_s: float = 60.0, retries: int = 2
    ) -> None:
        self.name = name
        self.client = _client(url, key, timeout_s, retries)
        self._way = _Way()

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """See ChatModel: asked as it is, without cache or budget."""
        made = self.complete(question_of(system, user, reply))
        if made.problem:
            raise ModelAnswerInvalid(made.problem)
        return read_reply(made.text, reply)

    def complete(self, question: Question) -> Completion:
        """See Endpoint."""
        way = self._way
        while True:
            try:
                made = self.client.chat.completions.create(**_body(self.name, question, way))
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                way = _next_way(way, error)
            except openai.APIError as error:
                raise failure(error) from error
            else:
                self._way = way
                return read_completion(made)

    def body(self, question: Question) -> dict[str, Any]:  # Any: JSON
        """The request of a question as this endpoint takes it, for a file of them."""
        return _body(self.name, question, self._way)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


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
            ModelRefused: every question is refused.
            ModelAnswerInvalid: other than one vector for each text.
        """
        found: list[list[float]] = []
        for start in range(0, len(texts), _EMBED_TEXTS):
            # An empty text is refused by most services; a blank has a vector like any other.
            chunk = [text or " " for text in texts[start : start + _EMBED_TEXTS]]
            try:
                answer = self._client.embeddings.create(model=self.name, input=chunk, encoding_format="float")
            except openai.APIError as error:
                raise failure(error) from error
            found.extend(item.embedding for item in sorted(answer.data, key=lambda item: item.index))
        if len(found) != len(texts) or len({len(vector) for vector in found}) > 1:
            raise ModelAnswerInvalid(f"The embedding endpoint gave {len(found)} vectors for {len(texts)} texts.")
        return unit(np.array(found, dtype=np.float32))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def read_completion(made: ChatCompletion) -> Completion:
    """What an endpoint answered; an answer that was cut short or refused says so."""
    choice = made.choices[0] if made.choices else None
    text = (choice.message.content or "") if choice else ""
    problem = "" if choice else "The model gave no answer."
    if choice and choice.finish_reason == "length":
        problem = _CUT
    elif choice and (choice.message.refusal or choice.finish_reason == "content_filter"):
        problem = f"The model refuses to answer: {_cut(choice.message.refusal or 'its content filter stopped it')}."
    usage = made.usage
    return Completion(text, usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0, problem)


def _body(model: str, question: Question, way: _Way) -> dict[str, Any]:  # Any: JSON
    form, user = _FORMS[way.form], question.text
    body: dict[str, Any] = {"model": model}
    if form == "json_schema":
        schema = {"name": question.form, "schema": question.schema, "strict": True}
        body["response_format"] = {"type": form, "json_schema": schema}
    else:
        user = f"{user}\n\nAnswer with one JSON object of this schema and nothing else:\n{as_json(question.schema).decode()}"
        body |= {"response_format": {"type": form}} if form == "json_object" else {}
    body["messages"] = [{"role": "system", "content": question.system}, {"role": "user", "content": user}]
    # The same question has the same answer, where the endpoint allows.
    return body | ({"temperature": 0} if way.has_temperature else {})


def _next_way(way: _Way, error: openai.APIStatusError) -> _Way:
    """A way that asks less of the endpoint.

    Raises:
        ModelAnswerInvalid: there is none, or the question itself is refused.
    """
    if way.has_temperature and (error.param == "temperature" or "temperature" in error.message):
        return way._replace(has_temperature=False)
    if error.code in _OF_THE_QUESTION or way.form + 1 == len(_FORMS):
        raise ModelAnswerInvalid(f"The model endpoint refuses this question: {_cut(error.message)}") from error
    return way._replace(form=way.form + 1)


def _client(url: str, key: SecretStr | None, timeout_s: float, retries: int) -> openai.OpenAI:
    # Local endpoints want no key, the library insists on one.
    secret = key.get_secret_value() if key else ""
    return openai.OpenAI(base_url=url or None, api_key=secret or "none", timeout=timeout_s, max_retries=retries)


def failure(error: openai.APIError) -> ModelError:
    """What an error of the client means: that nobody answers, that all is refused, or that this question is."""
    refusals = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
    if isinstance(error, refusals) or error.code == "insufficient_quota":
        return ModelRefused(
            f"The model endpoint refuses every question: {_cut(error.message)}. Check MOMUS_MODEL_KEY and MOMUS_MODEL_NAME."
        )
    if isinstance(error, openai.APITimeoutError):
        return ModelUnreachable(
            "The model endpoint does not answer in time. MOMUS_MODEL_TIMEOUT_S says how long it may take."
        )
    if isinstance(error, openai.APIConnectionError):
        return ModelUnreachable("The model endpoint cannot be reached. Check MOMUS_MODEL_URL and that it is running.")
    if isinstance(error, openai.InternalServerError | openai.RateLimitError):
        return ModelUnreachable(f"The model endpoint turns questions away: {_cut(error.message)}.")
    return ModelAnswerInvalid(f"The model endpoint refuses this question: {_cut(error.message)}")


def _cut(reason: str) -> str:
    return " ".join(reason.split())[:_REASON_LENGTH].rstrip(".")
