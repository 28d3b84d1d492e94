"""Strands Agents: OpenTelemetry GenAI whose swarms wrap what the user asked into a longer prompt.

Context:
Handoff Message: ...          (from the second agent on)
User Request: <what the user said>
Previous agents who worked on this: ...
Other agents available for collaboration: ...
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from collector_plugin.dialects import otel_genai
from collector_plugin.reading.build import rewrite_users
from collector_plugin.reading.message_shapes import canonical_arguments, is_blocks, text_of
from collector_plugin.reading.payload import parse
from schemas.records import Record, Span, SpanFacts, ToolExecution

NAME = "strands"

_ASKED = "gen_ai.tool.message"

_SWARM_PROMPT = re.compile(
    r"\AContext:\n.*?^User Request: (?P<said>.*?)\n\s*(?=^(?:Previous agents who|Shared knowledge from|Other agents available|You have access to swarm))",
    re.DOTALL | re.MULTILINE,
)


def recognises(span: Span) -> bool:
    """The framework names itself as the system, or made the span."""
    return span.attributes.get("gen_ai.system") == "strands-agents" or (
        span.scope_name.startswith("strands.telemetry") and otel_genai.recognises(span)
    )


def read(span: Span) -> Iterator[Record]:
    """Yield GenAI's records with the users' own words in place of the swarm's prompt, and a tool's input and result."""
    for record in otel_genai.read(span):
        if isinstance(record, SpanFacts):
            yield rewrite_users(record, said_by_user, dialect=NAME)
        elif isinstance(record, ToolExecution):
            yield _with_events(record, span)
        else:
            yield record


def _with_events(execution: ToolExecution, span: Span) -> ToolExecution:
    """The execution with what only the span's events tell: an event for the input and one for the result."""
    told = otel_genai.content_fields(span)
    asked = [call.arguments for body in told["input"] for call in body.tool_calls]
    answered = [body.content for body in told["output"] if body.role == "tool"]
    for event in span.events:
        if event.name == _ASKED and "content" in event.attributes:
            asked.append(canonical_arguments(event.attributes["content"]))
        elif event.name == otel_genai.CHOICE and "message" in event.attributes:
            blocks = parse(event.attributes["message"])
            answered.append(text_of(blocks) if is_blocks(blocks) else event.attributes["message"])
    arguments = execution.arguments if execution.arguments != "{}" else next(iter(asked), "{}")
    result = next(iter(answered), None) if execution.result is None else execution.result
    return replace(execution, arguments=arguments, result=result)


def said_by_user(text: str) -> str:
    """Return what the user said, out of the prompt that a swarm makes of it."""
    prompt = _SWARM_PROMPT.match(text)
    return prompt["said"].strip() if prompt else text
