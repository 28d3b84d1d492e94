"""A server that is not there, or only what stands before it: told as such, and waited for by who can."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from momus.clickhouse_http import serve
from momus.server import Server
from schemas import database as databases
from schemas.database import Database, Row
from schemas.errors import BadQuery, DatabaseRefused, DatabaseTooNew, DatabaseUnreachable
from schemas.settings import load


@contextlib.contextmanager
def answering(status: int, headers: dict[str, str] | None = None, port: int = 0) -> Iterator[int]:
    """Something that answers everything with one status, and the port where it does."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response_only(status)
            for name, value in {"content-length": "0", "connection": "close", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815  # the library calls it so

    with HTTPServer(("127.0.0.1", port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def address(engine: Database) -> str:
    """Where a server was a moment ago."""
    with serving(engine, "127.0.0.1:0") as address:
        return address


@contextlib.contextmanager
def serving(engine: Database, address: str) -> Iterator[str]:
    """The module's database answers there."""
    assert engine.folder is not None
    server = serve(engine.folder, address)
    try:
        yield server.address
    finally:
        server.stop()


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_status_without_a_code_is_not_the_servers(engine: Database, address: str, status: int) -> None:
    """A load balancer whose server is away says 5xx: neither the statement nor its rows are at fault."""
    with serving(engine, address):
        client = databases.open(f"clickhouse://{address}/momus")
    with client, answering(status, port=port_of(address)):
        told = f"{address} answers with HTTP status {status} only"
        with pytest.raises(DatabaseUnreachable, match=told):
            client.query("SELECT 1")
        with pytest.raises(DatabaseUnreachable, match=told):
            client.command("TRUNCATE TABLE migrations")
        with pytest.raises(DatabaseUnreachable, match=told):
            client.insert("migrations", [{"name": "a"}])
        with pytest.raises(DatabaseUnreachable, match=address):
            client.ask("SELECT 1")  # by a client of its own, which cannot begin


def test_a_code_is_the_servers_whatever_the_status(engine: Database, address: str) -> None:
    """A ClickHouse server says 500 for many a statement that will never run."""
    with serving(engine, address):
        client = databases.open(f"clickhouse://{address}/momus")
    with client, answering(500, {"X-ClickHouse-Exception-Code": "43"}, port_of(address)), pytest.raises(BadQuery):
        client.query("SELECT 1")


def test_a_database_for_later_is_prepared_once_when_it_is_there(engine: Database, address: str) -> None:
    """Until then each use says that it is away; then the first client has it prepared, before its own statement."""
    prepared: list[list[Row]] = []
    with databases.later(f"clickhouse://{address}/momus", lambda d: prepared.append(d.query("SELECT 1"))) as database:
        with pytest.raises(DatabaseUnreachable, match=address):
            database.connect()
        with pytest.raises(DatabaseUnreachable, match=address):
            database.query("SELECT 2 AS a")
        with serving(engine, address), database.clone() as clone:
            assert prepared == []
            assert clone.query("SELECT 2 AS a") == [{"a": 2}]
            assert database.query("SELECT 3 AS a") == [{"a": 3}]
            assert prepared == [[{"1": 1}]]


def test_what_cannot_be_prepared_cannot_be_used(engine: Database) -> None:
    """It is tried anew with each use."""

    def refuse(database: Database) -> None:
        raise DatabaseTooNew

    with (
        serving(engine, "127.0.0.1:0") as address,
        databases.later(f"clickhouse://{address}/momus", refuse) as database,
    ):
        for _ in range(2):
            with pytest.raises(DatabaseTooNew):
                database.connect()


def test_a_server_does_not_start_with_a_password_that_is_wrong(tmp_path: Path) -> None:
    """Waiting would not mend it, so it is told at once; address and spool are free again."""
    free = dict.fromkeys(("http_address", "grpc_address"), "127.0.0.1:0")
    with answering(403, {"X-ClickHouse-Exception-Code": "516"}) as port:
        dsn = f"clickhouse://user:secret@127.0.0.1:{port}/momus"
        for _ in range(2):
            with pytest.raises(DatabaseRefused, match="refuses us") as caught:
                Server(load(**free, database=dsn, spool=tmp_path / "spool"), analyses=True)
            assert "secret" not in str(caught.value)
