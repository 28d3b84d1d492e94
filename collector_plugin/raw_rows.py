"""Write export requests as rows of otel_traces and otel_logs, straight from protobuf.

This is the way of every span while it is waited for, so it makes no record and no dictionary of a row: what all records of a
scope have in common is encoded once, and stands before what is a record's own.

    [service, resource, scope, tenant, segment, ...   once for a scope
     time, ids, name, attributes, events, ...]        for each record

The rows are those of `flatten` and `schemas.otel_rows`, value for value, in another order of columns; a test holds them
against each other.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.flatten import SPAN_KINDS, STATUS_CODES, as_text, attributes_as_text, named, note_type
from schemas.otel_rows import time_text

_SHARED_COLUMNS = (
    "ServiceName",
    "ResourceAttributes",
    "ResourceSchemaUrl",
    "ScopeName",
    "ScopeVersion",
    "ScopeAttributes",
    "ScopeSchemaUrl",
    "Tenant",
    "Segment",
    "ReceivedAt",
)
SPAN_COLUMNS = (
    *_SHARED_COLUMNS,
    "Timestamp",
    "TraceId",
    "SpanId",
    "ParentSpanId",
    "TraceState",
    "SpanName",
    "SpanKind",
    "SpanAttributes",
    "Duration",
    "StatusCode",
    "StatusMessage",
    "Events.Timestamp",
    "Events.Name",
    "Events.Attributes",
    "Links.TraceId",
    "Links.SpanId",
    "Links.TraceState",
    "Links.Attributes",
    "Flags",
    "AttributeTypes",
    "DroppedAttributesCount",
    "DroppedEventsCount",
    "DroppedLinksCount",
)
LOG_COLUMNS = (
    *_SHARED_COLUMNS,
    "Timestamp",
    "TraceId",
    "SpanId",
    "TraceFlags",
    "SeverityText",
    "SeverityNumber",
    "Body",
    "LogAttributes",
    "EventName",
    "ObservedTimestamp",
    "Flags",
    "AttributeTypes",
    "DroppedAttributesCount",
)


def span_lines(request: ExportTraceServiceRequest, tenant: str, segment: str, received_ns: int) -> Iterator[bytes]:
    """Yield the row of each span as a line of JSON, an array in the order of `SPAN_COLUMNS`."""
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            types: dict[str, str] = {}
            shared = _shared(of_resource, of_scope, types) + _origin(tenant, segment, received_ns)
            for span in of_scope.spans:
                yield shared + orjson.dumps(_span(span, types.copy()))[1:] + b"\n"


def log_lines(request: ExportLogsServiceRequest, tenant: str, segment: str, received_ns: int) -> Iterator[bytes]:
    """Yield the row of each log record as a line of JSON, an array in the order of `LOG_COLUMNS`."""
    for of_resource in request.resource_logs:
        for of_scope in of_resource.scope_logs:
            types: dict[str, str] = {}
            shared = _shared(of_resource, of_scope, types) + _origin(tenant, segment, received_ns)
            for record in of_scope.log_records:
                yield shared + orjson.dumps(_log_record(record, types.copy()))[1:] + b"\n"


def _shared(of_resource: Any, of_scope: Any, types: dict[str, str]) -> bytes:  # Any: protobuf messages of either signal
    """Return the beginning of an array."""
    resource = attributes_as_text(of_resource.resource.attributes, "resource", types)
    scope = attributes_as_text(of_scope.scope.attributes, "scope", types)
    told = [
        resource.get("service.name", ""),
        resource,
        of_resource.schema_url,
        of_scope.scope.name,
        of_scope.scope.version,
        scope,
        of_scope.schema_url,
    ]
    return orjson.dumps(told)[:-1]


def _origin(tenant: str, segment: str, received_ns: int) -> bytes:
    """Return the middle of an array."""
    return b"," + orjson.dumps([tenant, segment, time_text(received_ns)])[1:-1] + b","


def _span(span: Span, types: dict[str, str]) -> list[object]:
    start_ns, status, events, links = span.start_time_unix_nano, span.status, span.events, span.links
    return [
        time_text(start_ns),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.trace_state,
        span.name,
        named(SPAN_KINDS, span.kind),
        attributes_as_text(span.attributes, "span", types),
        max(0, span.end_time_unix_nano - start_ns),
        named(STATUS_CODES, status.code),
        status.message,
        *(_events(events, types) if events else _NO_EVENTS),
        *(_links(links, types) if links else _NO_LINKS),
        span.flags,
        types,
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    ]


_NO_EVENTS: tuple[list[object], ...] = ([], [], [])
_NO_LINKS: tuple[list[object], ...] = ([], [], [], [])


def _events(events: Sequence[Span.Event], types: dict[str, str]) -> tuple[list[object], ...]:
    return (
        [time_text(event.time_unix_nano) for event in events],
        [event.name for event in events],
        [attributes_as_text(event.attributes, f"event.{number}", types) for number, event in enumerate(events)],
    )


def _links(links: Sequence[Span.Link], types: dict[str, str]) -> tuple[list[object], ...]:
    return (
        [link.trace_id.hex() for link in links],
        [link.span_id.hex() for link in links],
        [link.trace_state for link in links],
        [attributes_as_text(link.attributes, f"link.{number}", types) for number, link in enumerate(links)],
    )


def _log_record(record: LogRecord, types: dict[str, str]) -> list[object]:
    note_type("body", record.body, types)
    return [
        time_text(record.time_unix_nano or record.observed_time_unix_nano),
        record.trace_id.hex(),
        record.span_id.hex(),
        record.flags & 0xFF,
        record.severity_text,
        min(max(int(record.severity_number), 0), 255),
        as_text(record.body),
        attributes_as_text(record.attributes, "log", types),
        record.event_name,
        time_text(record.observed_time_unix_nano),
        record.flags,
        types,
        record.dropped_attributes_count,
    ]
