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
from collector_plugin.reading.function_io import documents, query, read_payload, said, tool_execution
from collector_plugin.reading.message_shapes import read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_json, as_list, as_str, parse
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
    known = _content(role, asked, answered) if role in ("llm", "agent", "chain") else {}
    if role == "llm":
        known |= _model(attributes)
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


def _content(role: SpanRole, asked: str, answered: str) -> dict[str, Any]:
    """What was said, and what a model was offered. LangChain's callback appends tools to the messages, as if they had spoken."""
    given, returned = read_payload(asked), read_payload(answered)
    is_truncated = given.is_cut or returned.is_cut
    tools: list[Any] = []
    if role == "llm":
        request = as_list(given.value)
        offers = [item["content"] for item in request if _is_offer(item)]
        tools = as_list(as_dict(given.value).get("tools")) + offers
        if offers:
            given = read_payload(as_json([item for item in request if not _is_offer(item)]))
    return {
        "input": said(given, "user"),
        "output": said(returned, "assistant"),
        "tools_offered": read_tool_definitions(tools),
        "is_truncated": is_truncated,
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
