"""A scripted agent that plays conversations through the real OpenTelemetry SDK, in GenAI conventions: one trace a turn,
the whole history with every model call, exceptions as the SDK records them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode

from tests.ablation.tasks import Call, Exchange, Play, Tool

History = list[dict[str, Any]]  # Any: messages as the conventions' JSON


class _Shared(SpanExporter):
    """The exporter of all services; shut down by whoever made it."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.export = exporter.export  # type: ignore[method-assign]


def perform(plays: Iterable[Play], exporter: SpanExporter) -> None:
    """Trace every conversation through `exporter`; blocks until all is exported."""
    providers: dict[str, TracerProvider] = {}
    for play in plays:
        if play.service not in providers:
            provider = TracerProvider(resource=Resource.create({"service.name": play.service}))
            provider.add_span_processor(BatchSpanProcessor(_Shared(exporter)))
            providers[play.service] = provider
        history: History = []
        tracer = providers[play.service].get_tracer("ablation")
        for exchange in play.exchanges:
            _converse(tracer, play, exchange, history)
    for provider in providers.values():
        provider.force_flush()
        provider.shutdown()


def _converse(tracer: trace.Tracer, play: Play, exchange: Exchange, history: History) -> None:
    with _span(tracer, play, "invoke_agent"):
        history.append(_text("user", exchange.said))
        for number, call in enumerate(exchange.calls):
            call_id = f"call_{len(history)}_{number}"
            asked = {"type": "tool_call", "id": call_id, "name": call.tool.name, "arguments": dict(call.arguments)}
            _ask_model(tracer, play, history, {"role": "assistant", "parts": [asked]})
            result = _use_tool(tracer, play, call, call_id)
            answer = {"type": "tool_call_response", "id": call_id, "response": result}
            history.append({"role": "tool", "parts": [answer]})
        _ask_model(tracer, play, history, _text("assistant", exchange.answer))


def _ask_model(tracer: trace.Tracer, play: Play, history: History, reply: dict[str, Any]) -> None:
    with _span(tracer, play, "chat") as span:
        span.set_attribute("gen_ai.request.model", "scripted")
        span.set_attribute("gen_ai.input.messages", _json(history))
        span.set_attribute("gen_ai.tool.definitions", _json([_definition(tool) for tool in play.offered]))
        span.set_attribute("gen_ai.output.messages", _json([reply | {"finish_reason": "stop"}]))
    history.append(reply)


def _use_tool(tracer: trace.Tracer, play: Play, call: Call, call_id: str) -> str:
    with _span(tracer, play, "execute_tool") as span:
        span.set_attribute("gen_ai.tool.name", call.tool.name)
        span.set_attribute("gen_ai.tool.call.id", call_id)
        span.set_attribute("gen_ai.tool.call.arguments", _json(dict(call.arguments)))
        result = call.result
        if call.error and call.is_said:
            result = _json({"error": call.error[1]})
        elif call.error:
            name, message = call.error
            span.record_exception(type(name, (Exception,), {})(message))
            span.set_status(Status(StatusCode.ERROR, message))
            return f"{name}: {message}"
        span.set_attribute("gen_ai.tool.call.result", result)
        return result


@contextmanager
def _span(tracer: trace.Tracer, play: Play, operation: str) -> Iterator[Span]:
    with tracer.start_as_current_span(operation) as span:
        span.set_attribute("gen_ai.operation.name", operation)
        span.set_attribute("gen_ai.conversation.id", play.id)
        yield span


def _definition(tool: Tool) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in tool.properties}
    schema = {"type": "object", "properties": properties, "required": list(tool.properties)}
    return {"type": "function", "name": tool.name, "description": tool.description, "parameters": schema}


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
