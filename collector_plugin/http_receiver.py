"""Receives OTLP over HTTP, in protobuf and JSON.

The event loop only moves bytes; everything else happens in a pool of threads. What a slow or hostile client can hold is
bounded: 512 connections, 10 s and 64 KiB for the headers, 10 s between two pieces of a body and 60 s for all of it, and
all bodies together four times the size of the largest one that is accepted.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector_plugin.address import split_address
from collector_plugin.http_protocol import DeadlineProtocol
from collector_plugin.intake import Intake
from collector_plugin.otlp import Encoding, Signal, encode_answer
from collector_plugin.refusal import (
    Refusal,
    foreign_host,
    refuse,
    unknown_content_type,
    unknown_method,
    unknown_path,
)
from schemas.errors import Overloaded, SettingsError, TooLarge

log = logging.getLogger(__name__)

PATHS: dict[str, Signal] = {
    "/v1/traces": "traces",
    "/v1/logs": "logs",
    "/v1/metrics": "metrics",
    # Where Langfuse takes OTLP: its users only change the host.
    "/api/public/otel/v1/traces": "traces",
}
CONTENT_TYPES: dict[str, Encoding] = {
    "application/x-protobuf": "protobuf",
    "application/protobuf": "protobuf",
    "application/json": "json",
}

THREAD_COUNT = 16
BODIES_IN_MEMORY = 4
CHUNK_DEADLINE_S = 10.0
BODY_DEADLINE_S = 60.0
KEEP_ALIVE_S = 75
START_DEADLINE_S = 10.0


class HttpReceiver:
    """An HTTP server on one address, with its own thread and event loop; `port` is the one it really has."""

    def __init__(self, address: str, intake: Intake, status: Callable[[], Mapping[str, object]]) -> None:
        """Bind the address; `status` is what /healthz shows.

        Raises:
            SettingsError: the address cannot be had.
        """
        self._intake = intake
        self._status = status
        self._held_bytes = 0
        self._socket = _bind(address)
        host, port = self._socket.getsockname()[:2]
        self.port = int(port)
        self._is_loopback = ip_address(host).is_loopback
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-http")
        self._server = uvicorn.Server(_config(self._app()))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="momus-http-loop")

    @property
    def held_bytes(self) -> int:
        """Bytes of all bodies that are being received or not answered yet."""
        return self._held_bytes

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

    def _app(self) -> Starlette:
        exports = [Route(path, self._export, methods=["POST"]) for path in PATHS]
        return Starlette(
            routes=[*exports, Route("/healthz", self._health, methods=["GET"])],
            exception_handlers={
                404: lambda request, _: _refused(request, unknown_path()),
                405: lambda request, _: _refused(request, unknown_method()),
            },
        )

    async def _health(self, _: Request) -> Response:
        return JSONResponse(dict(self._status()))

    async def _export(self, request: Request) -> Response:
        encoding = _encoding(request)
        if self._is_loopback and not _names_loopback(request.headers.get("host", "")):
            return _refused(request, foreign_host())
        if encoding is None:
            return _refused(request, unknown_content_type())
        try:
            return await self._answer(request, PATHS[request.url.path], encoding)
        except ClientDisconnect:
            return Response(status_code=499)
        except TimeoutError:
            # Nobody else may repeat it, and the rest of the body would be taken for the next request.
            return _refused(request, refuse(Overloaded("The body came too slowly.")), {"connection": "close"})
        except Exception as error:  # noqa: BLE001 - what escaped here would be a 500, which exporters do not repeat
            return _refused(request, refuse(error))

    async def _answer(self, request: Request, signal: Signal, encoding: Encoding) -> Response:
        body = bytearray()
        try:
            await self._read(request, body)
            coding = request.headers.get("content-encoding", "").strip().lower()
            content = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._accept, signal, bytes(body), encoding, coding
            )
        finally:
            self._held_bytes -= len(body)
        return Response(content, media_type=_media_type(encoding))

    def _accept(self, signal: Signal, body: bytes, encoding: Encoding, coding: str) -> bytes:
        return encode_answer(signal, self._intake.accept(signal, body, encoding=encoding, coding=coding), encoding)

    async def _read(self, request: Request, body: bytearray) -> None:
        """Fill `body`; its length is counted in `_held_bytes`, whatever happens."""
        limit_bytes = self._intake.limit_bytes
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit_bytes:
            raise TooLarge
        chunks = request.stream()
        async with asyncio.timeout(BODY_DEADLINE_S):
            while True:
                async with asyncio.timeout(CHUNK_DEADLINE_S):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                body += chunk
                self._held_bytes += len(chunk)
                if len(body) > limit_bytes:
                    raise TooLarge
                if self._held_bytes > BODIES_IN_MEMORY * limit_bytes:
                    raise Overloaded


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
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


def _bind(address: str) -> socket.socket:
    host, port = split_address(address, "MOMUS_HTTP_ADDRESS")
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(where[:2], family=family, backlog=1024)
    except OSError as error:
        raise SettingsError(f"MOMUS_HTTP_ADDRESS {address} cannot be listened on: {error}") from error


def _encoding(request: Request) -> Encoding | None:
    return CONTENT_TYPES.get(request.headers.get("content-type", "").split(";")[0].strip().lower())


def _media_type(encoding: Encoding) -> str:
    return "application/json" if encoding == "json" else "application/x-protobuf"


def _refused(request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    # Who does not say what it sends is most likely a person with curl: JSON can be read.
    encoding = _encoding(request) or "json"
    sent = dict(headers or {})
    if refusal.retry_after_s is not None:
        sent["retry-after"] = str(refusal.retry_after_s)
    return Response(refusal.body(encoding), refusal.http_status, sent, _media_type(encoding))


def _names_loopback(host: str) -> bool:
    """Tell whether a Host header is one that only a program on this machine, not a foreign page, would send."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    if name in ("", "localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
