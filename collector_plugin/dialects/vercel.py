"""The Vercel AI SDK's own telemetry: `experimental_telemetry` of versions 3 to 6, and version 7's legacy integration.

    ai.generateText | ai.streamText | ai.generateObject | ai.streamObject     one answer to the user, all its steps
      ai.generateText.doGenerate | ai.streamText.doStream | ...               one call of the model
      ai.toolCall                                                             one run of a tool
    ai.embed, ai.embedMany > ai.embed.doEmbed                                 one embedding

Version 7's `@ai-sdk/otel` speaks OpenTelemetry's conventions instead and is read by `otel_genai`.

https://ai-sdk.dev/docs/ai-sdk-core/telemetry
"""

from collections.abc import Iterator
from typing import Any

from collector_plugin.dialects.otel_genai import finish_reason, model_fields
from collector_plugin.reading.build import make_execution, make_facts, number
from collector_plugin.reading.function_io import is_cut
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions, read_tool_request
from collector_plugin.reading.payload import as_dict, as_list, parse_loosely
from schemas.records import Attributes, MessageBody, Record, Span, SpanRole

NAME = "vercel"


def recognises(span: Span) -> bool:
    """The one attribute that every span of the SDK has."""
    return "ai.operationId" in span.attributes


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of an AI SDK span, and the tool execution that it is."""
    attributes = span.attributes
    role = _role(attributes["ai.operationId"])
    known: dict[str, Any] = {**model_fields(attributes), **_model(attributes)}
    if role in ("llm", "agent"):
        known |= {"input": _prompt(attributes), "output": _answer(attributes), "tools_offered": _tools(attributes)}
        known["is_truncated"] = any(is_cut(attributes.get(key, "")) for key in ("ai.prompt.messages", "ai.prompt"))
    yield make_facts(span, NAME, role, **known)
    if role == "tool":
        yield make_execution(
            span,
            attributes.get("ai.toolCall.name", ""),
            arguments=attributes.get("ai.toolCall.args"),
            result=attributes.get("ai.toolCall.result"),
            call_id=attributes.get("ai.toolCall.id", ""),
        )


def _role(operation: str) -> SpanRole:
    if operation == "ai.toolCall":
        return "tool"
    if operation.startswith(("ai.embed", "ai.rerank")):
        return "embedding" if operation.startswith("ai.embed") else "other"
    return "llm" if operation.endswith((".doGenerate", ".doStream")) else "agent"


def _prompt(attributes: Attributes) -> tuple[MessageBody, ...]:
    """What the model was given: on its call as messages, on the outer span as the arguments of the SDK's function."""
    if "ai.prompt.messages" in attributes:
        return read_messages(parse_loosely(attributes["ai.prompt.messages"]))
    asked = as_dict(parse_loosely(attributes.get("ai.prompt")))
    said = asked.get("messages") or asked.get("prompt")
    system = read_messages([{"role": "system", "content": asked["system"]}]) if asked.get("system") else ()
    return system + read_messages(said)


def _answer(attributes: Attributes) -> tuple[MessageBody, ...]:
    """What the model answered. Versions below 3.3 say `ai.result` instead of `ai.response`."""
    told = {
        name: attributes.get(f"ai.response.{name}") or attributes.get(f"ai.result.{name}", "")
        for name in ("text", "object", "toolCalls")
    }
    calls = tuple(
        read_tool_request(call) for call in as_list(parse_loosely(told["toolCalls"])) if isinstance(call, dict)
    )
    text = told["text"] or told["object"]
    return (MessageBody("assistant", text, calls),) if text or calls else ()


def _tools(attributes: Attributes) -> Any:  # tuple[ToolDefinition, ...]
    """An array of JSON texts, one a tool."""
    return read_tool_definitions(as_list(parse_loosely(attributes.get("ai.prompt.tools"))))


def _model(attributes: Attributes) -> dict[str, Any]:
    """Fields about the model in the SDK's own words; those of `gen_ai` stand on calls only, and not in every version."""
    return {
        "agent_name": attributes.get("ai.telemetry.functionId", ""),
        "request_model": attributes.get("ai.model.id", ""),
        "response_model": attributes.get("ai.response.model", ""),
        "response_id": attributes.get("ai.response.id", ""),
        "finish_reason": finish_reason(
            attributes.get("ai.response.finishReason") or attributes.get("ai.finishReason", "")
        ),
        "input_tokens": number(
            attributes, "ai.usage.inputTokens", "ai.usage.promptTokens", "gen_ai.usage.input_tokens"
        ),
        "output_tokens": number(
            attributes, "ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens"
        ),
        "cached_tokens": number(attributes, "ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
    }
