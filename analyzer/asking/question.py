"""A question to a model, what determines its answer, and what an endpoint gives back."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pydantic import BaseModel

from analyzer.with_model.tokens import estimate_tokens

Schema = dict[str, Any]  # Any: a JSON schema is nested as it likes


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in which form the answer must come, and of whose conversation it speaks.

    `form` is the name of the reply's type. `correction` says what was wrong with a former answer; empty the first time.
    """

    system: str
    user: str
    form: str
    schema: Schema
    tenant: str = ""
    conversation_id: str = ""
    correction: str = ""

    def hash(self, model: str) -> str:
        """32 hex of all that determines the answer at temperature 0; never the same for two tenants.

        The form counts by its fields, not by its name.
        """
        parts = json.dumps([self.tenant, model, self.system, self.user, self.correction, self.schema], sort_keys=True)
        return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()

    @property
    def text(self) -> str:
        """What the user's message says: the question, and after a bad answer what must be otherwise."""
        if not self.correction:
            return self.user
        return f"{self.user}\n\nYour last answer could not be used: {self.correction} Answer again, and briefly."

    @property
    def token_count(self) -> int:
        """Estimated tokens of what is sent."""
        return estimate_tokens(self.system) + estimate_tokens(self.text) + estimate_tokens(json.dumps(self.schema))

    def corrected(self, reason: str) -> "Question":
        """The same question once more, with the reason why the last answer could not be used."""
        return replace(self, correction=reason)


@dataclass(frozen=True, slots=True)
class Completion:
    """What an endpoint answered, and the tokens that it counted. `problem` says why it is no answer: cut short, refused."""

    text: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    problem: str = ""


class Endpoint(Protocol):
    """Where questions go; called by several threads at once."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def complete(self, question: Question) -> Completion:
        """The answer to a question.

        Raises:
            ModelUnreachable: no answer within the time and the retries allowed.
            ModelAnswerInvalid: this question is refused, others need not be: it is too long, say.
            ModelRefused: every question is refused.
            ModelPending: the answer comes later.
        """
        ...


def question_of(
    system: str, user: str, reply: type[BaseModel], *, tenant: str = "", conversation_id: str = ""
) -> Question:
    """A question for an answer in the form of `reply`; text that no UTF-8 can hold is replaced by question marks."""
    return Question(_valid(system), _valid(user), reply.__name__, strict_schema(reply), tenant, conversation_id)


def strict_schema(reply: type[BaseModel]) -> Schema:
    """The schema of a reply as strict structured output takes it: every field required, none beside them."""
    schema = reply.model_json_schema()
    schema["additionalProperties"] = False
    schema["required"] = list(schema.get("properties", {}))
    return schema


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
