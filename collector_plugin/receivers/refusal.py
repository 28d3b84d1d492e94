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

from schemas.errors import BadRequest, Overloaded, SpoolFull, SpoolWriteFailed, TooLarge, Unauthenticated

log = logging.getLogger(__name__)

MESSAGE_LIMIT_CHARS = 1000

# Long enough for the cause to pass, short enough that exporters, which give up after a minute or five, are still there.
OVERLOADED_RETRY_S = 2
FULL_RETRY_S = 10
FAULT_RETRY_S = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than success; `reason` is what it is counted under.

    `retry_after_s` is None where the exporter must not repeat the request.
    """

    reason: str
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
            return Refusal("too_large", 413, code_pb2.RESOURCE_EXHAUSTED, _shortened(error))
        case BadRequest():
            return Refusal("bad_request", 400, code_pb2.INVALID_ARGUMENT, _shortened(error))
        case Unauthenticated():
            return Refusal("unauthenticated", 401, code_pb2.UNAUTHENTICATED, _shortened(error))
        case Overloaded():
            return Refusal("overloaded", 503, code_pb2.UNAVAILABLE, _shortened(error), OVERLOADED_RETRY_S)
        case SpoolFull():
            return Refusal("spool_full", 503, code_pb2.UNAVAILABLE, _shortened(error), FULL_RETRY_S)
        case SpoolWriteFailed():
            log.error("an export request was refused: %s", error)
            return Refusal("disk", 503, code_pb2.UNAVAILABLE, _shortened(error), FAULT_RETRY_S)
        case _:
            log.error("an export request met an unexpected error", exc_info=error)
            return Refusal("fault", 503, code_pb2.UNAVAILABLE, "The collector failed; send again later.", FAULT_RETRY_S)


def unknown_path() -> Refusal:
    """Refuse a path that nobody serves."""
    return Refusal(
        "unknown_path", 404, code_pb2.NOT_FOUND, "Send to /v1/traces, /v1/logs, /v1/metrics or /v1/feedback."
    )


def unknown_method() -> Refusal:
    """Refuse a method that a path does not have."""
    return Refusal("unknown_method", 405, code_pb2.UNIMPLEMENTED, "Export requests and feedback are sent with POST.")


def unknown_content_type(accepted: str) -> Refusal:
    """Refuse a body that is by its own account not what is `accepted`."""
    return Refusal("unknown_content_type", 415, code_pb2.INVALID_ARGUMENT, f"Send {accepted}.")


def malformed() -> Refusal:
    """Refuse what is no HTTP at all."""
    return Refusal("malformed", 400, code_pb2.INVALID_ARGUMENT, "This is no HTTP/1.1 request.")


def foreign_host() -> Refusal:
    """Refuse a page that got a browser to call us under a name of its own (DNS rebinding)."""
    return Refusal(
        "foreign_host", 403, code_pb2.PERMISSION_DENIED, "This collector answers to its loopback address only."
    )


def _shortened(error: BaseException) -> str:
    return str(error)[:MESSAGE_LIMIT_CHARS]
