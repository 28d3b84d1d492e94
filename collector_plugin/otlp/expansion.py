"""Refuse a request that is small on the wire and huge in the database.

OTLP says once what all spans of a resource and scope have in common; a row says it for itself. So a resource attribute
of 100 kB before 10,000 spans is a gigabyte of rows, and a megabyte can hold 500,000 log records without content.
"""

from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.otlp.requests import Request
from schemas.errors import TooLarge

# Times the largest request that is taken. The batches of exporters come to less than this.
EXPANSION_LIMIT = 8
# What a span or log record without content takes: its rows, with all their columns.
RECORD_BYTES = 2_048
# What an attribute without content takes in each row: its key, made unique, and the name of its type.
ATTRIBUTE_BYTES = 64


def check_expansion(request: Request, *, limit_bytes: int) -> None:
    """Return where the rows of `request` can be afforded; metrics have none.

    Args:
        request: as it was decoded.
        limit_bytes: the largest request that is taken; its rows may take `EXPANSION_LIMIT` times as much.

    Raises:
        TooLarge: they would take more; the message says what to send instead.
    """
    if sum(_sizes_bytes(request)) > EXPANSION_LIMIT * limit_bytes:
        raise TooLarge(
            "The spans or log records of this request are too many for what their resource and scope say of each. "
            "Lower the exporter's batch size, shorten the resource's attributes, or raise MOMUS_REQUEST_LIMIT_BYTES."
        )


def _sizes_bytes(request: Request) -> Iterator[int]:
    """Yield what the rows of each scope take beyond the content of their own."""
    match request:
        case ExportTraceServiceRequest():
            for spans in request.resource_spans:
                for traced in spans.scope_spans:
                    yield len(traced.spans) * (RECORD_BYTES + _shared_bytes(spans, traced))
        case ExportLogsServiceRequest():
            for logs in request.resource_logs:
                for logged in logs.scope_logs:
                    yield len(logged.log_records) * (RECORD_BYTES + _shared_bytes(logs, logged))


def _shared_bytes(of_resource: Any, of_scope: Any) -> int:  # Any: protobuf messages of either signal
    attribute_count = len(of_resource.resource.attributes) + len(of_scope.scope.attributes)
    texts_bytes = of_resource.resource.ByteSize() + of_scope.scope.ByteSize()
    return int(texts_bytes + len(of_resource.schema_url) + len(of_scope.schema_url) + attribute_count * ATTRIBUTE_BYTES)
