"""A damaged protobuf body loses no more than what is damaged."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector_plugin.otlp.repair import Repair, repair
from schemas.errors import Undecodable


def batch(count: int = 3) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    for number in range(count):
        span = group.spans.add(trace_id=bytes([number + 1]) * 16, span_id=bytes(8), name=f"NAME{number}")
        span.attributes.add(key="k").value.string_value = "x" * 20
    return request


def mend(body: bytes) -> tuple[Repair, ExportTraceServiceRequest]:
    done = repair(body, ExportTraceServiceRequest.DESCRIPTOR)
    return done, ExportTraceServiceRequest.FromString(done.body)


def names(request: ExportTraceServiceRequest) -> list[str]:
    return [span.name for span in request.resource_spans[0].scope_spans[0].spans]


def test_a_good_body_is_left_as_it_is() -> None:
    """To the byte."""
    body = batch().SerializeToString()
    assert repair(body, ExportTraceServiceRequest.DESCRIPTOR) == Repair(body)


def test_invalid_utf8_is_replaced_and_nothing_is_lost() -> None:
    """The span keeps its other fields, and all spans are there."""
    done, request = mend(batch().SerializeToString().replace(b"NAME1", b"N\xff\xfeE1"))
    assert names(request) == ["NAME0", "N��E1", "NAME2"]
    assert request.resource_spans[0].scope_spans[0].spans[1].attributes[0].value.string_value == "x" * 20
    assert (done.mended_count, done.cut_count) == (1, 0)


def test_a_span_that_is_no_protobuf_is_cut_out() -> None:
    """Its neighbours stay; it is counted."""
    bad = batch(3)
    body = bad.SerializeToString()
    span = bad.resource_spans[0].scope_spans[0].spans[1].SerializeToString()
    done, request = mend(body.replace(span, b"\xff" * len(span)))
    assert names(request) == ["NAME0", "NAME2"]
    assert (done.mended_count, done.cut_count) == (0, 1)


@pytest.mark.parametrize("levels", [20, 31, 33, 40, 200, 5_000])
@pytest.mark.parametrize("place", ["span", "event"])
def test_a_value_nested_too_deep_is_kept_as_bytes(levels: int, place: str) -> None:
    """Lossless: what is beyond the parser's depth can still be parsed on its own."""
    value = AnyValue(string_value="deep").SerializeToString()
    for _ in range(levels):
        pair = b"\x0a\x01n\x12" + _size(value) + value
        entries = b"\x0a" + _size(pair) + pair
        value = b"\x32" + _size(entries) + entries
    request = batch(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    target = span if place == "span" else span.events.add()
    target.attributes.add(key="n").value.bytes_value = value
    marked = AnyValue(bytes_value=value).SerializeToString()
    body = _replace_nested(request, marked, value, place)
    _, mended = mend(body)
    assert names(mended) == ["NAME0"]
    assert b"deep" in mended.SerializeToString()


def _replace_nested(request: ExportTraceServiceRequest, marked: bytes, value: bytes, place: str) -> bytes:
    """Put a value where its bytes stand; too deep a message can only be written by hand, level by level."""
    span = request.resource_spans[0].scope_spans[0].spans[0]
    pair = (span if place == "span" else span.events[0]).attributes[-1].SerializeToString()
    body = pair.replace(_size(marked) + marked, _size(value) + value)
    levels = [pair]
    if place == "event":
        levels.append(span.events[0].SerializeToString())
    levels += [
        span.SerializeToString(),
        request.resource_spans[0].scope_spans[0].SerializeToString(),
        request.resource_spans[0].SerializeToString(),
        request.SerializeToString(),
    ]
    for inner, outer in pairwise(levels):
        before = _size(inner) + inner
        assert before in outer
        body = outer.replace(before, _size(body) + body)
    return body


def _size(data: bytes) -> bytes:
    size, prefix = len(data), bytearray()
    while size > 0x7F:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([*prefix, size])


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_truncated_body_is_refused(cut: int) -> None:
    """What is missing cannot be told from what was meant, so the sender must hear of it."""
    with pytest.raises(Undecodable):
        mend(batch().SerializeToString()[:-cut])


@given(st.binary(max_size=300))
def test_any_bytes_are_either_refused_or_made_readable(body: bytes) -> None:
    """Nothing else is ever raised, and what comes back parses."""
    try:
        mend(body)
    except Undecodable:
        return


@given(st.data())
def test_a_flipped_byte_leaves_the_spans_before_and_after(data: st.DataObject) -> None:
    """Damage within one span's own bytes never costs another one."""
    request = batch(3)
    body = bytearray(request.SerializeToString())
    span = request.resource_spans[0].scope_spans[0].spans[1].SerializeToString()
    at = body.index(span) + data.draw(st.integers(0, len(span) - 1))
    body[at] = data.draw(st.integers(0, 255))
    _, mended = mend(bytes(body))
    found = names(mended)
    assert (found[0], found[-1]) == ("NAME0", "NAME2")
