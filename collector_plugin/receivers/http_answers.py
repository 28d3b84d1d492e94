"""What the HTTP receiver answers other than success, and in which encoding."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from collector_plugin.otlp.requests import Encoding
from collector_plugin.receivers.refusal import Refusal

CONTENT_TYPES: dict[str, Encoding] = {
    "application/x-protobuf": "protobuf",
    "application/protobuf": "protobuf",
    "application/json": "json",
}


def encoding_of(request: Request) -> Encoding | None:
    """Return how the body is written by its own account; None if we do not read that."""
    return CONTENT_TYPES.get(request.headers.get("content-type", "").split(";")[0].strip().lower())


def media_type(encoding: Encoding) -> str:
    """Return the Content-Type of an answer."""
    return "application/json" if encoding == "json" else "application/x-protobuf"


def refused(request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return the google.rpc.Status in the encoding of the request, which is what OTLP wants of every 4xx and 5xx."""
    # Who does not say what it sends is most likely a person with curl: JSON can be read.
    encoding = encoding_of(request) or "json"
    sent = dict(headers or {})
    if refusal.retry_after_s is not None:
        sent["retry-after"] = str(refusal.retry_after_s)
    if refusal.http_status == 401:
        sent["www-authenticate"] = "Bearer"
    return Response(refusal.body(encoding), refusal.http_status, sent, media_type(encoding))
