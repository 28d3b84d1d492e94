"""Receives OTLP over gRPC.

Messages come as raw bytes, so that decoding, its limits and its errors are the same as over HTTP. gRPC itself undoes the
compression and refuses what is larger than the limit, with RESOURCE_EXHAUSTED and no RetryInfo, as OTLP wants it. It knows
gzip and deflate, and refuses zstd for good, with INTERNAL: that is taken over HTTP alone.

Where there are keys, a call without one is refused whatever its method, and before its message is read.

The event loop only waits for messages; everything else happens in a pool of threads. A call that does not send its message
takes neither a thread nor anybody's turn, and is ended after 60 s. What gRPC has received of messages that are not whole
cannot be counted: that is bounded by 512 calls at once, each of at most one message. How long a message is shows when it is
there: so a call may be refused before it is received and once more after, where many came at once.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
from google.rpc import code_pb2

from collector_plugin.otlp.requests import Signal
from collector_plugin.receivers.address import listen
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys
from collector_plugin.receivers.refusal import Refusal, refuse
from collector_plugin.receivers.tls import Tls
from schemas.errors import Overloaded, SettingsError, Unauthenticated, Undecodable

log = logging.getLogger(__name__)

SERVICES: dict[Signal, str] = {
    "traces": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}
METHODS: dict[str, Signal] = {f"/{service}/Export": signal for signal, service in SERVICES.items()}

THREAD_COUNT = 16
CALL_LIMIT = 512
MESSAGE_DEADLINE_S = 60.0
# gRPC counts its own framing; a request of exactly the limit must still pass.
MARGIN_BYTES = 1024
STATUS_KEY = "grpc-status-details-bin"
Result = TypeVar("Result")
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


class GrpcReceiver:
    """A gRPC server on one address; `port` is the one it really has."""

    def __init__(self, address: str, intake: Intake, keys: Keys | None = None, tls: Tls | None = None) -> None:
        """Bind the address. Without `keys` everybody may send; without `tls` nothing is encrypted.

        Raises:
            SettingsError: the address cannot be had.
        """
        # gRPC does not say why it cannot listen.
        listen(address, "MOMUS_GRPC_ADDRESS").close()
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-grpc")
        self._exports = _Exports(intake, keys or Keys(), self._pool)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="momus-grpc-loop", daemon=True)
        self._thread.start()
        try:
            self._server, self.port = self._in_loop(self._bind(address, intake.limit_bytes, tls))
        except RuntimeError as error:
            self._end()
            raise SettingsError(f"MOMUS_GRPC_ADDRESS {address} cannot be listened on: {error}") from error

    def start(self) -> None:
        """Begin to serve."""
        self._in_loop(self._server.start())
        log.info("receiving OTLP over gRPC on port %d", self.port)

    def stop(self, grace_s: float) -> None:
        """Take no more calls, and give those under way `grace_s` to end."""
        self._in_loop(self._server.stop(grace_s))
        self._end()

    async def _bind(self, address: str, limit_bytes: int, tls: Tls | None) -> tuple[Any, int]:  # grpc has no types
        server = grpc.aio.server(options=_options(limit_bytes))
        server.add_generic_rpc_handlers((self._exports,))
        port = server.add_secure_port(address, tls.credentials) if tls else server.add_insecure_port(address)
        return server, int(port)

    def _in_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown()


def _options(limit_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limit_bytes + MARGIN_BYTES),
        # With it, a second collector on the same port would silently get half of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_connection_idle_ms", 600_000),
        # Who connects and does not speak HTTP/2, and who is gone without a word.
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
    ]


class _Exports(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Every call comes here first: the key decides who sends, then the method what."""

    def __init__(self, intake: Intake, keys: Keys, pool: ThreadPoolExecutor) -> None:
        self._intake = intake
        self._keys = keys
        self._pool = pool
        self._call_count = 0  # only the event loop changes it

    def service(self, details: Any) -> Any:  # grpc has no types
        try:
            tenant = self._keys.tenant(dict(details.invocation_metadata))
        except Unauthenticated as error:
            return self._refusing(refuse(error))
        signal = METHODS.get(details.method)
        # As a stream: a single message gRPC would wait for by itself, and without a deadline.
        return grpc.stream_unary_rpc_method_handler(self._export(signal, tenant)) if signal else None

    def _export(self, signal: Signal, tenant: str) -> Callable[[AsyncIterator[bytes], Any], Coroutine[Any, Any, bytes]]:
        async def export(messages: AsyncIterator[bytes], context: Any) -> bytes:
            try:
                return await self._taken(signal, tenant, messages)
            except Exception as error:  # noqa: BLE001 - what escaped here would be UNKNOWN, which is not repeated
                refusal = refuse(error)
            await self._abort(context, refusal)
            raise AssertionError("abort always raises")

        return export

    async def _taken(self, signal: Signal, tenant: str, messages: AsyncIterator[bytes]) -> bytes:
        """Return the answer to a call once its message is durable."""
        room = self._intake.room
        if self._call_count >= CALL_LIMIT:
            raise Overloaded
        self._call_count += 1
        try:
            # Of what is refused here, gRPC has received no more than a window.
            room.check_door()
            body = await _message(messages)
            with room.place(len(body)) as place:
                place.take(len(body))
                place.is_whole = True
                return await asyncio.get_running_loop().run_in_executor(
                    self._pool, self._accept, signal, body, tenant, time.monotonic()
                )
        finally:
            self._call_count -= 1

    def _accept(self, signal: Signal, body: bytes, tenant: str, arrived_s: float) -> bytes:
        return bytes(self._intake.accept(signal, body, tenant=tenant, arrived_s=arrived_s).SerializeToString())

    def _refusing(self, refusal: Refusal) -> Any:
        # As a stream, whatever the method is: a single message would be received as a whole before it is refused.
        async def abort(_: AsyncIterator[bytes], context: Any) -> None:
            await self._abort(context, refusal)

        return grpc.stream_stream_rpc_method_handler(abort)

    async def _abort(self, context: Any, refusal: Refusal) -> None:
        self._intake.count_refusal(refusal.reason)
        details = ((STATUS_KEY, refusal.status().SerializeToString()),)
        await context.abort(CODES.get(refusal.code, CODES[code_pb2.UNAVAILABLE]), refusal.message, details)


async def _message(messages: AsyncIterator[bytes]) -> bytes:
    """Return the one message of a call.

    Raises:
        Overloaded: it does not come in time.
        Undecodable: the call ends without one.
    """
    try:
        async with asyncio.timeout(MESSAGE_DEADLINE_S):
            body = await anext(messages, None)
    except TimeoutError:
        raise Overloaded("The message came too slowly.") from None
    if body is None:
        raise Undecodable("The call carries no message.")
    return body
