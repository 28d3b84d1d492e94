"""A model that answers from a script, and conversations to ask it about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.evidence import Gate
from schemas.families import Finding
from schemas.records import Conversation

Reply = TypeVar("Reply", bound=BaseModel)
Answer = Callable[[str], dict[str, Any]]  # Any: the JSON of an answer


@dataclass
class Scripted:
    """Answers each form of reply by a function of the question; keeps all that it was asked."""

    read: Answer
    verify: Answer = field(default=lambda question: {"verdicts": []})
    requote: Answer = field(default=lambda question: {"quotes": []})
    merge: Answer = field(default=lambda question: {})
    name: str = "scripted"
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # form, system, user

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        """The scripted answer, checked against the form as an endpoint's would be."""
        self.asked.append((reply.__name__, system, user))
        for form, answer in (("Read", self.read), ("Verify", self.verify), ("Requote", self.requote)):
            if reply.__name__.startswith(form):
                return reply.model_validate(answer(user))
        return reply.model_validate(self.merge(user))

    def questions(self, form: str) -> list[str]:
        """What was asked in a form, in order."""
        return [user for name, _, user in self.asked if name.startswith(form)]


def told(*findings: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """An answer to the first question: a served conversation without fault, but for what is given."""
    plain = {
        "request": "an invoice", "task": "find an invoice", "summary": "The agent looked it up.", "outcome": "served",
        "user_signal": "none", "frustration": "none", "user_language": "en",
        "verdict": "findings" if findings else "none", "known_wrong": [], "findings": list(findings),
    }  # fmt: skip
    return plain | changed


def claim(marker: str, quote: str, code: str = "fabricated", **changed: Any) -> dict[str, Any]:
    """A claim as a model makes it."""
    plain = {
        "marker": marker, "quote": quote, "statement": "The agent does something that it should not do",
        "requested_object": "invoices", "requested_operation": "compare", "tool_would_serve": False,
        "data_would_serve": False, "code": code, "is_root": True, "is_recovered": False, "confidence": "high",
        "tool_name": "", "tool_arguments": [],
    }  # fmt: skip
    return plain | changed


def supported(count: int) -> dict[str, Any]:
    """A verifier's answer that bears out so many claims."""
    return {"verdicts": [{"number": n, "verdict": "supported"} for n in range(1, count + 1)]}


def detected(conversation: Conversation) -> list[Finding]:
    """What detectors find, through their gate."""
    return list(Gate().admit(conversation, decide(conversation, observe(conversation))))


@pytest.fixture
def said() -> Callable[..., dict[str, Any]]:
    """See `told`."""
    return told


@pytest.fixture
def claimed() -> Callable[..., dict[str, Any]]:
    """See `claim`."""
    return claim


@pytest.fixture
def scripted() -> type[Scripted]:
    """The class of scripted models."""
    return Scripted


@pytest.fixture
def bear_out() -> Callable[[int], dict[str, Any]]:
    """See `supported`."""
    return supported


@pytest.fixture
def found_in() -> Callable[[Conversation], list[Finding]]:
    """See `detected`."""
    return detected
