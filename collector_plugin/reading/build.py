"""Make records from a span: what is the same in every dialect, so that a dialect's file holds only what is its own."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from collector_plugin.otlp.cut import CUT
from collector_plugin.reading.failure_words import class_of, unwrapped
from collector_plugin.reading.identity import read_identity
from collector_plugin.reading.message_shapes import canonical_arguments
from collector_plugin.reading.payload import as_dict, as_str, parse
from collector_plugin.reading.prompts import own_words
from schemas.numbers import finite
from schemas.records import (
    CallStatus,
    Document,
    LogRecord,
    Retrieval,
    Span,
    SpanEvent,
    SpanException,
    SpanFacts,
    SpanRole,
    ToolExecution,
)

_INT64_DIGITS = 19
_HTTP_STATUS_KEYS = ("http.response.status_code", "http.status_code", "error.code", "status_code")
_FAILURE_STATUS = re.compile("[45][0-9]{2}")
_STATUS_IN_TEXT = re.compile(
    r"\b(?:status(?:[ _]code)?|error code|HTTP(?:/\d(?:\.\d)?)?)[:= ]+([45]\d\d)\b", re.IGNORECASE
)
# Atomic: were each quote of a long message tried as its end, that would take the square of its length.
_GLUED = re.compile(
    r"^(?P<type>[A-Za-z_][\w.]*)\((?P<quote>['\"])(?>(?P<message>.*?)(?P=quote)).*?\)\s*(?P<trace>Traceback .*)$",
    re.DOTALL,
)


def make_facts(span: Span, dialect: str, role: SpanRole, **known: Any) -> SpanFacts:  # any field of SpanFacts
    """Return facts about `span`, its ids and times filled in; `known` adds to or overrides them."""
    who = read_identity(span.attributes)
    fields: dict[str, Any] = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "dialect": dialect,
        "role": role,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "name": span.name,
        "tenant": span.tenant,
        "service_name": span.service_name,
        "service_version": span.resource_attributes.get("service.version", ""),
        "status": status_of(span),
        "error_type": _error_type(span),
        "conversation_id": who.conversation_id,
        "session_id": who.session_id,
        "user_id": who.user_id,
        "linked_trace_ids": tuple([link.trace_id for link in span.links]),
        "dropped_attributes_count": span.dropped_attributes_count,
        **known,
    }
    return _facts(fields, is_cut=CUT in span.attributes)


def make_log_facts(log: LogRecord, dialect: str, ordinal: int, **known: Any) -> SpanFacts:  # any field of SpanFacts
    """Return what a log record adds to the facts of its span. `ordinal` orders records of equal time; 0: complete alone."""
    who = read_identity(log.attributes)
    fields: dict[str, Any] = {
        "trace_id": log.trace_id,
        "span_id": log.span_id,
        "dialect": dialect,
        "role": "llm",
        "start_ns": log.time_ns,
        "end_ns": log.time_ns,
        "source": "log",
        "ordinal": ordinal,
        "name": log.event_name,
        "tenant": log.tenant,
        "service_name": log.service_name,
        "service_version": log.resource_attributes.get("service.version", ""),
        "conversation_id": who.conversation_id,
        "session_id": who.session_id,
        "user_id": who.user_id,
        **known,
    }
    return _facts(fields, is_cut=CUT in log.attributes)


def _facts(fields: dict[str, Any], *, is_cut: bool) -> SpanFacts:
    if is_cut:
        fields["is_truncated"] = True
    for side in ("input", "output"):
        if fields.get(side):
            fields[side] = own_words(fields[side])
    return SpanFacts(**fields)


def make_execution(
    span: Span, name: str, *, arguments: Any = None, result: str | None = None, **known: Any
) -> ToolExecution:
    """Return the tool execution that `span` is. `arguments` may be an object, its JSON or its Python repr."""
    failure = next(span_exceptions(span, name), None)
    fields: dict[str, Any] = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_span_id": span.parent_span_id,
        "name": name,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "tenant": span.tenant,
        "service_name": span.service_name,
        "arguments": canonical_arguments(arguments),
        "result": result,
        "status": "error" if failure else "ok",
        "error_type": failure.type if failure else "",
        "error_message": failure.message if failure else "",
        **known,
    }
    return ToolExecution(**fields)


def make_retrieval(span: Span, query: str | None, documents: tuple[Document, ...], name: str = "") -> Retrieval:
    """Return the retrieval that `span` is."""
    return Retrieval(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        start_ns=span.start_ns,
        name=name or span.name,
        tenant=span.tenant,
        service_name=span.service_name,
        query=query,
        documents=documents,
    )


def span_exceptions(span: Span, operation: str = "") -> Iterator[SpanException]:
    """Yield a span's machine-readable failures: its exception events, else its error status, else its error type."""
    events = _distinct_exceptions(span)
    for event in events:
        attributes = event.attributes
        yield make_exception(
            span,
            event.time_ns,
            attributes.get("exception.type", ""),
            attributes.get("exception.message", ""),
            stacktrace=attributes.get("exception.stacktrace", ""),
            source="event",
            operation=operation,
        )
    if not events and (span.status_code == "Error" or span.attributes.get("error.type")):
        message = (
            span.attributes.get("error.message") or span.status_message or _error_text(span.attributes.get("error"))
        )
        stacktrace = span.attributes.get("error.stack_trace", "")
        yield make_exception(
            span,
            span.end_ns,
            _error_type(span),
            message,
            stacktrace=stacktrace,
            source="status",
            operation=operation,
        )


def _error_type(span: Span) -> str:
    """The type of a failure; `_OTHER` names none, and some write a class as its repr(), `<class 'openai.RateLimitError'>`."""
    kind = span.attributes.get("error.type") or span.attributes.get("error_class", "")
    return "" if not kind or kind == "_OTHER" else kind.removeprefix("<class '").removesuffix("'>")


def _error_text(error: str | None) -> str:
    """What an attribute `error` says: the OpenAI Agents SDK's is an object, whose data tell more than its message."""
    value = parse(error)
    if not isinstance(value, dict):
        return value if isinstance(value, str) else (error or "") if value is None else ""
    return as_str(as_dict(value.get("data")).get("error") or value.get("message"))


def _distinct_exceptions(span: Span) -> list[SpanEvent]:
    """The span's exception events; one that passed several wrappers is recorded by each, and counts once."""
    if not span.events:
        return []
    distinct: dict[tuple[str, str], SpanEvent] = {}
    for event in span.events:
        if event.name == "exception":
            told = event.attributes.get("exception.type", ""), event.attributes.get("exception.message", "")
            distinct.setdefault(told, event)
    return list(distinct.values())


def make_exception(
    span: Span, time_ns: int, kind: str, message: str, **known: Any
) -> SpanException:  # any field of SpanException
    """Return a failure of `span`, its message freed of what libraries wrap around it; `known` overrides other fields."""
    glued = _GLUED.match(message)  # LangSmith: type, message and traceback in one text, under the type "Exception"
    if glued and kind in ("", "Exception"):
        kind, message = glued["type"], glued["message"]
        known["stacktrace"] = known.get("stacktrace") or glued["trace"]
    message = unwrapped(message)
    kind = kind or class_of(message)
    return SpanException(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        time_ns=time_ns,
        type=kind,
        message=message,
        tenant=span.tenant,
        service_name=span.service_name,
        service_version=span.resource_attributes.get("service.version", ""),
        http_status=http_status(span, message),
        **(known | {"operation": known.get("operation") or span.name}),
    )


def http_status(span: Span, message: str) -> int:
    """Return the HTTP status of a failure, from the attributes that carry it or from its message; 0 where none is named."""
    for key in _HTTP_STATUS_KEYS:
        value = span.attributes.get(key)
        if value and _FAILURE_STATUS.fullmatch(value):
            return int(value)
    in_text = _STATUS_IN_TEXT.search(message)
    return int(in_text[1]) if in_text else 0


def status_of(span: Span) -> CallStatus:
    """Unset counts as ok: instrumentation sets a status only where something failed."""
    return "error" if span.status_code == "Error" else "ok"


def number(attributes: Any, *keys: str) -> int:
    """Return the first of `keys` that holds a whole number not below zero; 0 where none does."""
    for key in keys:
        if key in attributes:
            text = str(attributes[key])
            if text.isascii() and text.isdigit():
                digits = text.lstrip("0")[: _INT64_DIGITS + 1]  # int() refuses texts of thousands of digits
                return min(int(digits or "0"), 2**63 - 1)
    return 0


def amount(attributes: Any, *keys: str) -> float:
    """Return the first of `keys` that holds a finite number not below zero; 0.0 where none does."""
    for key in keys:
        value = finite(attributes[key]) if key in attributes else None
        if value is not None and 0 <= value < 1e18:
            return value
    return 0.0


def rewrite_users(facts: SpanFacts, rewrite: Callable[[str], str], **known: Any) -> SpanFacts:  # any field of SpanFacts
    """Return `facts` with every user message's text put through `rewrite`; `known` overrides other fields."""
    given = tuple(replace(body, content=rewrite(body.content)) if body.role == "user" else body for body in facts.input)
    return replace(facts, **({"input": given} | known))
