"""Langfuse's SDKs (Python from 3, JavaScript from 4): observations with one input and one output each.

What the two hold depends on who made the observation: the OpenAI wrapper writes a whole request and the answer's
message, `@observe` the arguments and the result of a function, the LangChain callback messages, an application
anything. JSON where it is no text, and nothing says which.

https://langfuse.com/integrations/native/opentelemetry#property-mapping
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from collector_plugin.reading.build import amount, make_facts, make_retrieval, number, span_exceptions
from collector_plugin.reading.function_io import documents, is_cut, query, said, tool_execution
from collector_plugin.reading.message_shapes import read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_json, as_list, as_str, parse, parse_loosely
from schemas.records import Record, Span, SpanRole

NAME = "langfuse"

ROLES: dict[str, SpanRole] = {
    "generation": "llm",
    "agent": "agent",
    "tool": "tool",
    "retriever": "retriever",
    "embedding": "embedding",
    "chain": "chain",
    "span": "chain",
}


def recognises(span: Span) -> bool:
    """An observation. Other `langfuse.*` attributes stand on spans of any library within a Langfuse trace."""
    return "langfuse.observation.type" in span.attributes or span.scope_name == "langfuse-sdk"


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of an observation, the tool execution or retrieval that it is, and a failure told by its level only."""
    failed = _failed(span)
    span = failed or span
    attributes = span.attributes
    role = ROLES.get(attributes.get("langfuse.observation.type", "span"), "other")
    asked = attributes.get("langfuse.observation.input") or attributes.get("langfuse.trace.input", "")
    answered = attributes.get("langfuse.observation.output") or attributes.get("langfuse.trace.output", "")
    known: dict[str, Any] = {}
    if role in ("llm", "agent", "chain"):
        known = {
            "input": said(asked, "user"),
            "output": said(answered, "assistant"),
            "is_truncated": is_cut(asked) or is_cut(answered),
        }
    if role == "llm":
        known |= {**_request(asked), **_model(attributes)}
    yield make_facts(span, NAME, role, agent_name=span.name if role == "agent" else "", **known)
    if role == "tool":
        yield tool_execution(span, asked, attributes.get("langfuse.observation.output", ""))
    elif role == "retriever" and answered:
        yield make_retrieval(span, query(asked), documents(answered))
    if failed:
        yield from span_exceptions(failed)


def _failed(span: Span) -> Span | None:
    """The span with the status that its level tells, where an application set the level and nobody the status."""
    if span.attributes.get("langfuse.observation.level") != "ERROR" or span.status_code == "Error":
        return None
    if any(event.name == "exception" for event in span.events):
        return None
    return replace(
        span, status_code="Error", status_message=span.attributes.get("langfuse.observation.status_message", "")
    )


def _request(asked: str) -> dict[str, Any]:
    """What the model was given and offered. LangChain's callback appends tools to the messages, as if tools had spoken."""
    request = parse_loosely(asked)
    tools = as_list(as_dict(request).get("tools"))
    spoken = [item for item in as_list(request) if not _is_offer(item)]
    offers = [item["content"] for item in as_list(request) if _is_offer(item)]
    return {
        "input": said(as_json(spoken) if offers else asked, "user"),
        "tools_offered": read_tool_definitions(tools + offers),
    }


def _is_offer(item: Any) -> bool:  # an element of a list of messages
    return (
        isinstance(item, dict)
        and item.get("role") == "tool"
        and isinstance(item.get("content"), dict)
        and "tool_call_id" not in item
    )


def _model(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Fields about the model; usage has the names of whichever API was called."""
    usage = as_dict(parse(attributes.get("langfuse.observation.usage_details")))
    details = as_dict(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    return {
        "response_model": attributes.get("langfuse.observation.model.name", ""),
        "finish_reason": as_str(parse(attributes.get("langfuse.observation.metadata.finish_reason"))),
        "input_tokens": number(usage, "input", "prompt_tokens", "input_tokens"),
        "output_tokens": number(usage, "output", "completion_tokens", "output_tokens"),
        "cached_tokens": number(details, "cached_tokens")
        or number(usage, "input_cached_tokens", "cache_read_input_tokens"),
        "cost_usd": amount(as_dict(parse(attributes.get("langfuse.observation.cost_details"))), "total"),
    }
