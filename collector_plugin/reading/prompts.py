"""What people said, out of the prompts that frameworks wrap around it.

These prompts are known by their words: whatever instrumentation traced the model's client saw only them.
"""

from collections.abc import Iterable
from dataclasses import replace

from collector_plugin.reading import adk_prompts, crewai, dspy, smolagents
from schemas.records import MessageBody


def own_words(bodies: Iterable[MessageBody]) -> tuple[MessageBody, ...]:
    """Return the messages without what ADK, CrewAI, DSPy and smolagents wrote around them, and without prompts nobody said."""
    spoken = (smolagents.spoken(body) for body in bodies)
    own = (adk_prompts.spoken(body) for body in spoken if body is not None)
    return tuple(_own(body) for body in own if body is not None)


def _own(body: MessageBody) -> MessageBody:
    if body.role != "user":
        return dspy.answered(body) if body.role == "assistant" else body
    words = dspy.spoken_words(crewai.spoken_words(body.content))
    return body if words == body.content else replace(body, content=words)
