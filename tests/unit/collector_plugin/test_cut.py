"""A value too long to bear is cut where a character ends, says so, and its conversation does too."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.dialects import read_span
from collector_plugin.flatten import flatten_traces
from collector_plugin.otlp.cut import CUT, cut_values
from collector_plugin.reading.payload import parse_loosely
from schemas.records import SpanFacts


def traced(**texts: str) -> ExportTraceServiceRequest:
    """A request with one span of these attributes; double underscores stand for dots."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    for key, text in texts.items():
        span.attributes.add(key=key.replace("__", ".")).value.string_value = text
    return request


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a" * 10, "a" * 10),
        ("a" * 11, f"{'a' * 10}…[cut: kept 10 of 11 bytes]"),
        ("ä" * 6, f"{'ä' * 5}…[cut: kept 10 of 12 bytes]"),
        ("a" + "😀" * 3, "a😀😀…[cut: kept 9 of 13 bytes]"),
        ("😀" * 3, "😀😀…[cut: kept 8 of 12 bytes]"),
    ],
)
def test_a_text_is_cut_between_characters_and_says_how_much_is_gone(text: str, left: str) -> None:
    """The limit is in bytes, and no character is split; what is within the limit is left alone."""
    request = traced(k=text)
    assert cut_values(request, 10) == (text != left)
    assert request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.string_value == left


def test_long_values_are_cut_wherever_they_stand() -> None:
    """In nested values, bytes, events, links, names, status and resources; each item counts its own."""
    request = traced()
    parent = request.resource_spans[0]
    span = parent.scope_spans[0].spans[0]
    span.name = "n" * 20
    span.status.message = "m" * 20
    inner = span.attributes.add(key="map").value.kvlist_value.values.add(key="list").value.array_value.values
    inner.add(string_value="x" * 20)
    inner.add(int_value=7)
    span.attributes.add(key="bytes").value.bytes_value = b"b" * 20
    span.events.add(name="e").attributes.add(key="k").value.string_value = "v" * 20
    span.links.add().attributes.add(key="k").value.string_value = "l" * 20
    parent.resource.attributes.add(key="r").value.string_value = "r" * 20
    assert cut_values(request, 10) == 7
    assert span.name == "n" * 10 + "…[cut: kept 10 of 20 bytes]"
    assert span.status.message.startswith("m" * 10 + "…")
    assert inner[0].string_value.startswith("x" * 10 + "…")
    assert span.events[0].attributes[0].value.string_value.startswith("v" * 10 + "…")
    assert [pair.value.int_value for pair in span.attributes if pair.key == CUT] == [6]
    assert [pair.value.int_value for pair in parent.resource.attributes if pair.key == CUT] == [1]


def test_a_log_body_is_cut() -> None:
    """A log record's body is a value like any other."""
    request = ExportLogsServiceRequest()
    log = request.resource_logs.add().scope_logs.add().log_records.add()
    log.body.string_value = "b" * 20
    assert cut_values(request, 10) == 1
    assert log.body.string_value == "b" * 10 + "…[cut: kept 10 of 20 bytes]"


@pytest.mark.parametrize("limit", [30, 61, 70, 75])
def test_cut_json_is_read_as_far_as_it_goes(limit: int) -> None:
    """Within a string, within a key or between items: what is complete is read, and the word about the cut is no content."""
    said = '[{"role":"user","content":"where is it"},{"role":"assistant","content":"on its way"}]'
    request = traced(k=said)
    cut_values(request, limit)
    left = request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.string_value
    assert "[cut: kept" in left
    read = parse_loosely(left)
    assert read[0]["role"] == "user"
    assert "where is it".startswith(read[0].get("content", ""))
    assert "cut:" not in str(read)


def test_a_conversation_knows_that_it_was_cut() -> None:
    """The facts of a span whose messages were cut say that they are truncated, although the dialect reads them."""
    said = '[{"role":"user","parts":[{"type":"text","content":"' + "long " * 50 + '"}]}]'
    request = traced(gen_ai__operation__name="chat", gen_ai__provider__name="acme", gen_ai__input__messages=said)
    assert cut_values(request, 100) == 1
    (facts,) = (record for record in read_span(next(iter(flatten_traces(request)))) if isinstance(record, SpanFacts))
    assert facts.is_truncated
    assert facts.input[0].content.startswith("long long")


def test_a_plain_text_keeps_the_word_about_the_cut_for_its_reader() -> None:
    """Where the value is text and no JSON, the reader of the conversation sees where it ends and why."""
    request = traced(openinference__span__kind="LLM", input__value="word " * 30)
    cut_values(request, 100)
    (facts,) = (record for record in read_span(next(iter(flatten_traces(request)))) if isinstance(record, SpanFacts))
    assert facts.is_truncated
    assert facts.input[0].content.endswith("…[cut: kept 100 of 150 bytes]")
