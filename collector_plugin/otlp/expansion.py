"""Refuse a request that is small on the wire and huge in memory or in the database.

A message without content takes two bytes on the wire and up to 175 in memory: 16 MiB of empty spans decode to 1.4 GB. So
the parts of a body are counted before it is decoded, without reading it as protobuf or JSON: never too few, and in text
and other content seldom some too many.

OTLP says once what all spans of a resource and scope have in common; a row says it for itself. So a resource attribute
of 100 kB before 10,000 spans is a gigabyte of rows, and a megabyte can hold 500,000 log records without content.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.otlp.requests import Encoding, Request
from schemas.errors import TooLarge

# Times the largest request that is taken. The batches of exporters come to less than this.
EXPANSION_LIMIT = 8
# What a span or log record without content takes: its rows, with all their columns.
RECORD_BYTES = 2_048
# What an attribute without content takes in each row: its key, made unique, and the name of its type.
ATTRIBUTE_BYTES = 64

# 40,000 spans of ten attributes come to as many parts, and no exporter's batch to a tenth of that.
PART_LIMIT = 2_000_000
CHUNK_BYTES = 1 << 18


def check_parts(body: bytes, encoding: Encoding) -> None:
    """Return where decoding `body` takes some hundred megabytes at most.

    Raises:
        TooLarge: it is made of too many parts.
    """
    # A part takes two bytes: most bodies are too short for too many.
    if len(body) > 2 * PART_LIMIT and _part_count(body, encoding) > PART_LIMIT:
        raise TooLarge(
            "The request is made of too many spans, log records, attributes and other parts. Lower the exporter's batch size."
        )


def _part_count(body: bytes, encoding: Encoding) -> int:
    """Return how many messages of protobuf, or values of JSON, are in a body at most; large ones do not count."""
    if encoding == "json":
        # Numbers and texts are small beside objects and arrays.
        return body.count(b"{") + body.count(b"[") + body.count(b",") // 4
    data = np.frombuffer(body, np.uint8)
    return sum(_message_count(data[at : at + CHUNK_BYTES + 1]) for at in range(0, len(data), CHUNK_BYTES))


def _message_count(data: NDArray[np.uint8]) -> int:
    """Count what may be the first two bytes of a message shorter than a space is in ASCII, so that few texts have any."""
    first, second = data[:-1], data[1:]
    # A field up to 15 of wire type 2 and its length; or either of them, longer than it must be, which decoders take too.
    is_message = ((first & 0x87) == 2) & (second < ord(" "))
    # Empty lines and indented ones look like a field 1; of these lengths its messages are small enough in memory.
    is_line = (first == ord("\n")) & (second >= ord("\t")) & (second <= ord("\r"))
    is_padded = (first >= 0x80) & (second == 0)
    return int(np.count_nonzero((is_message & ~is_line) | is_padded))


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
