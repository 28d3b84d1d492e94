"""What CrewAI wraps around the words of a task before a model reads them.

    \\nCurrent Task: <the words>\\n\\nThis is the expected criteria for your final answer: ...\\nyou MUST return ...

The LLM client's instrumentation sees only this prompt, so it is known by its words and not by the span.
"""

import re

from collector_plugin.payload import as_dict, parse
from schemas.records import Attributes

_TASK = re.compile(
    r"\s*Current Task: (?P<words>.*?)\s*\n\s*This is the expect(?:ed)? criteria for your final answer:",
    re.DOTALL,
)


def coworker(attributes: Attributes) -> str:
    """Return the agent that a delegation runs within its tool's span; empty for any other tool."""
    if "tool.name" not in attributes:
        return ""
    given = as_dict(parse(attributes.get("input.value"))).get("coworker")
    return given if isinstance(given, str) else ""


def spoken_words(text: str) -> str:
    """Return the words of the task in a user message that CrewAI wrote; any other text as it is."""
    wrapped = _TASK.match(text)
    return wrapped["words"] if wrapped else text
