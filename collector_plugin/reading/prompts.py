"""What people said, out of the prompts that frameworks wrap around it.

These prompts are known by their words: whatever instrumentation traced the model's client saw only them.
"""

from collections.abc import Iterable
from dataclasses import replace

from collector_plugin.reading import adk_prompts, crewai, dspy, smolagents
from schemas.records import MessageBody


def own_words(bodies: Iterable[MessageBody]) -> tuple[MessageBody, ...]:
    """Return the messages without what ADK, CrewAI, DSPy and smolagents wrote around them, and without prompts nobody said."""
    return tuple([own for body in bodies if (own := _own(body)) is not None])


def _own(body: MessageBody) -> MessageBody | None:
    spoken = smolagents.spoken(body)
    if spoken is None or spoken.role != "user":
        return dspy.answered(spoken) if spoken and spoken.role == "assistant" else spoken
    if adk_prompts.is_added(spoken.content):
        return None
    words = dspy.spoken_words(crewai.spoken_words(spoken.content))
    return spoken if words == spoken.content else replace(spoken, content=words)
