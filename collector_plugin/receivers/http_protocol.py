"""Uvicorn's HTTP protocol with deadlines where uvicorn waits for ever, and a limit where it takes everything.

connected ──headers begin──▶ headers end ──body──▶ answered ──rest of a refused body──▶ next request
   └──────── 10 s ─────────────┘  the receiver's        └─ after 0.5 s; 60 s ──┘   (keep-alive: uvicorn's)
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector_plugin.receivers.refusal import malformed

CONNECTION_LIMIT = 512
HEADERS_LIMIT_BYTES = 64 * 1024
HEADERS_DEADLINE_S = 10.0
REST_DEADLINE_S = 60.0
# What comes of a body after its answer goes nowhere; so bodies that will be decoded are read first. To close the connection
# instead would lose the answer to a client that is still sending, and not to read at all one that sends before it listens.
REST_PAUSE_S = 0.5
# Twice what asyncio reads at once. The receiver takes each piece before the next is read: only where it does not, reading
# stops, and it seldom does. At uvicorn's own mark of 64 KiB, every piece of a large body would stop it.
UNTAKEN_LIMIT_BYTES = 512 * 1024


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection whose client says nothing, too much, or never ends its headers or a refused body."""

    _deadline: asyncio.TimerHandle | None = None
    _is_mid_message = False
    _is_mid_headers = False
    _header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        if len(self.connections) > CONNECTION_LIMIT:
            # A refused connection is what every exporter repeats; an answer would need its headers first.
            transport.close()
            return
        self._close_after(HEADERS_DEADLINE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_mid_headers:
            self._header_bytes += len(data)
            if self._header_bytes > HEADERS_LIMIT_BYTES:
                self._expire()

    def send_400_response(self, msg: str) -> None:
        # uvicorn answers in plain text; OTLP wants a google.rpc.Status, also of what could not be parsed.
        body = malformed().body("json")
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n".encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_mid_message = self._is_mid_headers = True
        self._header_bytes = 0
        self._close_after(HEADERS_DEADLINE_S)

    def on_headers_complete(self) -> None:
        self._is_mid_headers = False
        self._cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        # As it came, and not into uvicorn's bytearray, which copies each piece twice. There is seldom one before it.
        cycle.body = cycle.body + body if cycle.body else body  # type: ignore[assignment]  # bytes are all it is read as
        if len(cycle.body) > UNTAKEN_LIMIT_BYTES:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self._is_mid_message = False
        self._cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_mid_message and not self.transport.is_closing():
            self._close_after(REST_DEADLINE_S)
            self.flow.pause_reading()
            self.loop.call_later(REST_PAUSE_S, self._read_rest)

    def _read_rest(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _close_after(self, seconds: float) -> None:
        self._cancel()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        transport: Any = self.transport  # may be gone already
        if transport is not None and not transport.is_closing():
            transport.close()

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
