"""The only place that decides between "try again" and "do not try again".

OTLP exporters repeat a request only after 429, 502, 503, 504 (HTTP) or a few codes such as UNAVAILABLE (gRPC), and
drop it for good after anything else. So a fault of ours, known or not, is always answered so that the request comes
again; only what no repetition can mend is final. https://opentelemetry.io/docs/specs/otlp/#failures
"""

import logging
from dataclasses import dataclass
from typing import Literal

from google.protobuf.json_format import MessageToJson
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest as BadRequestDetails
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from schemas.errors import BadRequest, Overloaded, SpoolFull, SpoolWriteFailed, TooLarge

log = logging.getLogger(__name__)

MESSAGE_LIMIT_CHARS = 1000

# Long enough for the cause to pass, short enough that exporters, which give up after a minute or five, are still there.
OVERLOADED_RETRY_S = 2
FULL_RETRY_S = 10
FAULT_RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than success. `retry_after_s` is None where the exporter must not repeat the request."""

    http_status: int
    code: int
    message: str
    retry_after_s: int | None = None

    def status(self) -> Status:
        """Return the google.rpc.Status that both transports carry."""
        status = Status(code=self.code, message=self.message)
        if self.retry_after_s is not None:
            delay = RetryInfo()
            delay.retry_delay.seconds = self.retry_after_s
            status.details.add().Pack(delay)
        elif self.code == code_pb2.INVALID_ARGUMENT:
            violation = BadRequestDetails.FieldViolation(field="body", description=self.message)
            status.details.add().Pack(BadRequestDetails(field_violations=[violation]))
        return status

    def body(self, encoding: Literal["protobuf", "json"]) -> bytes:
        """Return the status in the encoding of the request."""
        if encoding == "json":
            return MessageToJson(self.status(), indent=None).encode()
        return bytes(self.status().SerializeToString())


def refuse(error: BaseException) -> Refusal:
    """Return how to answer a request that ended in `error`; what is not foreseen here is logged with its trace."""
    match error:
        case TooLarge():
            # No RetryInfo: with it, RESOURCE_EXHAUSTED would mean "again", and the request would be as large again.
            return Refusal(413, code_pb2.RESOURCE_EXHAUSTED, _shortened(error))
        case BadRequest():
            return Refusal(400, code_pb2.INVALID_ARGUMENT, _shortened(error))
        case Overloaded():
            return Refusal(503, code_pb2.UNAVAILABLE, _shortened(error), OVERLOADED_RETRY_S)
        case SpoolFull():
            return Refusal(503, code_pb2.UNAVAILABLE, _shortened(error), FULL_RETRY_S)
        case SpoolWriteFailed():
            log.error("an export request was refused: %s", error)
            return Refusal(503, code_pb2.UNAVAILABLE, _shortened(error), FAULT_RETRY_S)
        case _:
            log.error("an export request met an unexpected error", exc_info=error)
            return Refusal(503, code_pb2.UNAVAILABLE, "The collector failed; send again later.", FAULT_RETRY_S)


def unknown_path() -> Refusal:
    """Refuse a path that nobody serves."""
    return Refusal(404, code_pb2.NOT_FOUND, "Send to /v1/traces, /v1/logs or /v1/metrics.")


def unknown_method() -> Refusal:
    """Refuse a method other than POST."""
    return Refusal(405, code_pb2.UNIMPLEMENTED, "Export requests are sent with POST.")


def unknown_content_type() -> Refusal:
    """Refuse a body that is neither protobuf nor JSON by its own account."""
    return Refusal(415, code_pb2.INVALID_ARGUMENT, "Send application/x-protobuf or application/json.")


def foreign_host() -> Refusal:
    """Refuse a page that got a browser to call us under a name of its own (DNS rebinding)."""
    return Refusal(403, code_pb2.PERMISSION_DENIED, "This collector answers to its loopback address only.")


def _shortened(error: BaseException) -> str:
    return str(error)[:MESSAGE_LIMIT_CHARS]
