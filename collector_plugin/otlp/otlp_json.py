"""Read OTLP/JSON into the protobuf messages.

The mapping differs from protobuf's own JSON: ids are hex in either case, enums are integers only, names are
lowerCamelCase only, unknown fields are ignored. Written out by hand because it must be exact in these points, and
because protobuf's generic JSON reader takes five times as long.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.json_fields import (
    Json,
    JsonObject,
    bytes_from,
    double_from,
    enum_of,
    id_of,
    integer_of,
    object_of,
    objects_of,
    text_of,
)
from schemas.errors import Undecodable

Request = TypeVar("Request", ExportTraceServiceRequest, ExportLogsServiceRequest, ExportMetricsServiceRequest)

# Deeper values would make a message that no protobuf parser reads back; they are kept as JSON text.
VALUE_DEPTH_LIMIT = 24

# Tried in this order: a surrogate pair, a surrogate without its other half, any other escape.
ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
    r"|\\.",
    re.DOTALL,
)
LONE_SURROGATE_CHARS = 6


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Request]):
    """A request without the items that could not be read, and why not: a sentence for each."""

    request: Request
    faults: list[str]


def parse_traces(body: bytes) -> Parsed[ExportTraceServiceRequest]:
    """Read an OTLP/JSON trace export request.

    Raises:
        Undecodable: it is not JSON, a field outside of a span has a value of the wrong type, or every span is cut.
    """
    request, faults, kept_count = ExportTraceServiceRequest(), list[str](), 0
    for resource_spans in objects_of(_load(body), "resourceSpans"):
        group = request.resource_spans.add(schema_url=text_of(resource_spans, "schemaUrl"))
        _fill_resource(group.resource, resource_spans)
        for scope_spans in objects_of(resource_spans, "scopeSpans"):
            scope_group = group.scope_spans.add(schema_url=text_of(scope_spans, "schemaUrl"))
            _fill_scope(scope_group.scope, scope_spans)
            for span in objects_of(scope_spans, "spans"):
                kept_count += _fill_or_cut(_fill_span, scope_group.spans, span, faults)
    return _unless_all_cut(request, kept_count, faults)


def parse_logs(body: bytes) -> Parsed[ExportLogsServiceRequest]:
    """Read an OTLP/JSON log export request.

    Raises:
        Undecodable: it is not JSON, a field outside of a log record has a value of the wrong type, or all are cut.
    """
    request, faults, kept_count = ExportLogsServiceRequest(), list[str](), 0
    for resource_logs in objects_of(_load(body), "resourceLogs"):
        group = request.resource_logs.add(schema_url=text_of(resource_logs, "schemaUrl"))
        _fill_resource(group.resource, resource_logs)
        for scope_logs in objects_of(resource_logs, "scopeLogs"):
            scope_group = group.scope_logs.add(schema_url=text_of(scope_logs, "schemaUrl"))
            _fill_scope(scope_group.scope, scope_logs)
            for log in objects_of(scope_logs, "logRecords"):
                kept_count += _fill_or_cut(_fill_log, scope_group.log_records, log, faults)
    return _unless_all_cut(request, kept_count, faults)


def parse_metrics(body: bytes) -> Parsed[ExportMetricsServiceRequest]:
    """Check that a body is an OTLP/JSON metrics export request; its data points are not read, for they are not stored.

    Raises:
        Undecodable: it is not JSON, or resourceMetrics is no list of objects.
    """
    request = ExportMetricsServiceRequest()
    for _ in objects_of(_load(body), "resourceMetrics"):
        request.resource_metrics.add()
    return Parsed(request, [])


def _load(body: bytes) -> JsonObject:
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = _load_mended(body)
    if not isinstance(document, dict):
        raise Undecodable("The body must be a JSON object.")
    return document


def _load_mended(body: bytes) -> Json:
    """Parse once more with what is no Unicode replaced: one torn character must not cost the whole batch."""
    text = ESCAPE.sub(
        lambda match: "\\ufffd" if len(match[0]) == LONE_SURROGATE_CHARS else match[0], body.decode("utf-8", "replace")
    )
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"The body is not JSON: {error}.") from error


def _fill_or_cut(fill: Callable[[Any, JsonObject], None], items: Any, source: JsonObject, faults: list[str]) -> bool:
    """Add one span or log record; leave it out, say why and return False where one of its fields is wrong."""
    try:
        fill(items.add(), source)
    except Undecodable as error:
        faults.append(str(error))
    except (ValueError, TypeError, OverflowError) as error:
        # Protobuf's setters know the range of each field; their message names the value.
        faults.append(f"A field has a value out of range: {error}.")
    else:
        return True
    del items[-1]
    return False


def _unless_all_cut(request: Request, kept_count: int, faults: list[str]) -> Parsed[Request]:
    # An exporter that writes another JSON than OTLP's writes all of it so, and must hear of it.
    if faults and not kept_count:
        raise Undecodable(faults[0])
    return Parsed(request, faults)


def _fill_resource(resource: Resource, parent: JsonObject) -> None:
    if parent.get("resource") is None:
        return
    source = object_of(parent, "resource")
    _fill_attributes(resource.attributes, source)
    resource.dropped_attributes_count = integer_of(source, "droppedAttributesCount")


def _fill_scope(scope: InstrumentationScope, parent: JsonObject) -> None:
    if parent.get("scope") is None:
        return
    source = object_of(parent, "scope")
    scope.name = text_of(source, "name")
    scope.version = text_of(source, "version")
    _fill_attributes(scope.attributes, source)
    scope.dropped_attributes_count = integer_of(source, "droppedAttributesCount")


def _fill_span(span: Span, source: JsonObject) -> None:
    span.trace_id = id_of(source, "traceId")
    span.span_id = id_of(source, "spanId")
    span.parent_span_id = id_of(source, "parentSpanId")
    span.trace_state = text_of(source, "traceState")
    span.flags = integer_of(source, "flags")
    span.name = text_of(source, "name")
    span.kind = enum_of(source, "kind")
    span.start_time_unix_nano = integer_of(source, "startTimeUnixNano")
    span.end_time_unix_nano = integer_of(source, "endTimeUnixNano")
    _fill_attributes(span.attributes, source)
    span.dropped_attributes_count = integer_of(source, "droppedAttributesCount")
    span.dropped_events_count = integer_of(source, "droppedEventsCount")
    span.dropped_links_count = integer_of(source, "droppedLinksCount")
    status = object_of(source, "status")
    if status:
        span.status.message = text_of(status, "message")
        span.status.code = enum_of(status, "code")
    for event in objects_of(source, "events"):
        target = span.events.add(name=text_of(event, "name"), time_unix_nano=integer_of(event, "timeUnixNano"))
        target.dropped_attributes_count = integer_of(event, "droppedAttributesCount")
        _fill_attributes(target.attributes, event)
    for link in objects_of(source, "links"):
        _fill_link(span.links.add(), link)


def _fill_link(link: Span.Link, source: JsonObject) -> None:
    link.trace_id = id_of(source, "traceId")
    link.span_id = id_of(source, "spanId")
    link.trace_state = text_of(source, "traceState")
    link.flags = integer_of(source, "flags")
    link.dropped_attributes_count = integer_of(source, "droppedAttributesCount")
    _fill_attributes(link.attributes, source)


def _fill_log(log: LogRecord, source: JsonObject) -> None:
    log.time_unix_nano = integer_of(source, "timeUnixNano")
    log.observed_time_unix_nano = integer_of(source, "observedTimeUnixNano")
    log.severity_number = enum_of(source, "severityNumber")
    log.severity_text = text_of(source, "severityText")
    log.event_name = text_of(source, "eventName")
    log.trace_id = id_of(source, "traceId")
    log.span_id = id_of(source, "spanId")
    log.flags = integer_of(source, "flags")
    log.dropped_attributes_count = integer_of(source, "droppedAttributesCount")
    if source.get("body") is not None:
        _fill_value(log.body, object_of(source, "body"), 0)
    _fill_attributes(log.attributes, source)


def _fill_attributes(attributes: Json, source: JsonObject, key: str = "attributes", depth: int = 0) -> None:
    for attribute in objects_of(source, key):
        pair = attributes.add(key=text_of(attribute, "key"))
        if attribute.get("value") is not None:
            _fill_value(pair.value, object_of(attribute, "value"), depth)


def _fill_value(value: AnyValue, source: JsonObject, depth: int) -> None:
    """Fill the one alternative that is set; none of them is the empty value, which OTLP allows."""
    value.SetInParent()
    match source:
        case {"stringValue": str(text)}:
            value.string_value = text
        case {"boolValue": bool(flag)}:
            value.bool_value = flag
        case {"intValue": number} if number is not None:
            value.int_value = integer_of(source, "intValue")
        case {"doubleValue": number} if number is not None:
            value.double_value = double_from(number)
        case {"bytesValue": str(text)}:
            value.bytes_value = bytes_from(text)
        case {"arrayValue": dict()} | {"kvlistValue": dict()} if depth >= VALUE_DEPTH_LIMIT:
            value.string_value = orjson.dumps(source).decode()
        case {"arrayValue": dict(nested)}:
            value.array_value.SetInParent()
            for item in objects_of(nested, "values"):
                _fill_value(value.array_value.values.add(), item, depth + 1)
        case {"kvlistValue": dict(nested)}:
            value.kvlist_value.SetInParent()
            _fill_attributes(value.kvlist_value.values, nested, "values", depth + 1)
        case _:
            _refuse_mistyped(source)


VALUE_FIELDS = ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue")


def _refuse_mistyped(source: JsonObject) -> None:
    for key in VALUE_FIELDS:
        if source.get(key) is not None:
            raise Undecodable(f"{key} has a value of the wrong type.")
