"""What smolagents makes of the steps of a run when it writes them into messages.

    New task:\\n<the words>                            what the user said, in the role of the user
    Calling tools:\\n[{'id': ..., 'function': ...}]    a tool call, as a Python repr, in the role `tool-call`
    Observation:\\n<the result>                        what the tool returned, in the role `tool-response`

The model's own spans carry tool calls and answers as such; these texts are their copies in the history.
"""

import re
from dataclasses import replace

from collector_plugin.reading.message_shapes import read_tool_definitions, read_tool_request
from collector_plugin.reading.payload import as_list, parse_loosely
from collector_plugin.reading.unflatten import unflatten
from schemas.records import Attributes, MessageBody, Span, ToolDefinition

_TASK = "New task:\n"
_CALLS = "Calling tools:\n"
_OBSERVED = "Observation:\n"
_OBSERVATION = re.compile(rf"(?:Call id: \S+\n)?{_OBSERVED}")
_LAST_RESORT = (
    "Based on the above, please provide an answer to the following user task:\n"  # repeats what the user said
)


def agent_name(span: Span) -> str:
    """Return the name of the agent whose run a span is; empty for any other span."""
    return span.name.removesuffix(".run") if "smolagents.max_steps" in span.attributes else ""


def managed_agents(attributes: Attributes) -> tuple[ToolDefinition, ...]:
    """Return the agents that an agent may call, which it is offered as tools."""
    return read_tool_definitions(unflatten(attributes, "smolagents.managed_agents"))


def spoken(body: MessageBody) -> MessageBody | None:
    """Return a message without what smolagents wrote around it; None for a prompt of its own that nobody said."""
    text = body.content
    if body.role == "user":
        if text.startswith(_LAST_RESORT):
            return None
        return replace(body, content=text.removeprefix(_TASK)) if text.startswith(_TASK) else body
    if body.role == "assistant" and text.startswith(_CALLS) and not body.tool_calls:
        calls = as_list(parse_loosely(text.removeprefix(_CALLS)))
        requests = tuple(read_tool_request(call) for call in calls if isinstance(call, dict))
        return replace(body, content="", tool_calls=requests) if requests else body
    if body.role == "tool" and _OBSERVED in text:  # a plain search: results are long, and nearly all of others
        return replace(body, content=_OBSERVATION.sub("", text, count=1))
    return body
