"""Receives OTLP over gRPC.

Messages come as raw bytes, so that decoding, its limits and its errors are the same as over HTTP. gRPC itself undoes the
compression and refuses what is larger than the limit, with RESOURCE_EXHAUSTED and no RetryInfo, as OTLP wants it.

Where there are keys, a call without one is refused whatever its method, and before its message is read.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc
from google.rpc import code_pb2

from collector_plugin.otlp.requests import Signal
from collector_plugin.receivers.address import split_address
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys
from collector_plugin.receivers.refusal import Refusal, refuse
from collector_plugin.receivers.tls import Tls
from schemas.errors import SettingsError, Unauthenticated

log = logging.getLogger(__name__)

SERVICES: dict[Signal, str] = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
METHODS: dict[str, Signal] = {f"/{service}/Export": signal for signal, service in SERVICES.items()}

# A thread waits for the disk most of its time; while none is free, gRPC's flow control holds the senders back.
THREAD_COUNT = 16
# gRPC counts its own framing; a request of exactly the limit must still pass.
MARGIN_BYTES = 1024
STATUS_KEY = "grpc-status-details-bin"
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class GrpcReceiver:
    """A gRPC server on one address; `port` is the one it really has."""

    def __init__(self, address: str, intake: Intake, keys: Keys | None = None, tls: Tls | None = None) -> None:
        """Bind the address. Without `keys` everybody may send; without `tls` nothing is encrypted.

        Raises:
            SettingsError: the address cannot be had.
        """
        split_address(address, "MOMUS_GRPC_ADDRESS")
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-grpc")
        self._server = grpc.server(self._pool, options=_options(intake.limit_bytes))
        self._server.add_generic_rpc_handlers((_Exports(intake, keys or Keys()),))
        try:
            self.port = int(
                self._server.add_secure_port(address, tls.credentials)
                if tls
                else self._server.add_insecure_port(address)
            )
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


class _Exports(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Every call comes here first: the key decides who sends, then the method what."""

    def __init__(self, intake: Intake, keys: Keys) -> None:
        self._intake = intake
        self._keys = keys

    def service(self, details: Any) -> Any:  # grpc has no types
        try:
            tenant = self._keys.tenant(dict(details.invocation_metadata))
        except Unauthenticated as error:
            return self._refusing(refuse(error))
        signal = METHODS.get(details.method)
        return grpc.unary_unary_rpc_method_handler(self._export(signal, tenant)) if signal else None

    def _export(self, signal: Signal, tenant: str) -> Callable[[bytes, Any], bytes]:
        def export(body: bytes, context: Any) -> bytes:
            try:
                response = self._intake.accept(signal, body, tenant=tenant)
            except Exception as error:  # noqa: BLE001 - what escaped here would be UNKNOWN, which is not repeated
                self._abort(context, refuse(error))
            return bytes(response.SerializeToString())

        return export

    def _refusing(self, refusal: Refusal) -> Any:
        # As a stream, whatever the method is: a single message would be received as a whole before it is refused.
        def abort(_: Iterator[bytes], context: Any) -> NoReturn:
            self._abort(context, refusal)

        return grpc.stream_stream_rpc_method_handler(abort)

    def _abort(self, context: Any, refusal: Refusal) -> NoReturn:
        self._intake.count_refusal(refusal.reason)
        context.set_trailing_metadata(((STATUS_KEY, refusal.status().SerializeToString()),))
        context.abort(CODES.get(refusal.code, CODES[code_pb2.UNAVAILABLE]), refusal.message)
        raise AssertionError("abort always raises")
