"""Claude Code's own telemetry, of its command line and of the agents that are built on its SDK.

    claude_code.interaction                    one turn: `user_prompt`, unless it is redacted
      claude_code.llm_request                  `new_context`: what is new since the last call; `response.model_output`
      claude_code.tool                         `tool_input`, and the span event `tool.output`
        claude_code.tool.blocked_on_user       the wait for a permission
        claude_code.tool.execution             `success` and `error`; its parent does not tell that it failed
      claude_code.hook

Content is plain text under headings in brackets: `[USER]`, `[TOOL RESULT: toolu_1]`, `[TOOL INPUT: Read]`. The calls that
an answer asks for are not recorded with it: the tool's own span tells of them. The user id is that of a device.

Its log records name their event in `event.name` and in the body, `claude_code.<event>`. Read are those that belong to a
span: `api_request`, which alone tells what a call cost; `user_prompt`; and `api_error`, one for each attempt that failed.
Without a trace they are kept and not read: nothing says which of a session's prompts and calls belong together.

https://code.claude.com/docs/en/monitoring-usage
"""

import re
from collections.abc import Iterator
from typing import Any

from collector_plugin.dialects.otel_genai import model_fields
from collector_plugin.reading.build import (
    amount,
    make_exception,
    make_execution,
    make_facts,
    make_log_facts,
    number,
)
from collector_plugin.reading.message_shapes import tools_in
from collector_plugin.reading.payload import parse_loosely
from schemas.records import (
    Attributes,
    LogRecord,
    MessageBody,
    Record,
    Span,
    SpanException,
    SpanRole,
    ToolExecution,
    ToolRequest,
)

NAME = "claude_code"

_TYPE = "span.type"
_ROLES: dict[str, SpanRole] = {"interaction": "agent", "llm_request": "llm", "tool": "tool"}
_OWN_TYPES = frozenset((*_ROLES, "tool.execution", "tool.blocked_on_user", "hook"))
_HEADING = re.compile(r"^\[(USER|ASSISTANT|TOOL RESULT|SYSTEM[A-Z ]*)(?:: ([^\]\n]*))?\]\n", re.MULTILINE)
_RULE = re.compile(r"\n+---\s*\Z")  # may stand between two blocks
_REMINDER = re.compile(
    r"<system-reminder>.*?</system-reminder>", re.DOTALL
)  # the program's own, beside the user's words
_INPUT = re.compile(r"\A\[TOOL INPUT: [^\]\n]*\]\n")
_REDACTED = "<REDACTED>"
_RESULTS = ("output", "content")
_SCOPE = "com.anthropic.claude_code"
_EVENTS = frozenset(("api_request", "api_error", "user_prompt"))


def recognises(span: Span) -> bool:
    """One of its span types, on a span of its scope or name."""
    is_its_own = span.scope_name.startswith(_SCOPE) or span.name.startswith("claude_code.")
    return is_its_own and span.attributes.get(_TYPE) in _OWN_TYPES


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a span, and the tool execution or the failure that it tells of."""
    attributes = span.attributes
    kind = attributes[_TYPE]
    known: dict[str, Any] = {}
    if kind == "interaction":
        known = {"input": _prompt(attributes)}
    elif kind == "llm_request":
        known = {**model_fields(attributes), **_call(attributes)}
    execution = _execution(span) if kind == "tool" else None
    if execution:
        request = ToolRequest(execution.call_id, execution.name, execution.arguments)
        known = {"output": (MessageBody("assistant", tool_calls=(request,)),), "is_increment": True}
    yield make_facts(span, NAME, _ROLES.get(kind, "chain"), **known)
    if execution:
        yield execution
    elif kind == "tool.execution" and attributes.get("success") == "false":
        yield _failed_execution(span)
    if attributes.get("success") == "false" and span.status_code != "Error":
        yield make_exception(span, span.end_ns, attributes.get("error_class", ""), _reason(span), source=_source(kind))


def _source(kind: str) -> str:
    return "llm" if kind == "llm_request" else "tool"


def _reason(span: Span) -> str:
    return span.attributes.get("error") or span.status_message


def _prompt(attributes: Attributes) -> tuple[MessageBody, ...]:
    text = attributes.get("user_prompt") or attributes.get("prompt", "")
    return () if text in ("", _REDACTED) else (MessageBody("user", text),)


def _call(attributes: Attributes) -> dict[str, Any]:
    """Fields of a model call."""
    system = attributes.get("user_system_prompt") or ""
    answer = attributes.get("response.model_output", "")
    return {
        "input": ((MessageBody("system", system),) if system else ()) + _blocks(attributes.get("new_context", "")),
        "output": (MessageBody("assistant", answer),) if answer not in ("", _REDACTED) else (),
        "is_increment": True,
        "tools_offered": tools_in(attributes.get("tools")),  # names and hashes
        "request_model": attributes.get("gen_ai.request.model") or attributes.get("model", ""),
        "response_id": attributes.get("request_id") or attributes.get("gen_ai.response.id", ""),
        "finish_reason": attributes.get("stop_reason", ""),
        "input_tokens": number(attributes, "input_tokens", "gen_ai.usage.input_tokens"),
        "output_tokens": number(attributes, "output_tokens", "gen_ai.usage.output_tokens"),
        "cached_tokens": number(attributes, "cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
    }


def _blocks(text: str) -> tuple[MessageBody, ...]:
    """The messages of a text under headings; what stands before the first one, if anything, is the user's."""
    headings = list(_HEADING.finditer(text))
    starts = [0, *(heading.end() for heading in headings)]
    ends = [*(heading.start() for heading in headings), len(text)]
    kinds = [("USER", ""), *((heading[1], heading[2] or "") for heading in headings)]
    blocks = zip(kinds, starts, ends, strict=True)
    bodies = (_block(*kind, text[start:end]) for kind, start, end in blocks)
    return tuple(body for body in bodies if body.content or body.role == "tool")


def _block(heading: str, of: str, text: str) -> MessageBody:
    words = _RULE.sub("", text.strip())
    if heading == "TOOL RESULT":
        return MessageBody("tool", words, tool_call_id=of)
    if heading == "USER":
        return MessageBody("user", _REMINDER.sub("", words).strip())
    return MessageBody("assistant" if heading == "ASSISTANT" else "system", words)


def _execution(span: Span) -> ToolExecution:
    attributes = span.attributes
    return make_execution(
        span,
        attributes.get("tool_name") or attributes.get("gen_ai.tool.name", ""),
        arguments=parse_loosely(_INPUT.sub("", attributes.get("tool_input", ""))),
        result=_output(span),
        call_id=attributes.get("tool_use_id") or attributes.get("gen_ai.tool.call.id", ""),
    )


def _failed_execution(span: Span) -> ToolExecution:
    """What the span within a tool's tells of it: that it failed, and why."""
    return make_execution(
        span,
        span.attributes.get("tool_name", ""),
        span_id=span.parent_span_id or span.span_id,
        parent_span_id="",
        call_id=span.attributes.get("tool_use_id", ""),
        status="error",
        error_type=span.attributes.get("error_class", ""),
        error_message=_reason(span),
    )


def _output(span: Span) -> str | None:
    """The tool's result, from the event that holds it."""
    for event in span.events:
        if event.name == "tool.output":
            text = next((event.attributes[key] for key in _RESULTS if key in event.attributes), None)
            return None if text == _REDACTED else text
    return None


# --- log records ------------------------------------------------------------------------------------------------------


def recognises_log(log: LogRecord) -> bool:
    """An event of its own, by its scope or body."""
    is_its_own = log.scope_name.startswith(_SCOPE) or log.body.startswith("claude_code.")
    return is_its_own and _event(log) in _EVENTS


def read_log(log: LogRecord) -> Iterator[Record]:
    """Yield what an event tells of the span that it belongs to."""
    if not (log.trace_id and log.span_id):
        return
    match _event(log):
        case "api_request":
            yield make_log_facts(log, NAME, 0, **_cost(log.attributes))
        case "api_error":
            yield _failed_attempt(log)
        case _:
            yield make_log_facts(log, NAME, 1, role="agent", input=_prompt(log.attributes))


def _event(log: LogRecord) -> str:
    name = log.attributes.get("event.name") or log.event_name or log.body
    return name.removeprefix("claude_code.")


def _cost(attributes: Attributes) -> dict[str, Any]:
    return {
        "request_model": attributes.get("model", ""),
        "response_id": attributes.get("request_id", ""),
        "input_tokens": number(attributes, "input_tokens"),
        "output_tokens": number(attributes, "output_tokens"),
        "cached_tokens": number(attributes, "cache_read_tokens"),
        "cost_usd": amount(attributes, "cost_usd"),
    }


def _failed_attempt(log: LogRecord) -> SpanException:
    attributes = log.attributes
    return SpanException(
        trace_id=log.trace_id,
        span_id=log.span_id,
        time_ns=log.time_ns,
        type=attributes.get("error_class", ""),
        message=attributes.get("error", ""),
        source="log",
        operation="claude_code.llm_request",
        tenant=log.tenant,
        service_name=log.service_name,
        service_version=log.resource_attributes.get("service.version", ""),
        http_status=min(number(attributes, "status_code"), 599),
    )
