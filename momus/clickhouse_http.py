"""The embedded engine answers like a server: ClickHouse's HTTP interface on loopback.

One process has the embedded database open. Through this endpoint everybody else reads and writes it as they would a
server's: `momus` in another terminal, clickhouse-connect, curl, notebooks and BI tools. Each request is run on a
connection of its own (about 2 ms), so that no setting outlives it.

What it does not do. The engine has no users: whoever reaches the port may read and change every table, so it listens on
loopback only, answers only requests that name a loopback host, and none that a web page of another site sent. It keeps
statements inside the database (see schemas/statement.py). Sessions and temporary tables do not last beyond a request,
results are held in memory up to 512 MiB, ClickHouse's own block compression is not spoken, and answers are not
compressed, which on loopback would only cost time.
"""

import json
import logging
import socket
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from collector_plugin.receivers.address import listen, split_address
from momus.clickhouse_engine import Engine, EngineError, Result
from momus.clickhouse_request import BODY_LIMIT_BYTES, Question, read_question
from schemas.errors import BadQuery, BadRequest, BadSyntax, MomusError, SettingsError, TooLarge

log = logging.getLogger(__name__)

VARIABLE = "MOMUS_CLICKHOUSE_ADDRESS"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# What ClickHouse answers with for these codes; for any other it is 500.
_STATUS = (
    dict.fromkeys((6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 130, 131, 456, 457), 400)
    | dict.fromkeys((46, 47, 50, 60, 73, 81, 115), 404)
    | {202: 503, 307: 413, 396: 413, 497: 403}
)


class ClickHouseHttp:
    """The endpoint, serving until it is stopped; `port` is the one it really has."""

    def __init__(self, folder: Path, address: str) -> None:
        """Bind the address and serve the database in `folder`, which this process has open.

        Raises:
            SettingsError: the address is not on loopback, or taken.
        """
        self._socket = _listen(address)
        host, self.port = self._socket.getsockname()[:2]
        self.address = f"{f'[{host}]' if ':' in host else host}:{self.port}"
        self._engine = Engine(folder)
        app = Starlette(
            routes=[
                Route("/ping", _ping, methods=["GET", "HEAD"]),
                Route("/replicas_status", _ping, methods=["GET", "HEAD"]),
                Route("/", self._root, methods=["GET", "POST"]),
            ]
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=75,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="momus-clickhouse-loop", daemon=True
        )
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)

    def stop(self) -> None:
        """Answer what is running and stop; stopping twice is harmless."""
        self._server.should_exit = True
        self._thread.join()
        self._engine.close()
        self._socket.close()

    async def _root(self, request: Request) -> Response:
        try:
            _refuse_foreign(request.headers)
            if request.method == "GET" and not request.url.query:
                return PlainTextResponse("Ok.\n")
            body = await _body(request)
            headers = {name.lower(): value for name, value in request.headers.items()}
            query = request.query_params.multi_items()
            question, result = await self._engine.answer(lambda: read_question(request.method, query, headers, body))
        except EngineError as error:
            return self._refusal(error.code, str(error))
        except MomusError as error:
            code, name = _code_of(error)
            return self._refusal(code, f"Code: {code}. DB::Exception: {error} ({name})")
        except ClientDisconnect:
            return Response(status_code=400)
        return Response(result.body, headers=self._headers(question, result))

    def _headers(self, question: Question, result: Result) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Server-Display-Name": "momus",
            "X-ClickHouse-Query-Id": question.query_id or str(uuid.uuid4()),
            "X-ClickHouse-Timezone": "UTC",
            "X-ClickHouse-Summary": json.dumps(result.summary),
            "Content-Type": _CONTENT_TYPES.get(question.format, "text/plain; charset=UTF-8"),
        }
        return headers | ({"X-ClickHouse-Format": question.format} if question.returns_rows else {})

    def _refusal(self, code: int, message: str) -> Response:
        version = "" if "(version " in message else f" (version {self._engine.version})"
        headers = {"X-ClickHouse-Exception-Code": str(code), "X-ClickHouse-Server-Display-Name": "momus"}
        return PlainTextResponse(f"{message}{version}\n", _STATUS.get(code, 500), headers)


def serve(folder: Path, address: str) -> ClickHouseHttp:
    """Serve the database in `folder`, which this process has open, at host:port; port 0 takes a free one.

    Raises:
        SettingsError: the address is not on loopback, or taken.
    """
    return ClickHouseHttp(folder, address)


_CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
}


async def _ping(request: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _body(request: Request) -> bytes:
    """Receive the body, up to the limit."""
    parts, size_bytes = [], 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes > BODY_LIMIT_BYTES:
            raise TooLarge("The request is larger than 1 GiB. Insert in smaller batches.")
        parts.append(part)
    return b"".join(parts)


def _refuse_foreign(headers: Mapping[str, str]) -> None:
    """Refuse what a web page made a browser send: its name points here (DNS rebinding), or it posts across sites.

    Raises:
        BadQuery: the request names another host, or comes from another site's page.
    """
    host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    origin = headers.get("origin", "")
    is_foreign_page = bool(origin) and (urlsplit(origin).hostname or "") not in _LOOPBACK
    if host not in _LOOPBACK or is_foreign_page or headers.get("sec-fetch-site") == "cross-site":
        raise BadQuery("Only programs on this machine are answered here, by the name localhost or 127.0.0.1.")


def _code_of(error: MomusError) -> tuple[int, str]:
    """Return the code and name that ClickHouse has for such an error."""
    if isinstance(error, TooLarge):
        return 307, "TOO_MANY_BYTES"
    if isinstance(error, BadSyntax):
        return 62, "SYNTAX_ERROR"
    return (36, "BAD_ARGUMENTS") if isinstance(error, BadRequest) else (497, "ACCESS_DENIED")


def _listen(address: str) -> socket.socket:
    host, _ = split_address(address, VARIABLE)
    if host not in _LOOPBACK:
        raise SettingsError(f"{VARIABLE} must be 127.0.0.1:port or localhost:port, not {address!r}.")
    return listen(address, VARIABLE)
