"""Receives OTLP over gRPC.

Messages come as raw bytes, so that decoding, its limits and its errors are the same as over HTTP. gRPC itself undoes the
compression and refuses what is larger than the limit, with RESOURCE_EXHAUSTED and no RetryInfo, as OTLP wants it.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.rpc import code_pb2

from collector_plugin.address import split_address
from collector_plugin.intake import Intake
from collector_plugin.otlp import Signal
from collector_plugin.refusal import Refusal, refuse
from schemas.errors import SettingsError

log = logging.getLogger(__name__)

SERVICES: dict[Signal, str] = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}

# A thread waits for the disk most of its time; while none is free, gRPC's flow control holds the senders back.
THREAD_COUNT = 16
# gRPC counts its own framing; a request of exactly the limit must still pass.
MARGIN_BYTES = 1024
STATUS_KEY = "grpc-status-details-bin"
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class GrpcReceiver:
    """A gRPC server on one address; `port` is the one it really has."""

    def __init__(self, address: str, intake: Intake) -> None:
        """Bind the address.

        Raises:
            SettingsError: the address cannot be had.
        """
        split_address(address, "MOMUS_GRPC_ADDRESS")
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-grpc")
        self._server = grpc.server(self._pool, options=_options(intake.limit_bytes))
        for signal, service in SERVICES.items():
            handler = grpc.unary_unary_rpc_method_handler(_export(signal, intake))
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"Export": handler}),))
        try:
            self.port = int(self._server.add_insecure_port(address))
        except RuntimeError as error:
            raise SettingsError(f"MOMUS_GRPC_ADDRESS {address} cannot be listened on: {error}") from error

    def start(self) -> None:
        """Begin to serve."""
        self._server.start()
        log.info("receiving OTLP over gRPC on port %d", self.port)

    def stop(self, grace_s: float) -> None:
        """Take no more calls, and give those under way `grace_s` to end."""
        self._server.stop(grace_s).wait()
        self._pool.shutdown()


def _options(limit_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limit_bytes + MARGIN_BYTES),
        # With it, a second collector on the same port would silently get half of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_connection_idle_ms", 600_000),
    ]


def _export(signal: Signal, intake: Intake) -> Callable[[bytes, Any], bytes]:
    def export(body: bytes, context: Any) -> bytes:  # grpc has no types
        try:
            response = intake.accept(signal, body)
        except Exception as error:  # noqa: BLE001 - what escaped here would be UNKNOWN, which exporters do not repeat
            _abort(context, refuse(error))
        return bytes(response.SerializeToString())

    return export


def _abort(context: Any, refusal: Refusal) -> NoReturn:  # grpc has no types
    context.set_trailing_metadata(((STATUS_KEY, refusal.status().SerializeToString()),))
    context.abort(CODES.get(refusal.code, CODES[code_pb2.UNAVAILABLE]), refusal.message)
    raise AssertionError("abort always raises")
