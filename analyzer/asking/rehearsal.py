"""What a run would ask and cost, without asking or storing anything: an estimate.

Questions are put together as a run would, and answered with the emptiest answer that has their form. What the model will
claim itself nobody knows before; the questions about those claims come on top.
"""

import threading
from dataclasses import dataclass, field, replace
from typing import Any

from analyzer.asking.answers import Answers
from analyzer.asking.budget import Prices, Spending
from analyzer.asking.question import Question, Schema, question_of
from analyzer.models import Reply, read_reply
from schemas.errors import ModelAnswerInvalid, ModelError


@dataclass(slots=True)
class Rehearsal:
    """Stands in the place of an Asker and counts. Tokens are estimates, answers taken to be as long as they were of late."""

    name: str
    answers: Answers
    prices: Prices
    ended_by: ModelError | None = None
    last_silence: ModelError | None = None
    _spending: Spending = field(default_factory=Spending)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def about(self, tenant: str, conversation_id: str) -> "Rehearsed":
        """See Asker."""
        return Rehearsed(self, tenant, conversation_id)

    def spending(self) -> Spending:
        """See Asks; all of it is estimated."""
        return self._spending

    def count(self, question: Question, *, is_known: bool) -> None:
        """Count a question that would be asked, or is answered already."""
        prompt, answer = question.token_count, self.answers.expected_tokens(question.form)
        with self._lock:
            was = self._spending
            self._spending = (
                replace(was, cached_count=was.cached_count + 1)
                if is_known
                else Spending(
                    was.asked_count + 1, was.cached_count, was.prompt_tokens + prompt, was.answer_tokens + answer,
                    was.spent_usd + self.prices.cost_usd(prompt, answer),
                )
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A ChatModel that asks nobody."""

    rehearsal: Rehearsal
    tenant: str
    conversation_id: str
    was_silent: bool = False

    @property
    def name(self) -> str:
        """The model's name."""
        return self.rehearsal.name

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """The known answer, else an empty one."""
        question = question_of(system, user, reply, tenant=self.tenant)
        known = self.rehearsal.answers.find(question)
        self.rehearsal.count(question, is_known=known is not None)
        try:
            return read_reply(known or "", reply)
        except ModelAnswerInvalid:
            return emptiest(reply)


def emptiest(reply: type[Reply]) -> Reply:
    """The answer of a form that says least: empty texts and lists, the first of each choice."""
    schema = reply.model_json_schema()
    return reply.model_validate(_emptiest(schema, schema.get("$defs", {})))


def _emptiest(node: Schema, named: Schema) -> Any:  # Any: a value of whichever type the schema asks for
    if "$ref" in node:
        return _emptiest(named[node["$ref"].rpartition("/")[2]], named)
    if "enum" in node or "const" in node:
        return node.get("const", node.get("enum", [None])[0])
    if "anyOf" in node:
        return None if any(one.get("type") == "null" for one in node["anyOf"]) else _emptiest(node["anyOf"][0], named)
    match node.get("type"):
        case "object":
            return {name: _emptiest(part, named) for name, part in node.get("properties", {}).items()}
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case _:
            return ""
