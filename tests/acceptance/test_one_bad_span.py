"""One bad span among 511 good ones costs at most itself, whatever is wrong with it and however it is sent."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.batch import raw_blocks, record_blocks
from collector_plugin.spool.segment_format import StoredRequest

ids = iter(range(1, 10**9))
GOOD = 511


def nested(depth: int) -> AnyValue:
    value = AnyValue(string_value="deep")
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return value


def fields(**values: Any) -> Callable[[Span], None]:
    def spoil(span: Span) -> None:
        for name, value in values.items():
            setattr(span, name, value)

    return spoil


def attributes(*pairs: tuple[str, AnyValue]) -> Callable[[Span], None]:
    def spoil(span: Span) -> None:
        for key, value in pairs:
            span.attributes.add(key=key, value=value)

    return spoil


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def in_event(span: Span) -> None:
    span.events.add(name="QQQQ", time_unix_nano=span.start_time_unix_nano).attributes.add(key="QQQQ")


def in_link(span: Span) -> None:
    span.links.add(trace_id=b"short", span_id=b"", trace_state="QQQQ").attributes.add(key="QQQQ")


# What is wrong with the span, and how many of 512 are then stored. QQQQ stands for bytes that are no UTF-8.
BAD: dict[str, tuple[Callable[[Span], None], int]] = {
    "no trace id": (fields(trace_id=b""), GOOD),
    "a trace id of 4 bytes": (fields(trace_id=b"abcd"), GOOD),
    "a trace id of 32 bytes": (fields(trace_id=b"a" * 32), GOOD),
    "a trace id of zeros": (fields(trace_id=bytes(16)), GOOD),
    "no span id": (fields(span_id=b""), GOOD),
    "a span id of 16 bytes": (fields(span_id=b"s" * 16), GOOD),
    "a span id of zeros": (fields(span_id=bytes(8)), GOOD),
    "a parent id of 3 bytes": (fields(parent_span_id=b"abc"), GOOD + 1),
    "times of 0": (fields(start_time_unix_nano=0, end_time_unix_nano=0), GOOD + 1),
    "times of 2^64-1": (fields(start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**64 - 1), GOOD + 1),
    "an end before the start": (fields(end_time_unix_nano=1), GOOD + 1),
    "no name": (fields(name=""), GOOD + 1),
    "an unknown kind": (fields(kind=77), GOOD + 1),
    "flags of 2^32-1": (fields(flags=2**32 - 1), GOOD + 1),
    "a name that is no UTF-8": (fields(name="QQQQ"), GOOD + 1),
    "a trace state that is no UTF-8": (fields(trace_state="QQQQ"), GOOD + 1),
    "a key that is no UTF-8": (attributes(("QQQQ", text("v"))), GOOD + 1),
    "a value that is no UTF-8": (attributes(("k", text("QQQQ"))), GOOD + 1),
    "an event that is no UTF-8": (in_event, GOOD + 1),
    "a link that is no UTF-8 and has short ids": (in_link, GOOD + 1),
    "NUL bytes": (attributes(("a\0b", text("c\0d"))), GOOD + 1),
    "values nested 20 deep": (attributes(("k", nested(20))), GOOD + 1),
    "a value of 2 MB": (attributes(("k", text("x" * 2_000_000))), GOOD + 1),
    "5,000 attributes": (attributes(*((f"k{n}", text("v")) for n in range(5_000))), GOOD + 1),
    "a key 100 times": (attributes(*(("k", text(str(n))) for n in range(100))), GOOD + 1),
    "bytes, NaN, infinity and nothing": (
        attributes(
            ("b", AnyValue(bytes_value=b"\xff\0")),
            ("n", AnyValue(double_value=float("nan"))),
            ("i", AnyValue(double_value=float("-inf"))),
            ("e", AnyValue()),
        ),
        GOOD + 1,
    ),
    "keys that look like paths": (
        attributes(*((key, text("v")) for key in ("a", "a.b", "a.0", "__proto__", "llm.input_messages.5000000.x", ""))),
        GOOD + 1,
    ),
}
# JSON has no wrong UTF-8 within a text.
ONLY_PROTOBUF = {name for name in BAD if "UTF-8" in name}


def request_with(spoil: Callable[[Span], None], count: int = GOOD + 1) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now_ns = time.time_ns()
    for _ in range(count):
        span = spans.add(name="good", start_time_unix_nano=now_ns, end_time_unix_nano=now_ns + 1)
        span.trace_id, span.span_id = next(ids).to_bytes(16, "big"), next(ids).to_bytes(8, "big")
    spoil(spans[count // 2])
    return request


def as_json(request: ExportTraceServiceRequest) -> bytes:
    """OTLP's JSON: as protobuf's, but for ids in hex and enums as numbers."""

    tree = MessageToDict(request, use_integers_for_enums=True)
    spans = tree["resourceSpans"][0]["scopeSpans"][0]["spans"]
    for source, target in zip(request.resource_spans[0].scope_spans[0].spans, spans, strict=True):
        target |= {"traceId": source.trace_id.hex(), "spanId": source.span_id.hex()}
        target |= {"parentSpanId": source.parent_span_id.hex()}
    return json.dumps(tree).encode()


@pytest.mark.parametrize("way", ["grpc", "http", "json"])
@pytest.mark.parametrize("case", BAD)
def test_one_bad_span_costs_at_most_itself(edge: Any, case: str, way: str) -> None:
    """Either it is rejected and counted in partial_success, or all 512 are stored; never is a good one lost."""
    if way == "json" and case in ONLY_PROTOBUF:
        way = "gzip"
    spoil, count = BAD[case]
    request = request_with(spoil)
    body = as_json(request) if way == "json" else request.SerializeToString().replace(b"QQQQ", b"\xff\xfe\xfd\xfc")
    answer = edge.send(body, way)
    assert answer.code == "ok"
    if way != "json":
        rejected = ExportTraceServiceResponse.FromString(answer.body).partial_success.rejected_spans
        assert rejected == GOOD + 1 - count
    spans = edge.stored()
    assert len(spans) == count
    flatten(spans)


def flatten(spans: list[Any]) -> None:
    """What was stored becomes rows, none of it lost or unread."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    check_rows("traces", request.SerializeToString())


def check_rows(kind: Any, body: bytes) -> None:
    stored = [StoredRequest(kind, body, time.time_ns(), bytes(8))]
    for block in (*raw_blocks(stored, "0-x"), *record_blocks(stored, "0-x")):
        assert not block.lost
        assert not block.unread_count


SEEDS = {
    "traces": request_with(attributes(("k", nested(2))), 3).SerializeToString(),
    "logs": ExportLogsServiceRequest(
        resource_logs=[{"scope_logs": [{"log_records": [{"time_unix_nano": 1, "body": {"string_value": "said"}}]}]}]  # type: ignore[list-item]  # protobuf takes dicts
    ).SerializeToString(),
}
SEED_JSON = b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "%032x", "spanId": "%016x", "kind": 1, "attributes": [{"key": "k", "value": {"arrayValue": {"values": [{"intValue": "1"}]}}}]}]}]}]}'


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """The seed with a few bytes changed, taken out or put in."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    signal=st.sampled_from(["traces", "logs", "metrics"]),
    way=st.sampled_from(["grpc", "http", "json", "gzip"]),
)
def test_no_bytes_make_a_fault_of_ours(edge: Any, data: st.DataObject, signal: str, way: str) -> None:
    """Whatever is sent is taken or refused for good, and what is taken becomes rows."""
    seed = SEED_JSON % (next(ids), next(ids)) if way == "json" else SEEDS.get(signal, b"\x0a\x00")
    answer = edge.send(data.draw(mutated(seed)), way, signal)
    assert answer.code in ("ok", "400", "INVALID_ARGUMENT")
    items = edge.stored()
    spans = [item for item in items if isinstance(item, Span)]
    flatten(spans)
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.extend(item for item in items if not isinstance(item, Span))
    check_rows("logs", logs.SerializeToString())
