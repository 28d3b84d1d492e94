"""OTLP/JSON becomes the same protobuf message that protobuf's own form would have been."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.otlp_json import parse_logs, parse_metrics, parse_traces
from schemas.errors import Undecodable

Pair = tuple[Any, Any]  # a protobuf value and the JSON it is written as

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
int64s = st.integers(-(2**63), 2**63 - 1)
times = st.integers(0, 2**64 - 1)
counts = st.integers(0, 2**32 - 1)


def number_or_text(number: int, is_text: bool) -> int | str:
    return str(number) if is_text else number


def list_pair(items: list[Pair]) -> Pair:
    value = AnyValue()
    value.array_value.values.extend(item for item, _ in items)
    value.array_value.SetInParent()
    return value, {"arrayValue": {"values": [written for _, written in items]}}


def map_pair(items: list[tuple[str, Pair]]) -> Pair:
    value = AnyValue()
    value.kvlist_value.SetInParent()
    for key, (item, _) in items:
        value.kvlist_value.values.add(key=key, value=item)
    return value, {"kvlistValue": {"values": [{"key": key, "value": written} for key, (_, written) in items]}}


leaves: st.SearchStrategy[Pair] = st.one_of(
    texts.map(lambda text: (AnyValue(string_value=text), {"stringValue": text})),
    st.booleans().map(lambda flag: (AnyValue(bool_value=flag), {"boolValue": flag})),
    st.builds(
        lambda number, is_text: (AnyValue(int_value=number), {"intValue": number_or_text(number, is_text)}),
        int64s,
        st.booleans(),
    ),
    st.floats(allow_nan=False, allow_infinity=False).map(
        lambda number: (AnyValue(double_value=number), {"doubleValue": number})
    ),
    st.sampled_from([float("inf"), float("-inf")]).map(
        lambda number: (
            AnyValue(double_value=number),
            {"doubleValue": "Infinity" if number > 0 else "-Infinity"},
        )
    ),
    st.binary(max_size=5).map(
        lambda data: (AnyValue(bytes_value=data), {"bytesValue": base64.b64encode(data).decode()})
    ),
    st.just((AnyValue(), {})),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(list_pair), st.lists(st.tuples(texts, inner), max_size=3).map(map_pair)
    ),
    max_leaves=6,
)
attributes = st.lists(st.tuples(texts, values), max_size=3)


def add_attributes(target: Any, pairs: list[tuple[str, Pair]]) -> list[dict[str, Any]]:
    for key, (value, _) in pairs:
        target.add(key=key, value=value)
    return [{"key": key, "value": written} for key, (_, written) in pairs]


@st.composite
def spans(draw: st.DrawFn) -> Pair:
    span = Span(
        trace_id=draw(st.binary(min_size=16, max_size=16)),
        span_id=draw(st.binary(min_size=8, max_size=8)),
        name=draw(texts),
        kind=draw(st.integers(0, 5)),  # type: ignore[arg-type]  # an enum is a number on the wire
        start_time_unix_nano=draw(times),
        flags=draw(counts),
        dropped_events_count=draw(counts),
    )
    written: dict[str, Any] = {
        "traceId": draw(st.sampled_from([str.upper, str.lower]))(span.trace_id.hex()),
        "spanId": span.span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": number_or_text(span.start_time_unix_nano, draw(st.booleans())),
        "flags": span.flags,
        "droppedEventsCount": span.dropped_events_count,
        "attributes": add_attributes(span.attributes, draw(attributes)),
        "somethingNew": {"a": [1, None]},
        "endTimeUnixNano": None,
    }
    for name in draw(st.lists(texts, max_size=2)):
        event = span.events.add(name=name)
        written.setdefault("events", []).append(
            {"name": name, "attributes": add_attributes(event.attributes, draw(attributes))}
        )
    for linked in draw(st.lists(st.binary(min_size=16, max_size=16), max_size=2)):
        span.links.add(trace_id=linked)
        written.setdefault("links", []).append({"traceId": linked.hex()})
    return span, written


@given(st.lists(spans(), max_size=3), attributes)
def test_a_trace_request_in_json_equals_the_same_in_protobuf(items: list[Pair], of_resource: list[Any]) -> None:
    """Ids in either case, integers as numbers or text, unknown and null fields: the message is the same."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add(schema_url="r")
    group.resource.SetInParent()
    resource = {"attributes": add_attributes(group.resource.attributes, of_resource)}
    scope_group = group.scope_spans.add(spans=[span for span, _ in items])
    scope_group.scope.name = "lib"
    document = {
        "resourceSpans": [
            {
                "resource": resource,
                "schemaUrl": "r",
                "scopeSpans": [{"scope": {"name": "lib"}, "spans": [written for _, written in items]}],
            }
        ]
    }
    parsed = parse_traces(orjson.dumps(document))
    assert parsed.request == request
    assert parsed.faults == []


@given(values, attributes, times, counts)
def test_a_log_request_in_json_equals_the_same_in_protobuf(
    body: Pair, of_log: list[Any], time_ns: int, flags: int
) -> None:
    """Structured bodies included."""
    log = LogRecord(body=body[0], time_unix_nano=time_ns, flags=flags, event_name="e", severity_number=9)  # type: ignore[arg-type]  # an enum is a number on the wire
    written = {
        "body": body[1],
        "timeUnixNano": str(time_ns),
        "flags": flags,
        "eventName": "e",
        "severityNumber": 9,
        "attributes": add_attributes(log.attributes, of_log),
    }
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add(log_records=[log])
    document = {"resourceLogs": [{"scopeLogs": [{"logRecords": [written]}]}]}
    assert parse_logs(orjson.dumps(document)).request == request


def one_span(**fields: Any) -> bytes:
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab" * 16, **fields}]}]}]})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{nope", "not JSON"),
        (b"[1]", "JSON object"),
        (b'{"resourceSpans": 1}', "resourceSpans"),
        (b'{"resourceSpans": [1]}', "resourceSpans"),
        (b'{"resourceSpans":' + b"[" * 20_000, "not JSON"),
        (one_span(kind="SPAN_KIND_CLIENT"), "kind"),
        (one_span(spanId="7uFLJ2t0vEI="), "spanId"),
        (one_span(attributes={"a": 1}), "attributes"),
        (one_span(name=7), "name"),
        (one_span(startTimeUnixNano="soon"), "startTimeUnixNano"),
        (one_span(startTimeUnixNano=-1), "out of range"),
        (one_span(attributes=[{"key": "a", "value": {"boolValue": "yes"}}]), "boolValue"),
        (one_span(attributes=[{"key": "a", "value": {"bytesValue": "?"}}]), "bytesValue"),
        (one_span(attributes=[{"key": "a", "value": {"doubleValue": "1e5000000000"}}]), "doubleValue"),
    ],
)
def test_what_is_not_otlp_is_refused_and_the_field_named(body: bytes, named: str) -> None:
    """Where nothing of a request can be used, its sender is told what is wrong."""
    with pytest.raises(Undecodable, match=named):
        parse_traces(body)


def test_one_wrong_span_costs_only_itself() -> None:
    """The good span beside it is read, the bad one is left out with its reason."""
    document = orjson.loads(one_span(name="good"))
    document["resourceSpans"][0]["scopeSpans"][0]["spans"].append({"traceId": "xyz"})
    parsed = parse_traces(orjson.dumps(document))
    assert [span.name for span in parsed.request.resource_spans[0].scope_spans[0].spans] == ["good"]
    assert parsed.faults == ["traceId must be hexadecimal."]


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (rb"a\ud800b", "a�b"),
        (rb"\ud83d\ude00 \udc00", "😀 �"),
        (rb"\\ud800 \ud800", r"\ud800 " + "�"),
        (b"caf\xe9", "caf�"),
    ],
)
def test_text_that_is_no_unicode_keeps_its_readable_part(name: bytes, read: str) -> None:
    """A torn character must not cost the batch; an escaped backslash before a `u` is no escape."""
    parsed = parse_traces(one_span(name="NAME").replace(b"NAME", name))
    assert parsed.request.resource_spans[0].scope_spans[0].spans[0].name == read


def test_a_value_nested_too_deep_is_kept_as_text_and_can_be_read_back() -> None:
    """Protobuf readers stop at 100 levels, so what is deeper must not be made."""
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(60):
        value = {"kvlistValue": {"values": [{"key": "n", "value": value}]}}
    request = parse_traces(one_span(attributes=[{"key": "a", "value": value}])).request
    assert ExportTraceServiceRequest.FromString(request.SerializeToString()) == request
    assert b"deep" in request.SerializeToString()


def test_an_empty_body_is_an_empty_request() -> None:
    """OTLP asks to answer it with success."""
    assert parse_traces(b"").request == ExportTraceServiceRequest()
    assert len(parse_metrics(b'{"resourceMetrics": [{}, {}]}').request.resource_metrics) == 2
