"""Strands Agents: OpenTelemetry GenAI whose swarms wrap what the user asked into a longer prompt.

Context:
Handoff Message: ...          (from the second agent on)
User Request: <what the user said>
Previous agents who worked on this: ...
Other agents available for collaboration: ...
"""

import re
from collections.abc import Iterator

from collector_plugin.dialects import otel_genai
from collector_plugin.dialects.build import rewrite_users
from schemas.records import Record, Span, SpanFacts

NAME = "strands"

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
    """Yield GenAI's records with the users' own words in place of the swarm's prompt."""
    for record in otel_genai.read(span):
        yield rewrite_users(record, said_by_user, dialect=NAME) if isinstance(record, SpanFacts) else record


def said_by_user(text: str) -> str:
    """Return what the user said, out of the prompt that a swarm makes of it."""
    prompt = _SWARM_PROMPT.match(text)
    return prompt["said"].strip() if prompt else text
