"""Stands between a collector and its database, and lets each statement meet a fate of the test's choosing."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OF_A_CONNECTION = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
REFUSAL = b"Code: 999. DB::Exception: It fails as the test wants it."


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a statement.

    It waits for `delay_s` seconds. Then it reaches the database, or not; so does its answer. Where there is no answer
    of the database but one is given, it has `status`: 200 is a lie, 500 a failure.
    """

    is_performed: bool = True
    is_answered: bool = True
    status: int = 500
    delay_s: float = 0.0


PASS = Fate()
FAIL = Fate(is_performed=False)
PRETEND = Fate(is_performed=False, status=200)
CUT = Fate(is_performed=False, is_answered=False)
CUT_AFTER = Fate(is_answered=False)

Fates = Callable[[str], Fate]


class DatabaseProxy:
    """An HTTP server that passes statements on to the one at `target_port`; `fate` decides about each, from any thread."""

    def __init__(self, target_port: int, name: str) -> None:
        self.target_port = target_port
        self._name = name
        self.fate: Fates = lambda statement: PASS
        self.port = 0
        self._server: _Server | None = None
        self.open()

    @property
    def dsn(self) -> str:
        """Where the collector finds its database."""
        return f"clickhouse://127.0.0.1:{self.port}/{self._name}"

    @property
    def direct_dsn(self) -> str:
        """The same database without what stands between."""
        return f"clickhouse://127.0.0.1:{self.target_port}/{self._name}"

    def open(self) -> None:
        """Begin to listen, at the same port as ever."""
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def close(self) -> None:
        """Listen no more and cut all connections, as a server that is down; twice is harmless."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @contextlib.contextmanager
    def meeting(self, fate: Fates) -> Iterator[None]:
        """Let statements meet this fate while the block lasts."""
        before, self.fate = self.fate, fate
        try:
            yield
        finally:
            self.fate = before

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Be down while the block lasts."""
        self.close()
        try:
            yield
        finally:
            self.open()


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that closing it cuts them."""

    allow_reuse_address = True

    def __init__(self, proxy: DatabaseProxy) -> None:
        self.proxy = proxy
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", proxy.port), _Statement)

    def finish_request(self, request: Any, client_address: Any) -> None:  # the library's own types
        self._connections.add(request)
        try:
            super().finish_request(request, client_address)
        except OSError:
            return  # cut, by us or by a collector that was killed
        finally:
            self._connections.discard(request)

    def server_close(self) -> None:
        for connection in tuple(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()


class _Statement(BaseHTTPRequestHandler):
    """One connection: statement after statement meets its fate."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        sql = parse_qs(urlsplit(self.path).query).get("query", [""])[0] or body.decode("utf-8", "replace")
        fate = self.server.proxy.fate(sql.strip())
        time.sleep(fate.delay_s)
        answer = self._perform(body) if fate.is_performed else (fate.status, {}, REFUSAL)
        if fate.is_answered:
            self._answer(*answer)
        else:
            self.close_connection = True

    do_GET = do_POST  # noqa: N815  # the library calls it so

    def _perform(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OF_A_CONNECTION}
        target = http.client.HTTPConnection("127.0.0.1", self.server.proxy.target_port, timeout=60)
        with contextlib.closing(target):
            target.request(self.command, self.path, body, headers)
            response = target.getresponse()
            return response.status, dict(response.headers), response.read()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in OF_A_CONNECTION:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
