"""Decode OTLP export requests and encode the answers, in protobuf and JSON.

body ─inflate─▶ plain ─decode─▶ Decoded(request, cut and mended counts) ─admit─▶ spool
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector_plugin.otlp.otlp_json import Parsed, parse_logs, parse_metrics, parse_traces
from collector_plugin.otlp.repair import repair
from schemas.errors import Undecodable

Signal = Literal["traces", "logs", "metrics"]
Encoding = Literal["protobuf", "json"]
Request = ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest
Response = ExportTraceServiceResponse | ExportLogsServiceResponse | ExportMetricsServiceResponse

REQUESTS: dict[Signal, type[Request]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
RESPONSES: dict[Signal, type[Response]] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
PARSERS: dict[Signal, Callable[[bytes], Parsed[Any]]] = {
    "traces": parse_traces,
    "logs": parse_logs,
    "metrics": parse_metrics,
}
REJECTED_FIELDS: dict[Signal, str] = {
    "traces": "rejected_spans",
    "logs": "rejected_log_records",
    "metrics": "rejected_data_points",
}
MESSAGE_LIMIT_CHARS = 1000
NOTE_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Decoded:
    """An export request with what had to be done to read it.

    `body` is its protobuf form as it came, or None where the request was not protobuf or had to be mended. `notes` tell
    the sender, a sentence for each kind of fault, what became of its values and items; `cut_count` items are missing.
    """

    request: Request
    body: bytes | None = None
    cut_count: int = 0
    notes: tuple[str, ...] = ()


def decode(signal: Signal, body: bytes, encoding: Encoding) -> Decoded:
    """Read an export request; an empty body is a request without content.

    Raises:
        Undecodable: the body is not an export request of this signal.
    """
    if encoding == "json":
        return _decode_json(signal, body)
    request_class = REQUESTS[signal]
    try:
        return Decoded(request_class.FromString(body), body)
    except DecodeError:
        return _decode_damaged(request_class, body)


def _decode_json(signal: Signal, body: bytes) -> Decoded:
    parsed = PARSERS[signal](body)
    reasons = Counter(parsed.faults).most_common(NOTE_LIMIT)
    notes = tuple(f"{count} x item rejected: {reason}" for reason, count in reasons)
    return Decoded(parsed.request, None, len(parsed.faults), notes)


def _decode_damaged(request_class: type[Any], body: bytes) -> Decoded:  # one of REQUESTS
    repaired = repair(body, request_class.DESCRIPTOR)
    notes = []
    if repaired.cut_count:
        notes.append(f"{repaired.cut_count} x item rejected: it is not valid protobuf.")
    if repaired.mended_count:
        notes.append(f"{repaired.mended_count} x value kept in another form: not UTF-8, or nested too deep.")
    return Decoded(request_class.FromString(repaired.body), None, repaired.cut_count, tuple(notes))


def answer(signal: Signal, rejected_count: int, notes: Sequence[str]) -> Response:
    """Return the success response; partial_success is left unset where there is nothing to say."""
    response = RESPONSES[signal]()
    if rejected_count or notes:
        # The specification asks to shorten the message rather than to let the answer grow beyond its limit.
        response.partial_success.error_message = " ".join(notes)[:MESSAGE_LIMIT_CHARS]
        setattr(response.partial_success, REJECTED_FIELDS[signal], rejected_count)
    return response


def encode_answer(signal: Signal, response: Response, encoding: Encoding) -> bytes:
    """Return the response in the encoding of its request."""
    if encoding == "protobuf":
        return bytes(response.SerializeToString())
    if not response.HasField("partial_success"):
        return b"{}"
    first, *rest = REJECTED_FIELDS[signal].split("_")
    rejected_key = first + "".join(word.capitalize() for word in rest)
    partial = response.partial_success
    # OTLP's JSON writes 64-bit integers as decimal strings.
    rejected = str(getattr(partial, REJECTED_FIELDS[signal]))
    return orjson.dumps({"partialSuccess": {rejected_key: rejected, "errorMessage": partial.error_message}})


def as_traces(body: bytes) -> ExportTraceServiceRequest:
    """Read an admitted trace request back from the spool.

    Raises:
        Undecodable: the bytes are not what admission wrote.
    """
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise Undecodable from error


def as_logs(body: bytes) -> ExportLogsServiceRequest:
    """Read an admitted log request back from the spool.

    Raises:
        Undecodable: the bytes are not what admission wrote.
    """
    try:
        return ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise Undecodable from error
