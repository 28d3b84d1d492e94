"""Logfire's own integrations: the OpenAI Agents SDK, the clients of OpenAI and Anthropic, and feedback.

    OpenAI Agents trace: {name}                        `group_id` is the conversation
      Agent run: {name}
        Turn {turn} for agent {name}
          Responses API with {model}                   `events`: the old events of a GenAI call as one JSON list
          Chat completion with {model}                 `request_data` and `response_data`, as the clients' spans have
          Function: {name}                             `input` and `output`
          Handoff: {from_agent} → {to_agent}
    feedback: {name}                                   a span without length, child of what was rated

Logfire scrubs what looks secret: every `session.id` reads `[Scrubbed due to 'session']`.

https://logfire.pydantic.dev/docs/integrations/llms/openai/
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from collector_plugin.dialects.otel_genai import CHOICE, MESSAGE_EVENTS, content_fields, model_fields, role_of
from collector_plugin.reading.build import make_execution, make_facts
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse, parse_loosely
from schemas.numbers import finite
from schemas.records import Attributes, Feedback, MessageBody, Record, Span, SpanRole

NAME = "logfire"

_AGENTS_SCOPE = "logfire.openai_agents"
_CONTENT = ("events", "request_data")
_FEEDBACK = "logfire.feedback.name"
_ROLES: tuple[tuple[str, SpanRole], ...] = (
    ("Function: ", "tool"),
    ("Agent run: ", "agent"),
    ("Responses API", "llm"),
    ("Chat completion", "llm"),
)


def recognises(span: Span) -> bool:
    """A span of the Agents SDK, one whose content stands in Logfire's own attributes, or feedback."""
    attributes = span.attributes
    if span.scope_name == _AGENTS_SCOPE or _FEEDBACK in attributes:
        return True
    return '"event.name"' in attributes.get("events", "") or (
        span.scope_name.startswith("logfire") and "request_data" in attributes
    )


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a span, and the tool execution or the feedback that it is."""
    attributes = span.attributes
    role = _role(span)
    known: dict[str, Any] = model_fields(attributes)
    if role == "llm":
        known |= {**_content(span), "response_id": known["response_id"] or _told(attributes, "response_id")}
    known["agent_name"] = attributes.get("agent_name") or (attributes.get("name", "") if role == "agent" else "")
    facts = make_facts(span, NAME, role, **known)
    # the conversation of the Agents SDK; any id that the application set itself comes first
    yield replace(facts, conversation_id=facts.conversation_id or _told(attributes, "group_id"))
    if role == "tool":
        yield make_execution(
            span, attributes.get("name", ""), arguments=attributes.get("input"), result=attributes.get("output")
        )
    if _FEEDBACK in attributes:
        yield _feedback(span)


def _role(span: Span) -> SpanRole:
    if _FEEDBACK in span.attributes:
        return "other"
    if "gen_ai.operation.name" in span.attributes:
        return role_of(span)
    if any(key in span.attributes for key in _CONTENT):
        return "llm"
    template = span.attributes.get("logfire.msg_template") or span.name
    return next((role for start, role in _ROLES if template.startswith(start)), "chain")


def _content(span: Span) -> dict[str, Any]:
    """Fields that hold messages: each side in OpenTelemetry's way where a span has that, else in Logfire's."""
    attributes = span.attributes
    told = content_fields(span)
    given, answered = read_events(attributes["events"]) if "events" in attributes else _exchange(attributes)
    request = as_dict(parse_loosely(attributes.get("request_data") or attributes.get("response")))
    return {
        **told,
        "input": told["input"] or given,
        "output": told["output"] or answered,
        "tools_offered": told["tools_offered"] or read_tool_definitions(request.get("tools")),
    }


def read_events(text: str | None) -> tuple[tuple[MessageBody, ...], tuple[MessageBody, ...]]:
    """Return what the model was given and what it answered, from a JSON list of GenAI events.

    The answer is the choice; where no event is one, what the assistant says at the end.
    """
    events = [event for event in as_list(parse_loosely(text)) if isinstance(event, dict)]
    given = [body for event in events if event.get("event.name") != CHOICE for body in _message(event)]
    choices = [as_dict(event.get("message")) for event in events if event.get("event.name") == CHOICE]
    if choices:
        return tuple(given), tuple(body for message in choices for body in _message(message, "assistant"))
    end = len(given)
    while end and given[end - 1].role == "assistant":
        end -= 1
    return tuple(given[:end]), tuple(given[end:])


def _message(event: dict[str, Any], role: str = "") -> tuple[MessageBody, ...]:
    return read_messages({"role": role or MESSAGE_EVENTS.get(as_str(event.get("event.name")), "user"), **event})


def _exchange(attributes: Attributes) -> tuple[tuple[MessageBody, ...], tuple[MessageBody, ...]]:
    """A client's request and response; a stream's response is the text put together, on a record of its own."""
    request = parse_loosely(attributes.get("request_data") or attributes.get("raw_input"))
    response = as_dict(parse_loosely(attributes.get("response_data") or attributes.get("response")))
    streamed = response.get("combined_chunk_content") or response.get("text")
    answered = response.get("message") or response.get("output") or streamed
    return read_messages(request), read_messages(answered, "assistant")


def _told(attributes: Attributes, key: str) -> str:
    """An attribute's text; Logfire writes what is None as JSON."""
    text = attributes.get(key, "")
    return "" if text == "null" else text


def _feedback(span: Span) -> Feedback:
    """A rating: the attribute that holds its value is called as the rating is."""
    attributes = span.attributes
    name = attributes[_FEEDBACK]
    value = attributes.get(name, "")
    score = finite(parse(value))
    return Feedback(
        time_ns=span.start_ns,
        name=name,
        tenant=span.tenant,
        service_name=span.service_name,
        trace_id=span.trace_id,
        span_id=span.parent_span_id or span.span_id,
        score=score,
        label=value if score is None else "",
        comment=attributes.get("logfire.feedback.comment", ""),
    )
