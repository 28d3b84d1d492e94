"""Pydantic AI: OpenTelemetry's conventions, with names of its own where those came late or say too little.

    agent run | invoke_agent {name}        `pydantic_ai.all_messages`, or until 0.8 `all_messages_events`: the whole history
      chat {model}                         `gen_ai.input.messages`, or in version 1 of its format `events`
      running tool(s) | execute_tool       `tool_arguments` and `tool_response`, or the names of OpenTelemetry

A failed model call has no messages: what the user said stands on the agent only.

https://ai.pydantic.dev/logfire/
"""

from collections.abc import Iterator
from typing import Any

from collector_plugin.dialects.logfire import read_events
from collector_plugin.dialects.otel_genai import content_fields, model_fields, role_of
from collector_plugin.reading.build import make_execution, make_facts
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, parse_loosely
from schemas.records import Attributes, MessageBody, Record, Span, SpanRole

NAME = "pydantic_ai"

_OWN_KEYS = ("pydantic_ai.all_messages", "all_messages_events", "model_request_parameters")


def recognises(span: Span) -> bool:
    """Its own scope, or an attribute that nobody else sets."""
    return span.scope_name == "pydantic-ai" or not span.attributes.keys().isdisjoint(_OWN_KEYS)


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a span, and the tool execution that it is."""
    attributes = span.attributes
    role = _role(span)
    yield make_facts(span, NAME, role, **{**model_fields(attributes), **_content(span, role)})
    if role == "tool":
        result = attributes.get("gen_ai.tool.call.result", attributes.get("tool_response"))
        execution = make_execution(
            span,
            attributes.get("gen_ai.tool.name") or span.name.removeprefix("execute_tool "),
            arguments=attributes.get("gen_ai.tool.call.arguments", attributes.get("tool_arguments")),
            result=result,
            call_id=attributes.get("gen_ai.tool.call.id", ""),
            # ToolRetryError has no message of its own: what the model is told says why
            **({"error_message": result} if result and _failed_silently(span) else {}),
        )
        yield execution


def _role(span: Span) -> SpanRole:
    """What kind of work a span is; before version 2 only calls of the model say so."""
    if "gen_ai.operation.name" in span.attributes:
        return role_of(span)
    if "gen_ai.tool.name" in span.attributes:
        return "tool"
    return (
        "agent" if "agent_name" in span.attributes or any(key in span.attributes for key in _OWN_KEYS[:2]) else "chain"
    )


def _content(span: Span, role: SpanRole) -> dict[str, Any]:
    attributes = span.attributes
    told = content_fields(span)
    if role == "agent" and not told["input"]:
        told["input"], told["output"] = _history(attributes)
    elif role == "llm" and not told["input"] and "events" in attributes:
        told["input"], told["output"] = read_events(attributes["events"])
    if not told["tools_offered"]:
        offered = as_dict(parse_loosely(attributes.get("model_request_parameters"))).get("function_tools")
        told["tools_offered"] = read_tool_definitions(as_list(offered))
    return told


def _history(attributes: Attributes) -> tuple[tuple[MessageBody, ...], tuple[MessageBody, ...]]:
    """What the agent was given and what it answered, out of one list of all messages."""
    if "all_messages_events" in attributes:
        return read_events(attributes["all_messages_events"])
    system = parse_loosely(attributes.get("gen_ai.system_instructions"))
    said = read_messages(parse_loosely(attributes.get("pydantic_ai.all_messages")))
    answered = said[-1:] if said and said[-1].role == "assistant" else ()
    given = said[: len(said) - len(answered)]
    return read_messages([{"role": "system", "content": system}] if system else []) + given, answered


def _failed_silently(span: Span) -> bool:
    return span.status_code == "Error" and not any(event.attributes.get("exception.message") for event in span.events)
