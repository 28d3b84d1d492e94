"""CrewAI: what it wraps around the words of a task before a model reads them, and what its own spans hold.

    \\nCurrent Task: <the words>\\n\\nThis is the expected criteria for your final answer: ...\\nyou MUST return ...

The LLM client's instrumentation sees only this prompt, so it is known by its words and not by the span. A crew's span
names its tasks and its result; they speak for it where no client is traced.
"""

import re
from typing import Any

from collector_plugin.reading.payload import as_dict, as_list, parse
from schemas.records import Attributes, MessageBody

_TASK = re.compile(
    r"\s*Current Task: (?P<words>.*?)\s*\n\s*This is the expect(?:ed)? criteria for your final answer:",
    re.DOTALL,
)
_ARGUMENTS = re.compile(r"\barguments=(\{.*\})", re.DOTALL)


def coworker(attributes: Attributes) -> str:
    """Return the agent that a delegation runs within its tool's span; empty for any other tool."""
    if "tool.name" not in attributes:
        return ""
    given = as_dict(parse(attributes.get("input.value"))).get("coworker")
    return given if isinstance(given, str) else ""


def tasks(attributes: Attributes) -> tuple[MessageBody, ...]:
    """Return what a crew was asked to do, from its own span; nothing for any other span."""
    asked = [as_dict(task).get("description") for task in as_list(parse(attributes.get("crew_tasks")))]
    return tuple(MessageBody("user", words) for words in asked if isinstance(words, str) and words)


def result(value: Any) -> tuple[MessageBody, ...]:  # any JSON value
    """Return the answer of a crew or of one of its tasks; nothing where `value` is no such result."""
    answer = as_dict(value).get("raw") if as_dict(value).keys() & {"tasks_output", "expected_output"} else None
    return (MessageBody("assistant", answer),) if isinstance(answer, str) and answer else ()


def called_with(
    value: dict[str, Any],
) -> Any:  # an object or its Python repr; None where `value` is no call of CrewAI's
    """Return a tool's arguments out of what CrewAI's own method was given, which older versions trace instead."""
    if "tool_string" not in value or "calling" not in value:
        return None
    calling = value["calling"]
    if isinstance(calling, dict):
        return calling.get("arguments")
    in_repr = _ARGUMENTS.search(calling) if isinstance(calling, str) else None
    return in_repr[1] if in_repr else None


def spoken_words(text: str) -> str:
    """Return the words of the task in a user message that CrewAI wrote; any other text as it is."""
    wrapped = _TASK.match(text)
    return wrapped["words"] if wrapped else text
