"""A request is refused for what its rows would take, before anything is stored."""

import random
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.expansion import PART_LIMIT, check_expansion, check_parts
from collector_plugin.otlp.requests import Encoding
from collector_plugin.receivers.intake import Intake
from collector_plugin.spool.spool import Spool
from schemas.errors import TooLarge

LIMIT = 4 * 1024 * 1024


def traces(span_count: int, resource_chars: int, attribute_count: int = 0) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    parent = request.resource_spans.add()
    parent.resource.attributes.add(key="process.command_line").value.string_value = "x" * resource_chars
    for _ in range(attribute_count):
        parent.resource.attributes.add()
    parent.scope_spans.add(spans=[Span()] * span_count)
    return request


def logs(record_count: int) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add(log_records=[LogRecord()] * record_count)
    return request


@pytest.mark.parametrize("request_", [traces(8_192, 1_000), logs(8_192), ExportMetricsServiceRequest()])
def test_the_batches_of_exporters_are_taken(
    request_: ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest,
) -> None:
    """The largest batch of the Collector, with a talkative resource, at a limit of 4 MiB."""
    check_expansion(request_, limit_bytes=LIMIT)


@pytest.mark.parametrize("request_", [traces(1_000, 100_000), traces(1_000, 0, 10_000), logs(100_000)])
def test_what_grows_to_many_times_the_limit_is_refused(
    request_: ExportTraceServiceRequest | ExportLogsServiceRequest,
) -> None:
    """A long resource before many spans, one of many attributes without content, many records without content."""
    assert request_.ByteSize() < LIMIT
    with pytest.raises(TooLarge, match="batch size"):
        check_expansion(request_, limit_bytes=LIMIT)


def test_what_is_refused_is_not_stored(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The sender is told, and the spool stays as it is."""
    spool = Spool(tmp_path_factory.mktemp("spool"))
    try:
        with pytest.raises(TooLarge):
            Intake(spool, limit_bytes=LIMIT).accept("traces", traces(1_000, 100_000).SerializeToString())
        assert spool.waiting_bytes == 0
    finally:
        spool.close()


def full_of(part: bytes) -> bytes:
    return part * (PART_LIMIT + 1)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (full_of(b"\x0a\x00"), "protobuf"),  # resources; spans, attributes and events are other numbers
        (full_of(b"\x5a\x02\x12\x00"), "protobuf"),
        (full_of(b"\x0a\x80\x00"), "protobuf"),  # a length of zero that takes two bytes
        (full_of(b"\x8a\x00\x03abc"), "protobuf"),  # and a field number that does
        (b'{"resourceSpans":[' + full_of(b"[],") + b"[]]}", "json"),
        (b'{"resourceSpans":[' + full_of(b"{},") + b"{}]}", "json"),
        (b'{"resourceSpans":[' + full_of(b'"","","","",') + b"0]}", "json"),
    ],
    ids=["empty messages", "nested", "padded lengths", "padded tags", "arrays", "objects", "texts"],
)
def test_what_is_made_of_too_many_parts_is_refused_undecoded(tmp_path: Path, body: bytes, encoding: Encoding) -> None:
    """For good, by whichever way it comes."""
    with closing(Spool(tmp_path)) as spool, pytest.raises(TooLarge, match="too many"):
        Intake(spool, limit_bytes=len(body)).accept("traces", body, encoding=encoding)


def test_large_content_is_not_taken_for_parts() -> None:
    """Prose, lines of code, JSON in JSON and a picture, 32 MB of each; and twenty thousand ordinary spans."""
    size = 32_000_000
    prose, code = "She then said to me:\n\n- go, and\n", "\tif names[index] is not None:\r\n\t\treturn {}\r\n"
    said = '{\\"role\\":\\"user\\",\\"content\\":\\"Where is my order 1234?\\"},'
    for text in (prose, code, said):
        check_parts((text * (size // len(text))).encode(), "protobuf")
        check_parts((text * (size // len(text))).encode(), "json")
    check_parts(random.Random(1).randbytes(size), "protobuf")
    span = Span(trace_id=b"t" * 16, span_id=b"s" * 8, name="chat gpt", start_time_unix_nano=1, end_time_unix_nano=2)
    for number in range(20):
        span.attributes.add(key=f"gen_ai.usage.input_{number}").value.int_value = number
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add(spans=[span] * 20_000)
    check_parts(request.SerializeToString(), "protobuf")
