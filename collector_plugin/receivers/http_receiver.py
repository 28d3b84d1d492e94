"""Receives OTLP over HTTP, in protobuf and JSON, and feedback in JSON; shows how the collector does.

    POST /v1/traces /v1/logs /v1/metrics   export requests
    POST /v1/feedback                      one JSON object, see feedback.py
    GET  /healthz /metrics                 counters in JSON; in Prometheus' text format
    GET  /readyz                           200 while requests are taken, else 503; says whether the database answers

The event loop only moves bytes; everything else happens in a pool of threads. What a slow or hostile client can hold is
bounded: 512 connections, 10 s and 64 KiB for the headers, 10 s between two pieces of a body and 60 s for all of it, and
all bodies together by the room that intake has for them. With TLS, a handshake may take asyncio's
60 s before all this begins.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from collector_plugin.metrics import CONTENT_TYPE
from collector_plugin.otlp.requests import Signal, encode_answer
from collector_plugin.receivers.address import listen
from collector_plugin.receivers.http_answers import encoding_of, media_type, refused
from collector_plugin.receivers.http_gate import Gate, is_known, tenant_of
from collector_plugin.receivers.http_protocol import DeadlineProtocol
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys
from collector_plugin.receivers.readiness import Readiness
from collector_plugin.receivers.refusal import Refusal, refuse, unknown_content_type, unknown_method, unknown_path
from collector_plugin.receivers.room import Place
from collector_plugin.receivers.tls import Tls
from schemas.errors import Overloaded, SettingsError, TooLarge

log = logging.getLogger(__name__)

# Makes the answer to a body and its coding, which arrived at a time of the monotonic clock.
Accept = Callable[[bytes, str, float], Response]
PATHS: dict[str, Signal] = {
    "/v1/traces": "traces",
    "/v1/logs": "logs",
    "/v1/metrics": "metrics",
    # Where Langfuse takes OTLP: its users only change the host.
    "/api/public/otel/v1/traces": "traces",
}
THREAD_COUNT = 16
CHUNK_DEADLINE_S = 10.0
BODY_DEADLINE_S = 60.0
KEEP_ALIVE_S = 75
START_DEADLINE_S = 10.0


class HttpReceiver:
    """An HTTP server on one address, with its own thread and event loop; `port` is the one it really has."""

    def __init__(
        self,
        address: str,
        intake: Intake,
        status: Callable[[], Mapping[str, object]],
        metrics: Callable[[], str] = str,
        keys: Keys | None = None,
        tls: Tls | None = None,
        readiness: Callable[[], Readiness] = Readiness,
    ) -> None:
        """Bind the address.

        Args:
            address: host:port; port 0 takes a free one.
            intake: takes what is received.
            status: what /healthz shows; `last_error` in it is empty while all is well.
            metrics: what /metrics shows.
            keys: who may come in; without any, everybody.
            tls: without it nothing is encrypted.
            readiness: what /readyz answers by.

        Raises:
            SettingsError: the address cannot be had.
        """
        self._intake = intake
        self._status = status
        self._metrics = metrics
        self._readiness = readiness
        self._keys = keys or Keys()
        self._socket = listen(address, "MOMUS_HTTP_ADDRESS")
        host, port = self._socket.getsockname()[:2]
        self.port = int(port)
        self._is_loopback = ip_address(host).is_loopback
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-http")
        self._server = uvicorn.Server(_config(self._app(), tls))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="momus-http-loop")

    def start(self) -> None:
        """Begin to serve; returns when the server answers."""
        self._thread.start()
        waiting = threading.Event()
        for _ in range(int(START_DEADLINE_S / 0.01)):
            if self._server.started:
                log.info("receiving OTLP over HTTP on port %d", self.port)
                return
            waiting.wait(0.01)
        raise SettingsError("The HTTP receiver did not start.")

    def stop(self, grace_s: float) -> None:
        """Take no more requests, and give those under way `grace_s` to end."""
        self._server.config.timeout_graceful_shutdown = max(1, int(grace_s))
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._pool.shutdown()
        self._socket.close()

    def routes(self) -> list[Route]:
        """Return every route that is served; none is reached but through the gate."""
        return [
            *(Route(path, self._export, methods=["POST"]) for path in PATHS),
            Route("/v1/feedback", self._feedback, methods=["POST"]),
            Route("/healthz", self._health, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", self._show_metrics, methods=["GET"]),
        ]

    def _app(self) -> Gate:
        app = Starlette(
            routes=self.routes(),
            exception_handlers={
                404: lambda request, _: self._refuse(request, unknown_path()),
                405: lambda request, _: self._refuse(request, unknown_method()),
            },
        )
        return Gate(app, self._keys, is_loopback=self._is_loopback, refused=self._refuse)

    async def _health(self, request: Request) -> Response:
        status = dict(self._status())
        health: dict[str, object] = {"status": "not ok" if status.get("last_error") else "ok"}
        if is_known(request):
            # What one tenant sends is no other's business, and these tell of it in its own words.
            hidden = ("unknown_spans", "last_error") if len(self._keys.tenants) > 1 else ()
            health |= {name: value for name, value in status.items() if name not in hidden}
        return JSONResponse(health)

    async def _ready(self, _: Request) -> Response:
        # Off the event loop: a disk that hangs must not take everything else with it.
        found = await asyncio.to_thread(self._readiness)
        return JSONResponse(found.as_json(), 200 if found.is_ready else 503)

    async def _show_metrics(self, _: Request) -> Response:
        return PlainTextResponse(self._metrics(), media_type=CONTENT_TYPE)

    async def _feedback(self, request: Request) -> Response:
        if encoding_of(request) != "json":
            return self._refuse(request, unknown_content_type("application/json"))
        tenant = tenant_of(request)

        def accept(body: bytes, coding: str, arrived_s: float) -> Response:
            self._intake.accept_feedback(body, coding=coding, tenant=tenant, arrived_s=arrived_s)
            return JSONResponse({})

        return await self._answer(request, accept)

    async def _export(self, request: Request) -> Response:
        encoding = encoding_of(request)
        if encoding is None:
            return self._refuse(request, unknown_content_type("application/x-protobuf or application/json"))
        signal, tenant = PATHS[request.scope["path"]], tenant_of(request)

        def accept(body: bytes, coding: str, arrived_s: float) -> Response:
            response = self._intake.accept(
                signal, body, encoding=encoding, coding=coding, tenant=tenant, arrived_s=arrived_s
            )
            return Response(encode_answer(signal, response, encoding), media_type=media_type(encoding))

        return await self._answer(request, accept)

    async def _answer(self, request: Request, accept: Accept) -> Response:
        """Receive the body and let `accept` make the answer of it and its coding, in a thread."""
        try:
            return await self._received(request, accept)
        except ClientDisconnect:
            return Response(status_code=499)
        except TimeoutError:
            # Nobody else may repeat it, and the rest of the body would be taken for the next request.
            return self._refuse(request, refuse(Overloaded("The body came too slowly.")), {"connection": "close"})
        except Exception as error:  # noqa: BLE001 - what escaped here would be a 500, which exporters do not repeat
            return self._refuse(request, refuse(error))

    async def _received(self, request: Request, accept: Accept) -> Response:
        with self._intake.room.place(self._declared_bytes(request)) as place:
            pieces = await self._read(request, place)
            place.is_whole = True
            coding = request.headers.get("content-encoding", "").strip().lower()
            arrived_s = time.monotonic()

            def accept_whole() -> Response:
                body = b"".join(pieces)
                pieces.clear()
                return accept(body, coding, arrived_s)

            return await asyncio.get_running_loop().run_in_executor(self._pool, accept_whole)

    def _refuse(self, request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
        self._intake.count_refusal(refusal.reason)
        return refused(request, refusal, headers)

    def _declared_bytes(self, request: Request) -> int:
        """Return how long the body is by its header; 0 where that does not say.

        Raises:
            TooLarge: it is larger than any that is taken.
        """
        declared = request.headers.get("content-length", "")
        size_bytes = int(declared) if declared.isdecimal() else 0
        if size_bytes > self._intake.limit_bytes:
            raise TooLarge
        return size_bytes

    async def _read(self, request: Request, place: Place) -> list[bytes]:
        """Return the body in the pieces that it came in; `place` has room for each before the next is waited for.

        Raises:
            ClientDisconnect, TimeoutError: it does not come to its end.
            TooLarge: it is larger than any that is taken.
            Overloaded: there is no room for it.
        """
        pieces: list[bytes] = []
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + BODY_DEADLINE_S
        async with asyncio.timeout_at(ends_s) as deadline:
            while True:
                deadline.reschedule(min(ends_s, loop.time() + CHUNK_DEADLINE_S))
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                if piece := message.get("body", b""):
                    place.take(len(piece))
                    pieces.append(piece)
                    if place.size_bytes > self._intake.limit_bytes:
                        raise TooLarge
                if not message.get("more_body", False):
                    return pieces


def _config(app: Gate, tls: Tls | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=DeadlineProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    config.load()
    config.ssl = tls.context if tls else None
    return config
