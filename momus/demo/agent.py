"""The demo agent's traced loop. Spans follow OpenTelemetry's GenAI conventions, as an application would write them."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, Status, StatusCode

from momus.demo import shop
from momus.demo.scenarios import SCENARIOS, Exchange, Scenario, Use

MODEL = "scripted-1"
AGENT = "support_agent"
NAMES = ("Ada", "Ben", "Chloe", "Deniz", "Emil", "Fatima", "Gus", "Hanna", "Ivo", "June", "Kofi", "Lena")


def play(exporter: SpanExporter, seed: int = 7) -> int:
    """Play every scenario through `exporter` and return the number of conversations; blocks until all is exported."""
    provider = TracerProvider(resource=Resource.create({"service.name": "bolt-support", "service.version": "1.4.2"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("bolt_support")
    sessions = list(_sessions(random.Random(seed)))
    for conversation_id, scenario, filling in sessions:
        _converse(tracer, conversation_id, scenario, filling)
    provider.force_flush()
    provider.shutdown()
    return len(sessions)


def _sessions(chance: random.Random) -> Iterator[tuple[str, Scenario, dict[str, str]]]:
    """Every customer of every scenario, in mixed order; some people come back with another question."""
    planned = [scenario for scenario in SCENARIOS for _ in range(scenario.customers)]
    chance.shuffle(planned)
    for number, scenario in enumerate(planned):
        order = f"B-{chance.randrange(1000, 9000) * 10 + chance.randrange(9)}"
        filling = {"order": order, "name": chance.choice(NAMES), "user": f"customer-{chance.randrange(60):03d}"}
        yield f"chat-{number:03d}-{chance.randrange(16**6):06x}", scenario, filling


def _converse(tracer: trace.Tracer, conversation_id: str, scenario: Scenario, filling: dict[str, str]) -> None:
    history: list[dict[str, Any]] = []
    for exchange in scenario.exchanges:
        with tracer.start_as_current_span(f"invoke_agent {AGENT}") as turn:
            _tag(turn, "invoke_agent", conversation_id, filling)
            turn.set_attribute("gen_ai.agent.name", AGENT)
            try:
                _answer(tracer, exchange, history, conversation_id, filling)
            except shop.UpstreamRateLimitError as error:
                turn.set_status(Status(StatusCode.ERROR, str(error)))


def _answer(
    tracer: trace.Tracer,
    exchange: Exchange,
    history: list[dict[str, Any]],
    conversation_id: str,
    filling: dict[str, str],
) -> None:
    """One turn: the model asks for one tool after another, then answers; `history` grows."""
    history.append(_text("user", exchange.said.format(**filling)))
    for number, use in enumerate(exchange.uses):
        call_id = f"call_{len(history)}_{number}"
        arguments = {
            key: value.format(**filling) if isinstance(value, str) else value for key, value in use.arguments.items()
        }
        asks = {"type": "tool_call", "id": call_id, "name": use.tool, "arguments": arguments}
        _ask_model(
            tracer,
            history,
            {"role": "assistant", "parts": [asks], "finish_reason": "tool_call"},
            conversation_id,
            filling,
        )
        result = _use_tool(tracer, use, call_id, arguments, conversation_id, filling)
        history.append({"role": "tool", "parts": [{"type": "tool_call_response", "id": call_id, "response": result}]})
    _ask_model(
        tracer, history, _text("assistant", exchange.answer.format(**filling)), conversation_id, filling, exchange.fails
    )


def _ask_model(
    tracer: trace.Tracer,
    history: list[dict[str, Any]],
    reply: dict[str, Any],
    conversation_id: str,
    filling: dict[str, str],
    fails: str = "",
) -> None:
    with tracer.start_as_current_span(f"chat {MODEL}", kind=trace.SpanKind.CLIENT, record_exception=True) as span:
        _tag(span, "chat", conversation_id, filling)
        span.set_attribute("gen_ai.provider.name", "scripted")
        span.set_attribute("gen_ai.request.model", MODEL)
        span.set_attribute("gen_ai.system_instructions", _json([{"type": "text", "content": shop.SYSTEM_PROMPT}]))
        span.set_attribute("gen_ai.input.messages", _json(history))
        span.set_attribute("gen_ai.tool.definitions", _json([tool.definition() for tool in shop.TOOLS]))
        span.set_attribute("gen_ai.usage.input_tokens", len(_json(history)) // 4)
        if fails:
            raise shop.UpstreamRateLimitError(fails)
        span.set_attribute("gen_ai.output.messages", _json([{"finish_reason": "stop"} | reply]))
        span.set_attribute("gen_ai.usage.output_tokens", len(_json(reply)) // 4)
    history.append({key: reply[key] for key in ("role", "parts")})


def _use_tool(
    tracer: trace.Tracer,
    use: Use,
    call_id: str,
    arguments: dict[str, Any],
    conversation_id: str,
    filling: dict[str, str],
) -> str:
    with tracer.start_as_current_span(
        f"execute_tool {use.tool}", record_exception=False, set_status_on_exception=False
    ) as span:
        _tag(span, "execute_tool", conversation_id, filling)
        span.set_attribute("gen_ai.tool.name", use.tool)
        span.set_attribute("gen_ai.tool.call.id", call_id)
        span.set_attribute("gen_ai.tool.call.arguments", _json(arguments))
        try:
            result = shop.call(use.tool, arguments)
        except shop.PaymentGatewayError as error:  # the agent tells the model and goes on, as agents do
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, str(error)))
            return f"Error: {error}"
        span.set_attribute("gen_ai.tool.call.result", result)
        return result


def _tag(span: Span, operation: str, conversation_id: str, filling: dict[str, str]) -> None:
    span.set_attribute("gen_ai.operation.name", operation)
    span.set_attribute("gen_ai.conversation.id", conversation_id)
    span.set_attribute("user.id", filling["user"])


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _json(value: Sequence[Any] | dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
