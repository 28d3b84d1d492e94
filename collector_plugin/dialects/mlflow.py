"""MLflow's tracing, exported over OTLP: spans with one input and one output, every attribute's value encoded as JSON.

A model's span holds the whole request and the whole response of its API. Session and user are metadata of the trace,
which is not exported; from the tags of the trace they are (`mlflow.traceTag.<name>`, on the root).

https://mlflow.org/docs/latest/genai/tracing/opentelemetry/
"""

from collections.abc import Iterator
from typing import Any

from collector_plugin.reading.build import amount, make_facts, make_retrieval, number
from collector_plugin.reading.function_io import documents, query, read_payload, said, tool_execution
from collector_plugin.reading.message_shapes import read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse
from schemas.records import Attributes, Record, Span, SpanRole

NAME = "mlflow"

ROLES: dict[str, SpanRole] = {
    "CHAT_MODEL": "llm",
    "LLM": "llm",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retriever",
    "EMBEDDING": "embedding",
    "CHAIN": "chain",
    "WORKFLOW": "chain",
    "TASK": "chain",
    "UNKNOWN": "chain",
}


def recognises(span: Span) -> bool:
    """Every span of MLflow has a type, unless it was exported by OpenTelemetry's conventions."""
    return "mlflow.spanType" in span.attributes


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of an MLflow span, and the tool execution or retrieval that it is."""
    attributes = span.attributes
    role = ROLES.get(_plain(attributes, "mlflow.spanType"), "other")
    asked, answered = attributes.get("mlflow.spanInputs", ""), attributes.get("mlflow.spanOutputs", "")
    known: dict[str, Any] = {"agent_name": span.name if role == "agent" else ""}
    if role in ("llm", "agent", "chain"):
        given, returned = read_payload(asked), read_payload(answered)
        known |= {
            "input": said(given, "user"),
            "output": said(returned, "assistant"),
            "is_truncated": given.is_cut or returned.is_cut,
        }
        if role == "llm":
            known |= _model(attributes, as_dict(given.value), as_dict(returned.value))
    yield make_facts(span, NAME, role, **known)
    if role == "tool":
        yield tool_execution(span, asked, answered)
    elif role == "retriever" and answered:
        yield make_retrieval(span, query(asked), documents(answered))


def _plain(attributes: Attributes, key: str) -> str:
    """An attribute's text without its JSON quotes."""
    text = attributes.get(key, "")
    value = parse(text)
    return text if value is None else as_str(value)


def _model(attributes: Attributes, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Fields about the model and its answer."""
    usage = as_dict(parse(attributes.get("mlflow.chat.tokenUsage"))) or as_dict(response.get("usage"))
    choice = next((item for item in as_list(response.get("choices")) if isinstance(item, dict)), {})
    return {
        "provider": _plain(attributes, "mlflow.llm.provider"),
        "request_model": as_str(request.get("model")) or _plain(attributes, "model"),
        "response_model": as_str(response.get("model")) or _plain(attributes, "mlflow.llm.model"),
        "response_id": as_str(response.get("id")),
        "finish_reason": as_str(choice.get("finish_reason")),
        "input_tokens": number(usage, "input_tokens", "prompt_tokens"),
        "output_tokens": number(usage, "output_tokens", "completion_tokens"),
        "cached_tokens": number(usage, "cache_read_input_tokens"),
        "cost_usd": amount(as_dict(parse(attributes.get("mlflow.llm.cost"))), "total_cost"),
        "tools_offered": read_tool_definitions(parse(attributes.get("mlflow.chat.tools")) or request.get("tools")),
    }
