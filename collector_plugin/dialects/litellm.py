"""LiteLLM's own exporter: OpenTelemetry GenAI attributes that leave the tool calls out of the output message.

A call of a tool stands only in `gen_ai.completion.<n>.function_call.{name,arguments}`, without its id. The raw request
and answer sit on a child span (`llm.<provider>.*`), which repeats the call and so is no call of its own.
"""

from collections.abc import Iterator
from dataclasses import replace

from collector_plugin.dialects import otel_genai
from collector_plugin.reading.message_shapes import canonical_arguments
from schemas.records import Attributes, MessageBody, Record, Span, SpanFacts, ToolDefinition, ToolRequest

NAME = "litellm"


def recognises(span: Span) -> bool:
    """LiteLLM gives every call an id of its own."""
    return "litellm.call_id" in span.attributes or (span.scope_name == "litellm" and otel_genai.recognises(span))


def read(span: Span) -> Iterator[Record]:
    """Yield GenAI's records, the tool calls put back into the answer."""
    for record in otel_genai.read(span):
        if isinstance(record, SpanFacts):
            record = replace(record, dialect=NAME, tools_offered=record.tools_offered or _tools(span.attributes))
            calls = tuple(_tool_calls(span.attributes))
            if calls and not any(body.tool_calls for body in record.output):
                text = "\n".join(body.content for body in record.output if body.content)
                record = replace(record, output=(MessageBody("assistant", text, calls),))
        yield record


def _tool_calls(attributes: Attributes) -> Iterator[ToolRequest]:
    number = 0
    while name := attributes.get(f"gen_ai.completion.{number}.function_call.name"):
        yield ToolRequest(
            "", name, canonical_arguments(attributes.get(f"gen_ai.completion.{number}.function_call.arguments"))
        )
        number += 1


def _tools(attributes: Attributes) -> tuple[ToolDefinition, ...]:
    tools: list[ToolDefinition] = []
    while name := attributes.get(f"llm.request.functions.{len(tools)}.name"):
        prefix = f"llm.request.functions.{len(tools)}"
        tools.append(
            ToolDefinition(
                name, attributes.get(f"{prefix}.description", ""), attributes.get(f"{prefix}.parameters", "")
            )
        )
    return tuple(tools)
