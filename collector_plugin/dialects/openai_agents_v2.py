"""opentelemetry-instrumentation-openai-agents-v2: OpenTelemetry GenAI, with Python's reprs in the place of what is no plain text.

A call of a tool is the repr() of the SDK's object, text of an earlier answer that of a dictionary:

    {"type": "text", "content": "ResponseFunctionToolCall(arguments='{...}', call_id='call_1', name='find', ...)"}
    {"type": "text", "content": "{'annotations': [], 'text': 'Good morning.', 'type': 'output_text'}"}

Calls and their results are missing from the history; every agent has the same name; the model asked for is the one that
answered.

https://pypi.org/project/opentelemetry-instrumentation-openai-agents-v2/
"""

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from collector_plugin.dialects import otel_genai
from collector_plugin.reading.message_shapes import read_tool_request
from collector_plugin.reading.payload import MAX_LITERAL_CHARS, as_dict, parse_literal
from schemas.records import MessageBody, Record, Span, SpanFacts, ToolRequest

NAME = "openai_agents_v2"

_SCOPE = (
    "opentelemetry.instrumentation.openai_agents"  # Traceloop's instrumentation has the same, and its own attributes
)
_CALL = "ResponseFunctionToolCall("
_BLOCK = "{'"
_ANY_AGENT = "OpenAI Agent"  # not a name: what every agent is called


def recognises(span: Span) -> bool:
    """Its scope, on a span that Traceloop did not make; it is asked after that dialect."""
    return span.scope_name == _SCOPE and otel_genai.recognises(span)


def read(span: Span) -> Iterator[Record]:
    """Yield GenAI's records, the reprs read."""
    for record in otel_genai.read(span):
        yield _read_reprs(record) if isinstance(record, SpanFacts) else record


def _read_reprs(facts: SpanFacts) -> SpanFacts:
    return replace(
        facts,
        dialect=NAME,
        agent_name="" if facts.agent_name == _ANY_AGENT else facts.agent_name,
        input=tuple(_body(body) for body in facts.input),
        output=tuple(_body(body) for body in facts.output),
    )


def _body(body: MessageBody) -> MessageBody:
    """A message whose lines that are reprs have become what they stand for; each part has come as one line."""
    if body.role == "tool" or not any(mark in body.content for mark in (_CALL, _BLOCK)):
        return body
    calls: list[ToolRequest] = []
    texts: list[str] = []
    for line in body.content.split("\n"):
        call = _call(line)
        if call:
            calls.append(call)
        else:
            texts.append(_text(line))
    return replace(body, content="\n".join(texts), tool_calls=(*body.tool_calls, *calls))


def _call(line: str) -> ToolRequest | None:
    """The request that the repr of a call stands for."""
    if not line.startswith(_CALL) or len(line) > MAX_LITERAL_CHARS:
        return None
    try:
        call = ast.parse(line, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    named = call.keywords if isinstance(call, ast.Call) else []
    return read_tool_request({keyword.arg: _constant(keyword.value) for keyword in named if keyword.arg})


def _constant(node: ast.expr) -> Any:  # text or None; nothing else is read of a call
    return node.value if isinstance(node, ast.Constant) else None


def _text(line: str) -> str:
    """The text that the repr of a block stands for; any other line as it is."""
    block = as_dict(parse_literal(line)) if line.startswith(_BLOCK) else {}
    text = block.get("text", block.get("refusal"))
    return text if isinstance(text, str) and "type" in block else line
