"""LangSmith's SDK in OpenTelemetry mode (`LANGSMITH_OTEL_ENABLED`): a run with its inputs and outputs as JSON.

`gen_ai.prompt` holds the inputs and `gen_ai.completion` the outputs of every run, whatever its kind: LangChain's
serialised messages and generations, an OpenAI request and response (`wrap_openai`), or a function's (`@traceable`).
`gen_ai.operation.name` is not to be trusted: a retriever is called `embeddings`.

https://docs.langchain.com/langsmith/trace-with-opentelemetry
"""

from collections.abc import Iterator
from typing import Any

from collector_plugin.dialects.otel_genai import finish_reason, model_fields
from collector_plugin.reading.build import make_facts, make_retrieval
from collector_plugin.reading.function_io import documents, query, read_payload, said, tool_execution
from collector_plugin.reading.message_shapes import read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse_loosely
from schemas.records import Record, Span, SpanRole

NAME = "langsmith"

ROLES: dict[str, SpanRole] = {
    "llm": "llm",
    "chain": "chain",
    "tool": "tool",
    "retriever": "retriever",
    "embedding": "embedding",
}


def recognises(span: Span) -> bool:
    """A run of LangSmith; it sets OpenTelemetry's own attributes too, with other meanings."""
    return "langsmith.span.kind" in span.attributes


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a run, and the tool execution or retrieval that it is."""
    attributes = span.attributes
    role = ROLES.get(attributes["langsmith.span.kind"], "other")
    asked, answered = attributes.get("gen_ai.prompt", ""), attributes.get("gen_ai.completion", "")
    known: dict[str, Any] = {
        **model_fields(attributes),
        "agent_name": attributes.get("langsmith.metadata.lc_agent_name", ""),
    }
    if role in ("llm", "chain"):
        given, returned = read_payload(asked), read_payload(answered)
        known |= {"input": said(given, "user"), "is_truncated": given.is_cut or returned.is_cut}
        if role == "llm":
            offered = parse_loosely(attributes.get("gen_ai.tool.definitions")) or as_dict(given.value).get("tools")
            tools = read_tool_definitions(offered)
            answer = _answer_fields(as_dict(returned.value))
            known |= {"output": said(returned, "assistant"), "tools_offered": tools, **answer}
    yield make_facts(span, NAME, role, **known)
    if role == "tool":
        yield tool_execution(
            span,
            asked,
            "" if answered == "{}" else answered,
            name=attributes.get("gen_ai.tool.name", ""),
            call_id=attributes.get("gen_ai.tool.call.id", ""),
        )
    elif role == "retriever" and answered not in ("", "{}"):  # an empty answer is a failure's, not an empty retrieval's
        yield make_retrieval(
            span, query(asked), documents(answered), attributes.get("langsmith.metadata.ls_retriever_name", "")
        )


def _answer_fields(outputs: dict[str, Any]) -> dict[str, Any]:
    """What only the completion's JSON tells of the answer: LangChain's generation, or the API's own response."""
    generations = outputs.get("generations")  # a list for each prompt of the batch, or one list
    generation = as_dict(_first(_first(generations)) or _first(generations))
    message = as_dict(generation.get("message"))
    metadata = as_dict(as_dict(message.get("kwargs") or message).get("response_metadata"))
    told = {**as_dict(outputs.get("llm_output")), **metadata} or outputs
    reason = as_str(metadata.get("finish_reason") or as_dict(generation.get("generation_info")).get("finish_reason"))
    known = {
        "response_model": as_str(told.get("model_name") or told.get("model")),
        "response_id": as_str(told.get("id")),
        "finish_reason": finish_reason(reason),
    }
    return {name: value for name, value in known.items() if value}


def _first(value: Any) -> Any:  # the first item of a list, or None
    return next(iter(as_list(value)), None)
