"""What is told of a request by its lengths on the wire is what the request says once it is decoded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.cut import cut_values
from collector_plugin.otlp.requests import Request
from collector_plugin.otlp.texts import texts_of
from collector_plugin.otlp.wire import holds_longer
from collector_plugin.redaction.scrub import Scrubber

# Lengths are written in one byte, in two from 128 on, in three from 16,384 on.
texts = st.one_of(
    st.integers(0, 40), st.integers(100, 140), st.integers(16_300, 16_400), st.just(40_000)
).map(lambda count: "x" * count)  # fmt: skip
places = st.sampled_from(
    ["span name", "status", "attribute", "nested", "bytes", "event", "link", "scope", "resource", "schema", "state"]
)
log_places = st.sampled_from(["body", "attribute", "scope", "resource", "schema", "event name"])


def put(span: Span, place: str, text: str) -> None:
    """Have a span say a text somewhere."""
    match place:
        case "span name":
            span.name = text
        case "status":
            span.status.message = text
        case "attribute":
            span.attributes.add(key="k").value.string_value = text
        case "nested":
            inner = span.attributes.add(key="k").value.kvlist_value.values.add(key="l").value.array_value.values
            inner.add(string_value=text)
        case "bytes":
            span.attributes.add(key="k").value.bytes_value = text.encode()
        case "event":
            span.events.add(name="e", time_unix_nano=7).attributes.add(key="k").value.string_value = text
        case "link":
            span.links.add().attributes.add(key="k").value.string_value = text
        case "state":
            span.trace_state = text


def put_around(of_resource: Any, of_scope: Any, place: str, text: str) -> None:
    """Have a resource or scope say a text."""
    match place:
        case "scope":
            of_scope.scope.attributes.add(key="k").value.string_value = text
        case "resource":
            of_resource.resource.attributes.add(key="k").value.string_value = text
        case "schema":
            of_scope.schema_url = of_resource.schema_url = text


@st.composite
def trace_requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    """Requests of a few resources, scopes and spans, with texts wherever there may be some."""
    request = ExportTraceServiceRequest()
    for counts in draw(st.lists(st.lists(st.integers(0, 4), max_size=2), max_size=2)):
        parent = request.resource_spans.add()
        for count in counts:
            group = parent.scope_spans.add()
            for _ in range(count):
                span = group.spans.add(span_id=b"s" * 8, start_time_unix_nano=1, flags=3, dropped_links_count=300)
                place, text = draw(places), draw(texts)
                put(span, place, text)
                put_around(parent, group, place, text)
    return request


@st.composite
def log_requests(draw: st.DrawFn) -> ExportLogsServiceRequest:
    """The same of log records."""
    request = ExportLogsServiceRequest()
    for count in draw(st.lists(st.integers(0, 5), max_size=2)):
        parent = request.resource_logs.add()
        group = parent.scope_logs.add()
        for _ in range(count):
            record, place, text = group.log_records.add(time_unix_nano=1), draw(log_places), draw(texts)
            if place == "body":
                record.body.string_value = text
            elif place == "attribute":
                record.attributes.add(key="k").value.string_value = text
            elif place == "event name":
                record.event_name = text
            put_around(parent, group, place, text)
    return request


def sizes_bytes(request: Request) -> list[int]:
    """What each resource, scope, span and log record takes, by asking it."""
    sizes = []
    for outer in getattr(request, "resource_spans", ()) or getattr(request, "resource_logs", ()):
        sizes.append(outer.resource.ByteSize())
        for inner in getattr(outer, "scope_spans", ()) or getattr(outer, "scope_logs", ()):
            sizes.append(inner.scope.ByteSize())
            sizes += [item.ByteSize() for item in getattr(inner, "spans", ()) or getattr(inner, "log_records", ())]
    return sizes


@given(st.one_of(trace_requests(), log_requests()), st.data())
def test_the_wire_tells_whether_anything_is_longer(request_: Request, data: st.DataObject) -> None:
    """At limits of just the sizes that occur, and one beside them, the answer is that of the decoded messages."""
    near = [size + beside for size in sizes_bytes(request_) for beside in (-1, 0, 1) if size + beside > 0]
    limit_bytes = data.draw(st.sampled_from(near) if near else st.integers(1, 20_000))
    body = request_.SerializeToString()
    assert holds_longer(body, limit_bytes) == any(True for _ in texts_of(request_, larger_than=limit_bytes))


@given(st.one_of(trace_requests(), log_requests()), texts.map(len), st.integers(-1, 1))
def test_what_the_wire_tells_changes_no_cut(request_: Request, size_bytes: int, beside: int) -> None:
    """The same values are cut as if every message had been looked into; the longest that is left alone has the limit."""
    limit_bytes = max(1, size_bytes + beside)
    body = request_.SerializeToString()
    by_wire, by_hand = type(request_).FromString(body), type(request_).FromString(body)
    scrubber = Scrubber(value_limit_bytes=limit_bytes)
    is_changed = scrubber.scrub(by_wire, len(body), body)
    assert scrubber.counts().cut == cut_values(by_hand, limit_bytes)
    assert is_changed == (scrubber.counts().cut > 0)
    assert by_wire == by_hand


def field(number: int, value: bytes, padding: int = 0) -> bytes:
    """A field of bytes whose length takes `padding` bytes more than it must, as decoders allow."""
    size, length = len(value), bytearray()
    while size >= 0x80 or padding > 0:
        padding -= size < 0x80
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + value


@pytest.mark.parametrize("padding", range(4))
@pytest.mark.parametrize(
    "unknown",
    [b"", b"\x98\x3f\xff\xff\x03", b"\x99\x3f" + bytes(8), b"\x9d\x3f" + bytes(4), b"\x9a\x3f\x02hi", b"\x9b\x3f\x9c\x3f"],
    ids=["none", "varint", "fixed64", "fixed32", "text", "group"],
)  # fmt: skip
def test_unusual_encodings_hide_nothing(unknown: bytes, padding: int) -> None:
    """Lengths longer than they must be, and fields of a later version before those that we know, at every level."""
    value = field(1, b"k") + field(2, field(1, b"v" * 300, padding), padding)
    span = unknown + field(9, value, padding)
    group = unknown + field(2, span, padding)
    body = unknown + field(1, unknown + field(2, group, padding), padding)
    request = ExportTraceServiceRequest.FromString(body)
    assert request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.string_value == "v" * 300
    assert holds_longer(body, 299)
    assert not holds_longer(body, len(body))


def test_a_long_value_of_json_is_cut_without_any_wire() -> None:
    """What came as JSON was never protobuf: every message is asked."""
    request = ExportTraceServiceRequest()
    put(request.resource_spans.add().scope_spans.add().spans.add(), "attribute", "x" * 2_000)
    scrubber = Scrubber(value_limit_bytes=1_000)
    assert scrubber.scrub(request, 5_000)
    assert scrubber.counts().cut == 1
