"""Flattening loses nothing and spells values as the OpenTelemetry Collector does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from collector_plugin.flatten import MAX_DEPTH, as_text, flatten_logs, flatten_traces


def any_value(value: Any) -> AnyValue:
    out = AnyValue()
    if isinstance(value, bool):
        out.bool_value = value
    elif isinstance(value, int):
        out.int_value = value
    elif isinstance(value, float):
        out.double_value = value
    elif isinstance(value, str):
        out.string_value = value
    elif isinstance(value, bytes):
        out.bytes_value = value
    elif isinstance(value, list):
        out.array_value.SetInParent()
        out.array_value.values.extend(any_value(item) for item in value)
    elif isinstance(value, dict):
        out.kvlist_value.SetInParent()
        out.kvlist_value.values.extend(KeyValue(key=key, value=any_value(item)) for key, item in value.items())
    return out


def request_with(*attributes: tuple[str, Any]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = bytes(range(16)), bytes(range(8)), "work"
    span.attributes.extend(KeyValue(key=key, value=any_value(value)) for key, value in attributes)
    return request


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (True, "true"),
        (-(2**63), "-9223372036854775808"),
        (1.0, "1"),
        (49.9, "49.9"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1e21, "1e+21"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Inf"),
        (b"\x00\xff", "AP8="),
        (["a", 1, None, [True]], '["a",1,null,[true]]'),
        ({"b": 1, "a": {"c": 2.5}}, '{"b":1,"a":{"c":2.5}}'),
        ([float("inf")], '["+Inf"]'),
        ([], "[]"),
        (None, ""),
    ],
)
def test_values_are_spelled_as_the_collector_spells_them(value: Any, text: str) -> None:
    """`pcommon.Value.AsString` is the model, so that our table and a Collector's read the same."""
    assert as_text(any_value(value)) == text


def test_what_was_not_a_string_keeps_its_type() -> None:
    """Text alone cannot tell 1 from "1"; the type beside it can."""
    (span,) = flatten_traces(request_with(("number", 1), ("text", "1"), ("list", [1])))
    assert span.attributes == {"number": "1", "text": "1", "list": "[1]"}
    assert span.attribute_types == {"span:number": "int", "span:list": "array"}


def test_a_repeated_key_loses_no_value() -> None:
    """The first value keeps the name, as a Collector's lookup would find it; the others get a number."""
    (span,) = flatten_traces(request_with(("key", "a"), ("key", "b"), ("key#2", "c"), ("key", "d")))
    assert span.attributes == {"key": "a", "key#2": "b", "key#2#2": "c", "key#3": "d"}


def test_a_repeated_key_of_a_nested_map_loses_no_value() -> None:
    """It is named as one of the span's own attributes would be."""
    nested = AnyValue()
    pairs = [KeyValue(key=key, value=any_value(value)) for key, value in (("key", 1), ("key", 2), ("other", 3))]
    nested.kvlist_value.values.extend(pairs)
    assert json.loads(as_text(nested)) == {"key": 1, "key#2": 2, "other": 3}


def test_a_key_repeated_very_often_is_numbered_in_one_pass() -> None:
    """A request that is small on the wire must not take minutes: looking for a free number starts after the last."""
    count = 50_000
    (span,) = flatten_traces(request_with(*[("key", "")] * count))
    assert len(span.attributes) == count
    assert list(span.attributes)[-1] == f"key#{count}"


def test_everything_around_a_span_is_kept() -> None:
    """Resource, scope, events, links, status, flags and the counts of what the SDK dropped."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add(schema_url="https://r")
    group.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = group.scope_spans.add(schema_url="https://s")
    scope.scope.name, scope.scope.version = "lib", "1.2"
    span = scope.spans.add(
        trace_id=b"\x01" * 16, span_id=b"\x02" * 8, parent_span_id=b"\x03" * 8, name="x", kind=3, flags=257
    )
    span.start_time_unix_nano, span.end_time_unix_nano, span.trace_state = 5, 7, "a=b"
    span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count = 1, 2, 3
    span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "broke"
    span.events.add(name="exception", time_unix_nano=6).attributes.add(key="n").value.int_value = 4
    span.links.add(trace_id=b"\x04" * 16, span_id=b"\x05" * 8, trace_state="c=d")
    (flat,) = flatten_traces(request, tenant="acme")
    assert (flat.tenant, flat.service_name, flat.scope_name, flat.scope_version) == ("acme", "shop", "lib", "1.2")
    assert (flat.trace_id, flat.span_id, flat.parent_span_id) == ("01" * 16, "02" * 8, "03" * 8)
    assert (flat.kind, flat.status_code, flat.status_message, flat.flags) == ("Client", "Error", "broke", 257)
    assert (flat.start_ns, flat.end_ns, flat.trace_state) == (5, 7, "a=b")
    assert (flat.resource_schema_url, flat.scope_schema_url) == ("https://r", "https://s")
    assert (flat.dropped_attributes_count, flat.dropped_events_count, flat.dropped_links_count) == (1, 2, 3)
    assert flat.events[0].attributes == {"n": "4"}
    assert flat.attribute_types == {"event.0:n": "int"}
    assert (flat.links[0].trace_id, flat.links[0].trace_state) == ("04" * 16, "c=d")


def test_an_enum_of_a_later_otlp_version_is_kept_as_its_number() -> None:
    """OTLP's enums are open."""
    request = request_with()
    request.resource_spans[0].scope_spans[0].spans[0].kind = 42  # type: ignore[assignment]  # open enum
    assert next(flatten_traces(request)).kind == "42"


def test_deep_nesting_is_cut_and_says_so() -> None:
    """A value nested beyond any reader's patience costs neither the span nor the process."""
    request = request_with(("deep", []))
    inner = request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    for _ in range(MAX_DEPTH + 20):
        inner = inner.array_value.values.add()
    (span,) = flatten_traces(request)
    assert "nested too deeply" in span.attributes["deep"]


def test_a_log_record_without_a_time_has_the_time_it_was_observed() -> None:
    """The OTLP specification's rule for an unset time."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(observed_time_unix_nano=9, event_name="e")
    record.body.CopyFrom(any_value({"content": "hi"}))
    (log,) = flatten_logs(request)
    assert (log.time_ns, log.event_name, log.body) == (9, "e", '{"content":"hi"}')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(json_values.filter(lambda value: isinstance(value, list | dict)))
def test_nested_values_come_back_whole(value: Any) -> None:
    """What a nested attribute held can be read back from its text."""
    assert json.loads(as_text(any_value(value))) == value


def test_an_empty_request_has_no_spans() -> None:
    """Nothing in, nothing out."""
    assert list(flatten_traces(ExportTraceServiceRequest())) == []
