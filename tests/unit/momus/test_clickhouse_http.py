"""Clients of ClickHouse find a server in the embedded engine."""

import gzip
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from email.message import Message

import clickhouse_connect
import lz4.frame  # type: ignore[import-untyped]  # ships no types
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError as DriverError

from momus.clickhouse_http import ClickHouseHttp, serve
from momus.clickhouse_request import form_fields, read_question
from schemas import database as databases
from schemas.database import Database
from schemas.errors import BadQuery, SettingsError, Undecodable


@pytest.fixture
def client(database: Database, endpoint: ClickHouseHttp) -> Iterator[Client]:
    """The official client, told nothing but host and port."""
    with clickhouse_connect.get_client(host="127.0.0.1", port=endpoint.port) as client:
        client.command(
            "CREATE OR REPLACE TABLE guests (id UInt32, name String, seen DateTime64(9)) ENGINE = MergeTree ORDER BY id"
        )
        yield client


def ask(
    endpoint: ClickHouseHttp,
    query: str = "",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
) -> tuple[int, Message, bytes]:
    """Send one request and return status, headers and body."""
    text = urllib.parse.urlencode(({"query": query} if query else {}) | (parameters or {}))
    url = f"http://{endpoint.address}/?{text}"
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_official_client_inserts_and_reads(client: Client) -> None:
    """Columns in Native format, with text that would end a statement, come back as they went in."""
    when = datetime(2025, 1, 2, 3, 4, 5, 678901)
    rows = [(1, "a;b\n'\"\\", when), (2, "\0 😀", when)]
    client.insert("guests", rows, column_names=["id", "name", "seen"])
    assert client.query("SELECT id, name, seen FROM guests ORDER BY id").result_rows == rows


@pytest.mark.parametrize("compression", [None, "gzip", "lz4", "zstd"])
def test_raw_inserts_may_be_compressed(client: Client, compression: str | None) -> None:
    """JSON lines arrive whole in every compression that the client knows."""
    lines = b"".join(b'{"id": %d, "name": "INSERT; FORMAT"}\n' % number for number in range(1000))
    encode = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": _zstd}.get(compression or "", bytes)
    client.raw_insert("guests", insert_block=encode(lines), fmt="JSONEachRow", compression=compression)
    assert client.query("SELECT count(), uniqExact(name) FROM guests").result_rows == [(1000, 1)]


def _zstd(data: bytes) -> bytes:
    from backports import zstd

    return zstd.compress(data)


def test_the_summary_counts_what_was_written(client: Client) -> None:
    """A client can tell from the answer how many rows its insert stored."""
    assert client.insert("guests", [[1, "a"], [2, "b"]], column_names=["id", "name"]).written_rows == 2


def test_results_may_be_streamed_in_blocks(client: Client) -> None:
    """A streaming client sees every row of a large result once."""
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(row[0] for block in stream for row in block) == sum(range(300_000))


def test_parameters_and_settings_reach_the_engine(client: Client) -> None:
    """Values are bound by the engine, settings hold for one request alone."""
    sql = "SELECT {text:String}, {ids:Array(UInt8)}, getSetting('max_threads')"
    result = client.query(sql, parameters={"text": "a'b\n", "ids": [1, 2]}, settings={"max_threads": 1})
    assert result.result_rows == [("a'b\n", [1, 2], 1)]
    assert client.command("SELECT value != '1' FROM system.settings WHERE name = 'max_threads'") == 1


def test_a_parameter_beyond_a_servers_limit_is_refused(client: Client) -> None:
    """What a server would not take is not taken here either: 128 KiB for one parameter, sent as a form or not."""
    assert client.query("SELECT length({text:String})", parameters={"text": "x" * (128 << 10)}).result_rows == [
        (131072,)
    ]
    with pytest.raises(DriverError, match="Field value too long: param_text") as caught:
        client.query("SELECT length({text:String})", parameters={"text": "ü" * (65 << 10)})
    assert caught.value.code == 307


def test_an_empty_result_and_a_command_are_told_apart(client: Client) -> None:
    """No rows are an empty result; a statement without a result is none."""
    assert client.query("SELECT id FROM guests").result_rows == []
    assert client.command("SELECT id FROM guests") == ""


@pytest.mark.parametrize(
    ("sql", "code"), [("SELECT * FROM nix", 60), ("SELECT nix", 47), ("SELECT count(", 62), ("SELECT throwIf(1)", 395)]
)
def test_errors_carry_the_engines_code(client: Client, sql: str, code: int) -> None:
    """A client raises with the same code as from a server."""
    with pytest.raises(DriverError) as caught:
        client.query(sql)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file('/etc/passwd')",
        "SELECT 1 INTO OUTFILE '/tmp/never'",
        "SELECT 1; SELECT 2",
        "SYSTEM SHUTDOWN",
        "SELECT 1 AS a$$, file('/etc/passwd') AS b$$",
        "SELECT 1 AS a$$; INSERT INTO FUNCTION file('/tmp/never', 'CSV', 'x String') SELECT 'x' AS b$$",
    ],
)
def test_what_leaves_the_database_is_denied(endpoint: ClickHouseHttp, sql: str) -> None:
    """Files, second statements and the process itself are out of reach, with ACCESS_DENIED as the reason."""
    status, headers, body = ask(endpoint, body=sql.encode())
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (403, "497")
    assert b"ACCESS_DENIED" in body


@pytest.mark.parametrize("setting", ["format_schema", "format_template_row", "a-b", "x;y"])
def test_settings_that_open_files_are_denied(endpoint: ClickHouseHttp, setting: str) -> None:
    """Neither a setting that names a file nor one that is no name reaches the engine."""
    assert ask(endpoint, "SELECT 1", parameters={setting: "/etc/passwd"})[0] == 403


def test_ping_and_root_say_ok(endpoint: ClickHouseHttp) -> None:
    """What load balancers and drivers ask first is answered as a server does."""
    for path in ("ping", ""):
        with urllib.request.urlopen(f"http://{endpoint.address}/{path}", timeout=5) as response:
            assert response.read() == b"Ok.\n"


def test_get_can_read_and_not_write(endpoint: ClickHouseHttp, client: Client) -> None:
    """GET may have settings of its own, but no statement that writes, and no way out of that."""
    assert ask(endpoint, "SELECT 1 SETTINGS max_threads = 1")[2] == b"1\n"
    for sql in ("INSERT INTO guests (id) VALUES (1)", "DROP TABLE guests", "SELECT 1 SETTINGS readonly = 0"):
        status, headers, _ = ask(endpoint, sql, parameters={"readonly": "0"})
        assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "164"), sql
    assert client.command("SELECT count() FROM guests") == 0


def test_the_statement_may_come_in_two_pieces(endpoint: ClickHouseHttp, client: Client) -> None:
    """`?query=INSERT ... FORMAT` with data as the body, and VALUES with expressions, are inserts."""
    assert ask(endpoint, "INSERT INTO guests (id, name) FORMAT CSV", b'1,"a;b"\n2,c\n')[0] == 200
    assert ask(endpoint, body=b"INSERT INTO guests (id, name) VALUES (3, concat('x', ';')), (4, 'y');\n")[0] == 200
    assert client.query("SELECT id, name FROM guests ORDER BY id").result_rows == [
        (1, "a;b"), (2, "c"), (3, "x;"), (4, "y")
    ]  # fmt: skip


def test_the_format_is_the_statements_then_the_requests(endpoint: ClickHouseHttp) -> None:
    """FORMAT in the SQL wins over default_format, that over the header, and the answer names it."""
    for sql, parameters, headers, expected in (
        ("SELECT 1 AS x FORMAT JSONEachRow", {"default_format": "CSV"}, {}, "JSONEachRow"),
        ("SELECT 1 AS x", {"default_format": "CSV"}, {"X-ClickHouse-Format": "JSON"}, "CSV"),
        ("SELECT 1 AS x", {}, {"X-ClickHouse-Format": "JSON"}, "JSON"),
        ("SELECT 1 AS x", {}, {}, "TabSeparated"),
    ):
        status, answered, _ = ask(endpoint, sql, headers=headers, parameters=parameters)
        assert (status, answered["X-ClickHouse-Format"]) == (200, expected)
        assert answered["X-ClickHouse-Timezone"] == "UTC"


def test_the_default_database_is_ours(endpoint: ClickHouseHttp) -> None:
    """Drivers that name no database, or `default`, find momus; another is another; a missing one is told."""
    assert ask(endpoint, "SELECT currentDatabase()")[2] == b"momus\n"
    assert ask(endpoint, "SELECT currentDatabase()", parameters={"database": "default"})[2] == b"momus\n"
    assert ask(endpoint, "SELECT currentDatabase()", parameters={"database": "system"})[2] == b"system\n"
    assert ask(endpoint, "SELECT 1", parameters={"database": "nix"})[1]["X-ClickHouse-Exception-Code"] == "81"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example:8123"},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_web_pages_of_other_sites_are_refused(endpoint: ClickHouseHttp, headers: dict[str, str]) -> None:
    """Neither DNS rebinding nor a form that posts across sites reaches the database."""
    assert ask(endpoint, body=b"SELECT 1", headers=headers)[0] == 403
    assert "Access-Control-Allow-Origin" not in ask(endpoint, body=b"SELECT 1")[1]


def test_a_result_beyond_the_limit_is_refused(endpoint: ClickHouseHttp) -> None:
    """A result larger than 512 MiB is an error instead of an end of memory, whatever limit the client wishes."""
    sql = "SELECT repeat(toString(number), 1000) FROM numbers(1000000) FORMAT Null"
    status, headers, _ = ask(endpoint, sql, parameters={"max_result_bytes": "0"})
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (413, "396")


@pytest.mark.parametrize("coding", ["gzip", "lz4", "zstd"])
def test_a_body_that_is_not_what_it_says_is_told(endpoint: ClickHouseHttp, coding: str) -> None:
    """Garbage in a compression is a bad request."""
    assert ask(endpoint, body=b"SELECT 1", headers={"Content-Encoding": coding})[0] == 400


def test_many_clients_are_answered_side_by_side(endpoint: ClickHouseHttp) -> None:
    """Twenty requests at once are all answered, each with its own settings."""
    answers: dict[int, bytes] = {}

    def work(number: int) -> None:
        answers[number] = ask(endpoint, "SELECT getSetting('max_threads')", parameters={"max_threads": str(number)})[2]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: b"%d\n" % number for number in range(1, 21)}


def test_momus_itself_reads_through_the_endpoint(engine: Database, endpoint: ClickHouseHttp) -> None:
    """While one process has the folder, `open_or_connect` of another reaches it over HTTP."""
    engine.announce(endpoint.address)
    try:
        with databases.open_or_connect(f"chdb://{engine.folder}") as second:
            assert second.folder is None
            assert second.query("SELECT currentDatabase() AS name") == [{"name": "momus"}]
    finally:
        engine.announce("")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_reads_and_writes(endpoint: ClickHouseHttp, client: Client) -> None:
    """The command lines of ClickHouse's manual work."""

    def curl(*arguments: str) -> str:
        return subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=20).stdout

    url = f"http://{endpoint.address}/"
    assert curl(f"{url}?query=SELECT%201") == "1\n"
    assert curl(f"{url}?query=INSERT%20INTO%20guests%20FORMAT%20TSV", "--data-binary", "7\tx\t2025-01-01\n") == ""
    assert curl(f"{url}?param_id=7", "-d", "SELECT name FROM guests WHERE id = {id:UInt32}") == "x\n"


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:8123", "localhost", "127.0.0.1:99999x"])
def test_only_loopback_is_served(engine: Database, address: str) -> None:
    """The engine has no users, so no address but loopback is taken."""
    assert engine.folder is not None
    with pytest.raises(SettingsError, match="MOMUS_CLICKHOUSE_ADDRESS"):
        serve(engine.folder, address)


def test_a_taken_address_is_told(engine: Database) -> None:
    """Another server on the port is a SettingsError that names the address."""
    assert engine.folder is not None
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=address):
            serve(engine.folder, address)


def test_a_stopped_endpoint_lets_go_of_its_port(engine: Database) -> None:
    """After `stop` the same address can be served again."""
    assert engine.folder is not None
    first = serve(engine.folder, "127.0.0.1:0")
    first.stop()
    second = serve(engine.folder, first.address)
    assert ask(second, "SELECT 1")[2] == b"1\n"
    second.stop()


def test_forms_are_read_byte_for_byte() -> None:
    """A multipart form with line breaks and quotes in its values is read exactly."""
    form = b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT\n1\r\n--b\r\nContent-Disposition: form-data; name="param_x"\r\n\r\n\r\n"\x00\r\n--b--\r\n'
    assert form_fields(form, "multipart/form-data; boundary=b") == {"query": b"SELECT\n1", "param_x": b'\r\n"\x00'}
    with pytest.raises(Undecodable):
        form_fields(form, "multipart/form-data")


def test_block_compression_is_refused_by_name() -> None:
    """A client that wants ClickHouse's own framing is told what to use, instead of being sent what it cannot read."""
    with pytest.raises(BadQuery, match="gzip, lz4 or zstd"):
        read_question("POST", [("query", "SELECT 1"), ("compress", "1")], {}, b"")
