"""Spans and log records as rows of otel_traces and otel_logs, and back.

The way back reads tables that others wrote, too: every generation of the Collector's exporter, with attributes as Map or
JSON, and with or without our columns.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import starmap
from typing import Any

import orjson

from schemas.records import Attributes, LogRecord, Span, SpanEvent, SpanLink

Row = dict[str, Any]  # Any: a row has values of every column type

_MOST_NS = 2**63 - 1
# Older exporters put the scope among the span's attributes.
_SCOPE_NAME, _SCOPE_VERSION = "otel.scope.name", "otel.scope.version"


def span_row(span: Span, segment: str, received_ns: int) -> Row:
    """Return the row of otel_traces that holds `span`; times outside of 1970 to 2262 are moved to the nearest end."""
    return {
        "Timestamp": time_text(span.start_ns),
        "TraceId": span.trace_id,
        "SpanId": span.span_id,
        "ParentSpanId": span.parent_span_id,
        "TraceState": span.trace_state,
        "SpanName": span.name,
        "SpanKind": span.kind,
        "ServiceName": span.service_name,
        "ResourceAttributes": span.resource_attributes,
        "ScopeName": span.scope_name,
        "ScopeVersion": span.scope_version,
        "SpanAttributes": span.attributes,
        "Duration": max(0, span.end_ns - span.start_ns),
        "StatusCode": span.status_code,
        "StatusMessage": span.status_message,
        "Events.Timestamp": [time_text(event.time_ns) for event in span.events],
        "Events.Name": [event.name for event in span.events],
        "Events.Attributes": [event.attributes for event in span.events],
        "Links.TraceId": [link.trace_id for link in span.links],
        "Links.SpanId": [link.span_id for link in span.links],
        "Links.TraceState": [link.trace_state for link in span.links],
        "Links.Attributes": [link.attributes for link in span.links],
        "Tenant": span.tenant,
        "Segment": segment,
        "ReceivedAt": time_text(received_ns),
        "Flags": span.flags,
        "ResourceSchemaUrl": span.resource_schema_url,
        "ScopeAttributes": span.scope_attributes,
        "ScopeSchemaUrl": span.scope_schema_url,
        "AttributeTypes": span.attribute_types,
        "DroppedAttributesCount": span.dropped_attributes_count,
        "DroppedEventsCount": span.dropped_events_count,
        "DroppedLinksCount": span.dropped_links_count,
    }


def log_row(log: LogRecord, segment: str, received_ns: int) -> Row:
    """Return the row of otel_logs that holds `log`."""
    return {
        "Timestamp": time_text(log.time_ns),
        "TraceId": log.trace_id,
        "SpanId": log.span_id,
        "TraceFlags": log.flags & 0xFF,
        "SeverityText": log.severity_text,
        "SeverityNumber": min(max(log.severity_number, 0), 255),
        "ServiceName": log.service_name,
        "Body": log.body,
        "ResourceSchemaUrl": log.resource_schema_url,
        "ResourceAttributes": log.resource_attributes,
        "ScopeSchemaUrl": log.scope_schema_url,
        "ScopeName": log.scope_name,
        "ScopeVersion": log.scope_version,
        "ScopeAttributes": log.scope_attributes,
        "LogAttributes": log.attributes,
        "EventName": log.event_name,
        "Tenant": log.tenant,
        "Segment": segment,
        "ReceivedAt": time_text(received_ns),
        "ObservedTimestamp": time_text(log.observed_ns),
        "Flags": log.flags,
        "AttributeTypes": log.attribute_types,
        "DroppedAttributesCount": log.dropped_attributes_count,
    }


def span_from_row(row: Mapping[str, Any]) -> Span:
    """Return the span that a row of any otel_traces table holds."""
    start_ns = time_ns(row["Timestamp"])
    attributes = _attributes(row.get("SpanAttributes"))
    return Span(
        trace_id=row["TraceId"],
        span_id=row["SpanId"],
        name=row["SpanName"],
        start_ns=start_ns,
        end_ns=start_ns + max(0, int(row.get("Duration", 0))),
        parent_span_id=row.get("ParentSpanId", ""),
        trace_state=row.get("TraceState", ""),
        flags=row.get("Flags", 0),
        kind=_word(row.get("SpanKind", ""), "SPAN_KIND_"),
        tenant=row.get("Tenant", ""),
        service_name=row.get("ServiceName", ""),
        resource_attributes=_attributes(row.get("ResourceAttributes")),
        resource_schema_url=row.get("ResourceSchemaUrl", ""),
        scope_name=row["ScopeName"] if "ScopeName" in row else attributes.get(_SCOPE_NAME, ""),
        scope_version=row["ScopeVersion"] if "ScopeVersion" in row else attributes.get(_SCOPE_VERSION, ""),
        scope_attributes=_attributes(row.get("ScopeAttributes")),
        scope_schema_url=row.get("ScopeSchemaUrl", ""),
        attributes=attributes,
        attribute_types=_attributes(row.get("AttributeTypes")),
        status_code=_word(row.get("StatusCode", ""), "STATUS_CODE_"),
        status_message=row.get("StatusMessage", ""),
        events=tuple(starmap(_event, _nested(row, "Events", "Timestamp", "Name", "Attributes"))),
        links=tuple(starmap(_link, _nested(row, "Links", "TraceId", "SpanId", "TraceState", "Attributes"))),
        dropped_attributes_count=row.get("DroppedAttributesCount", 0),
        dropped_events_count=row.get("DroppedEventsCount", 0),
        dropped_links_count=row.get("DroppedLinksCount", 0),
    )


def log_from_row(row: Mapping[str, Any]) -> LogRecord:
    """Return the log record that a row of any otel_logs table holds."""
    return LogRecord(
        time_ns=time_ns(row["Timestamp"]),
        observed_ns=time_ns(row.get("ObservedTimestamp", 0)),
        trace_id=row.get("TraceId", ""),
        span_id=row.get("SpanId", ""),
        flags=row.get("Flags", row.get("TraceFlags", 0)),
        severity_text=row.get("SeverityText", ""),
        severity_number=row.get("SeverityNumber", 0),
        event_name=row.get("EventName", ""),
        body=row.get("Body", ""),
        tenant=row.get("Tenant", ""),
        service_name=row.get("ServiceName", ""),
        resource_attributes=_attributes(row.get("ResourceAttributes")),
        resource_schema_url=row.get("ResourceSchemaUrl", ""),
        scope_name=row.get("ScopeName", ""),
        scope_version=row.get("ScopeVersion", ""),
        scope_attributes=_attributes(row.get("ScopeAttributes")),
        scope_schema_url=row.get("ScopeSchemaUrl", ""),
        attributes=_attributes(row.get("LogAttributes")),
        attribute_types=_attributes(row.get("AttributeTypes")),
        dropped_attributes_count=row.get("DroppedAttributesCount", 0),
    )


def time_text(ns: int) -> str:
    """Return a time as ClickHouse reads it without loss in any time zone: seconds, ten digits of them, and nanoseconds.

    Fewer digits would read as a year.
    """
    seconds, rest = divmod(min(max(ns, 0), _MOST_NS), 1_000_000_000)
    return f"{seconds:010d}.{rest:09d}"


def time_ns(value: int | str) -> int:
    """Return nanoseconds for what a DateTime64 column of any precision reads as: text in UTC, or already nanoseconds."""
    if isinstance(value, int):
        return value
    seconds, _, fraction = value.partition(".")
    whole = int(datetime.fromisoformat(seconds).replace(tzinfo=UTC).timestamp())
    return whole * 1_000_000_000 + int(f"{fraction:0<9}"[:9])


def _event(time: str, name: str, attributes: object) -> SpanEvent:
    return SpanEvent(name, time_ns(time), _attributes(attributes))


def _link(trace_id: str, span_id: str, trace_state: str, attributes: object) -> SpanLink:
    return SpanLink(trace_id, span_id, trace_state, _attributes(attributes))


def _nested(row: Mapping[str, Any], name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return the entries of a Nested column, none where the table lacks it."""
    arrays = [row.get(f"{name}.{column}") for column in columns]
    return list(zip(*arrays, strict=True)) if None not in arrays else []


def _attributes(value: object) -> Attributes:
    """Return attributes of a Map column as they are, of a JSON column with dotted keys and values as text."""
    if not isinstance(value, Mapping):
        return {}
    if all(isinstance(item, str) for item in value.values()):
        return dict(value)
    flat: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            flat |= {f"{key}.{inner}": text for inner, text in _attributes(item).items()}
        else:
            flat[key] = item if isinstance(item, str) else orjson.dumps(item).decode()
    return flat


def _word(value: str, prefix: str) -> str:
    """Return `SPAN_KIND_CLIENT` and `Client` alike as `Client`."""
    return value.removeprefix(prefix).capitalize() if value.startswith(prefix) else value
