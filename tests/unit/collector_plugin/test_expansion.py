"""A request is refused for what its rows would take, before anything is stored."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.expansion import check_expansion
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
