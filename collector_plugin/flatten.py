"""Flatten export requests into spans and log records, losing no value and knowing no vendor.

Attribute values become text in the form of the OpenTelemetry Collector's `pcommon.Value.AsString`: strings as they are,
numbers and booleans in JSON's spelling, bytes in base64, arrays and maps as JSON. What was not a string is named in
`attribute_types`. Of a repeated attribute key the first value keeps the name (as the Collector's lookup does); the
others are kept as `key#2`, `key#3`, ..., also within a nested map.

Not kept: the flags of links; how many attributes events, links, resources and scopes dropped; a resource's entities.
"""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as ProtoLogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from schemas.records import LogRecord, Span, SpanEvent, SpanLink

SPAN_KINDS = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
STATUS_CODES = ("Unset", "Ok", "Error")
TYPES = {None: "empty"} | {
    field.name: field.name.removesuffix("_value") for field in AnyValue.DESCRIPTOR.oneofs_by_name["value"].fields
}
MAX_DEPTH = 64  # an AnyValue nested deeper is cut there and says so; JSON readers refuse much deeper text anyway


def flatten_traces(request: ExportTraceServiceRequest, tenant: str = "") -> Iterator[Span]:
    """Yield the request's spans in the order given, one at a time: flattened they take several times the memory."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            shared = _shared(resource_spans, scope_spans, tenant)
            for span in scope_spans.spans:
                yield _span(span, shared)


def flatten_logs(request: ExportLogsServiceRequest, tenant: str = "") -> Iterator[LogRecord]:
    """Yield the request's log records in the order given, one at a time."""
    for resource_logs in request.resource_logs:
        for scope_logs in resource_logs.scope_logs:
            shared = _shared(resource_logs, scope_logs, tenant)
            for record in scope_logs.log_records:
                yield _log_record(record, shared)


def as_text(value: AnyValue) -> str:
    """Return an attribute value as text, in the spelling of `pcommon.Value.AsString`; empty for no value."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None:
        return ""
    plain = _plain(value)
    if isinstance(plain, float):
        return _float_text(plain)
    return plain if isinstance(plain, str) else orjson.dumps(plain).decode()


class _Shared(NamedTuple):
    """What all records of one scope have in common: fields, and the types of the attributes in them."""

    fields: dict[str, Any]  # Any: of Span or LogRecord
    attribute_types: dict[str, str]


def _shared(of_resource: Any, of_scope: Any, tenant: str) -> _Shared:  # Any: protobuf messages of either signal
    types: dict[str, str] = {}
    resource = attributes_as_text(of_resource.resource.attributes, "resource", types)
    scope = attributes_as_text(of_scope.scope.attributes, "scope", types)
    fields = {
        "tenant": tenant,
        "service_name": resource.get("service.name", ""),
        "resource_attributes": resource,
        "resource_schema_url": of_resource.schema_url,
        "scope_name": of_scope.scope.name,
        "scope_version": of_scope.scope.version,
        "scope_attributes": scope,
        "scope_schema_url": of_scope.schema_url,
    }
    return _Shared(fields, types)


def _span(span: ProtoSpan, shared: _Shared) -> Span:
    types = shared.attribute_types.copy()
    attributes, status = attributes_as_text(span.attributes, "span", types), span.status
    return Span(
        **shared.fields,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        trace_state=span.trace_state,
        flags=span.flags,
        name=span.name,
        kind=named(SPAN_KINDS, span.kind),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=attributes,
        status_code=named(STATUS_CODES, status.code),
        status_message=status.message,
        events=tuple(_events(span, types)) if span.events else (),
        links=tuple(_links(span, types)) if span.links else (),
        dropped_attributes_count=span.dropped_attributes_count,
        dropped_events_count=span.dropped_events_count,
        dropped_links_count=span.dropped_links_count,
        attribute_types=types,
    )


def _events(span: ProtoSpan, types: dict[str, str]) -> Iterator[SpanEvent]:
    for number, event in enumerate(span.events):
        yield SpanEvent(
            event.name, event.time_unix_nano, attributes_as_text(event.attributes, f"event.{number}", types)
        )


def _links(span: ProtoSpan, types: dict[str, str]) -> Iterator[SpanLink]:
    for number, link in enumerate(span.links):
        attributes = attributes_as_text(link.attributes, f"link.{number}", types)
        yield SpanLink(link.trace_id.hex(), link.span_id.hex(), link.trace_state, attributes)


def _log_record(record: ProtoLogRecord, shared: _Shared) -> LogRecord:
    types = shared.attribute_types.copy()
    note_type("body", record.body, types)
    return LogRecord(
        **shared.fields,
        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
        observed_ns=record.observed_time_unix_nano,
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        flags=record.flags,
        severity_text=record.severity_text,
        severity_number=int(record.severity_number),
        event_name=record.event_name,
        body=as_text(record.body),
        attributes=attributes_as_text(record.attributes, "log", types),
        attribute_types=types,
        dropped_attributes_count=record.dropped_attributes_count,
    )


def attributes_as_text(pairs: Iterable[KeyValue], place: str, types: dict[str, str]) -> dict[str, str]:
    """Return text by key; notes into `types` what was not a string, as `place:key`."""
    out: dict[str, str] = {}
    repeats: dict[str, int] = {}
    for pair in pairs:
        key, value = pair.key, pair.value
        if key in out:
            key = _next_free(key, out, repeats)
        # Nearly all values are strings that are not empty, and to ask which kind a value is takes as long as to read it.
        if text := value.string_value:
            out[key] = text
            continue
        kind = value.WhichOneof("value")
        out[key] = str(value.int_value) if kind == "int_value" else as_text(value)
        if kind != "string_value":
            types[f"{place}:{key}"] = TYPES[kind]
    return out


def _next_free(key: str, taken: Mapping[str, object], repeats: dict[str, int]) -> str:
    """Return `key` with the next number; `repeats` holds the last one of each key, so that a thousand are no million."""
    number = repeats.get(key, 1) + 1
    while f"{key}#{number}" in taken:
        number += 1
    repeats[key] = number
    return f"{key}#{number}"


def note_type(name: str, value: AnyValue, types: dict[str, str]) -> None:
    """Note the type of a value into `types`, unless it is a string."""
    kind = value.WhichOneof("value")
    if kind != "string_value":
        types[name] = TYPES[kind]


def _plain(value: AnyValue, depth: int = 0) -> Any:  # any JSON value
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if depth >= MAX_DEPTH:
        return "(nested too deeply)"
    if kind == "array_value":
        return [_json_safe(_plain(item, depth + 1)) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _plain_map(value.kvlist_value.values, depth + 1)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)


def _plain_map(pairs: Iterable[KeyValue], depth: int) -> dict[str, Any]:  # any JSON values
    out: dict[str, Any] = {}
    repeats: dict[str, int] = {}
    for pair in pairs:
        key = pair.key if pair.key not in out else _next_free(pair.key, out, repeats)
        out[key] = _json_safe(_plain(pair.value, depth))
    return out


def _json_safe(value: Any) -> Any:  # JSON has no NaN and no infinity; their names are kept as text
    return _float_text(value) if isinstance(value, float) and not math.isfinite(value) else value


def _float_text(value: float) -> str:
    """Go's encoding/json spelling: shortest digits, whole numbers without `.0`, exponents from 1e21 and below 1e-6."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    text = repr(value)
    if 1e-6 <= abs(value) < 1e21:
        return format(value, ".0f") if value == int(value) else _positional(text)
    mantissa, _, exponent = text.partition("e")
    return (
        text
        if not exponent
        else f"{mantissa.removesuffix('.0')}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent))}"
    )


def _positional(text: str) -> str:
    """Digits without an exponent, for values such as 1e-05 that repr() writes with one."""
    if "e" not in text:
        return text
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent)
    return format(float(text), f".{max(decimals, 0)}f").rstrip("0")


def named(names: tuple[str, ...], number: int) -> str:
    """Return the name of an enum value; one that this version of OTLP does not know is kept as its number."""
    return names[number] if 0 <= number < len(names) else str(number)
