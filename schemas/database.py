"""The database: one way to read and write it, whether it is embedded or a server.

    chdb:///folder                                 the embedded engine; one process at a time, see folder.py
    clickhouse://user:password@host:8123/momus     a server, over HTTP; clickhouses:// with TLS

SQL lives in `queries/<name>.sql`; values travel beside it as parameters (`{name:Type}`), never inside it. Rows are JSON
both ways, which is exact for what we store: 64-bit integers stay integers, times are nanoseconds in integers. An insert
is one block with pinned limits, because the engine recognises a repeated insert only if it is cut the same way.

A `Database` serves one thread at a time; `clone` makes one for another thread.
"""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from functools import cache, partial
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
import orjson
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from schemas.as_json import JsonLines, JsonStream
from schemas.engine_stream import insert_stream
from schemas.errors import (
    BadQuery,
    DatabaseError,
    DatabaseInUse,
    DatabaseRefused,
    DatabaseUnreachable,
    EngineMissing,
    SettingsError,
)
from schemas.folder import Folder, holder
from schemas.statement import refuse_outside_world
from schemas.translated import is_unanswered, sentence, translated

Row = dict[str, Any]  # Any: a row has the columns of whichever query was asked

DATABASE_NAME = "momus"

# The driver logs what it raises as well; here each failure is told once, by whoever handles it.
logging.getLogger("clickhouse_connect").setLevel(logging.ERROR)

# Set once per connection: what rows look like as JSON.
_READ_SETTINGS = {
    "session_timezone": "UTC",
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "output_format_json_validate_utf8": 1,
}
# Together they make an insert one block, cut the same way on every retry. A batch stays far below these limits.
_ONE_BLOCK = {
    "max_insert_threads": 1,
    "max_insert_block_size": 1_048_449,
    "min_insert_block_size_rows": 1_048_449,
    "min_insert_block_size_bytes": 268_402_944,
    "max_partitions_per_insert_block": 0,
    "input_format_parallel_parsing": 0,
    "input_format_skip_unknown_fields": 0,
    "async_insert": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}
# What the embedded engine takes besides, and an older server may not know. Filters over the keys and values of attributes
# would be a fifth of an insert's work; the first merge makes them, and until then a part is small.
_OF_STREAM = {
    "session_timezone": _READ_SETTINGS["session_timezone"],
    "exclude_materialize_skip_indexes_on_insert": "idx_res_attr_key, idx_res_attr_value, idx_scope_attr_key,"
    " idx_scope_attr_value, idx_span_attr_key, idx_span_attr_value, idx_log_attr_key, idx_log_attr_value",
}


_HALF_OF_CORES = max(1, (os.cpu_count() or 1) // 2)


class Answer(NamedTuple):
    """What a person's SQL returned: column names and rows in order. `is_cut` where there are rows beyond the limit."""

    columns: list[str]
    rows: list[list[Any]]  # Any: the types are those of the person's query
    is_cut: bool


class Database:
    """A database. Not for two threads at once: use `clone`."""

    def __init__(self, new_client: Callable[[], Client], folder: Folder | None, client: Client | None = None) -> None:
        """Take a client, or how to have one on first use."""
        self._new_client = new_client
        self._connected = client
        self._folder = folder
        self._is_open = True

    @property
    def _client(self) -> Client:
        if self._connected is None:
            self._connected = self._new_client()
        return self._connected

    def connect(self) -> None:
        """Connect now, instead of on first use; nothing to do where that is done.

        Raises:
            DatabaseError: see `open`; where the database is to be prepared, also what that raises.
        """
        _ = self._client

    @property
    def folder(self) -> Path | None:
        """The folder of the embedded engine; None for a server."""
        return self._folder.path if self._folder else None

    @property
    def engine_version(self) -> str:
        """The version of the engine or server, such as 26.9.2.1."""
        return str(self._client.server_version)

    def query(self, name_or_sql: str, /, **parameters: Any) -> list[Row]:  # Any: values of the types that the SQL names
        """Return the rows of a query: of `queries/<name>.sql`, or of the SQL itself.

        64-bit integers come as int, DateTime64 as text in UTC, arrays as lists, Nullable as None.

        Raises:
            BadQuery: the SQL cannot run.
            DatabaseError: the database failed.
        """
        with translated(BadQuery):
            body = self._client.raw_query(_sql(name_or_sql), parameters=parameters, fmt="JSONEachRow")
        return [orjson.loads(line) for line in body.splitlines()]

    def ask(self, sql: str, *, row_limit: int = 1000, timeout_s: float = 30.0, memory_bytes: int = 1 << 30) -> Answer:
        """Run a person's SQL: it can only read, within these limits.

        Raises:
            BadQuery: the SQL cannot run, would write, or exceeds a limit.
        """
        limits = {
            "max_execution_time": timeout_s,
            "max_memory_usage": memory_bytes,
            "max_result_rows": row_limit + 1,
            "result_overflow_mode": "break",
            "readonly": 1,
        }
        # Read-only cannot be undone on a connection of the embedded engine, so each question gets its own.
        with translated(BadQuery, is_user_sql=True), self.clone() as reader:
            return reader._ask(sql.strip().rstrip(";"), limits, row_limit)

    def _ask(self, sql: str, limits: Mapping[str, object], row_limit: int) -> Answer:
        if self._folder:
            refuse_outside_world(sql.encode())
            self._client.command("SET " + ", ".join(f"{name} = '{value}'" for name, value in limits.items()))
            limits = {}
        body = self._client.raw_query(sql, fmt="JSONCompactEachRowWithNames", settings=dict(limits))
        lines = [orjson.loads(line) for line in body.splitlines()]
        columns, rows = (lines[0], lines[1:]) if lines else ([], [])
        return Answer(columns, rows[:row_limit], len(rows) > row_limit)

    def insert(
        self,
        table: str,
        rows: Iterable[Mapping[str, object]] | JsonLines | JsonStream,
        *,
        token: str | None = None,
        **settings: object,
    ) -> int:
        """Store rows in one block and return how many there were; no rows is nothing to do.

        A `token` that this table has seen among its last 10,000 inserts makes the insert do nothing. Text that is not
        valid Unicode is stored with U+FFFD in its place.

        Raises:
            DatabaseError: nothing, or all but views that depend on the table, is stored.
        """
        chosen = {**_ONE_BLOCK, **settings, **({"insert_deduplication_token": token} if token else {})}
        if isinstance(rows, JsonStream) and self._folder:
            insert_stream(self._folder.path, f"{DATABASE_NAME}.{table}", rows, {**chosen, **_OF_STREAM})
            return len(rows)
        lines = _lines(rows)
        if not lines:
            return 0
        with translated(DatabaseError):
            self._client.raw_insert(
                table,
                column_names=lines.columns or None,
                insert_block=lines.text,  # type: ignore[arg-type]  # a bytearray is taken as well, and copied by none
                fmt="JSONCompactEachRow" if lines.columns else "JSONEachRow",
                settings=chosen,
            )
        return len(lines)

    def command(self, name_or_sql: str, /, **parameters: Any) -> None:  # Any: values of the types that the SQL names
        """Run a statement that returns no rows, such as DDL.

        Raises:
            DatabaseError: the statement failed.
        """
        with translated(DatabaseError):
            self._client.command(_sql(name_or_sql), parameters=parameters)

    def detached_parts(self) -> list[Row]:
        """Return the parts that the engine set aside when it opened: rows that are on disk, but in no answer."""
        return self.query("detached_parts")

    def stop_merges(self) -> None:
        """Have the embedded engine merge and mutate nothing until `start_merges`, or until its process ends.

        Raises:
            DatabaseError: it goes on.
        """
        with translated(DatabaseError):
            self._client.command("SYSTEM STOP MERGES")

    def start_merges(self) -> None:
        """Let the embedded engine merge again.

        Raises:
            DatabaseError: it does not.
        """
        with translated(DatabaseError):
            self._client.command("SYSTEM START MERGES")

    def announce(self, http_address: str) -> None:
        """Tell other processes where this one answers SQL for the embedded engine; empty takes it back."""
        if self._folder:
            self._folder.announce(http_address)

    def clone(self) -> "Database":
        """Return another client of the same database, for another thread; that of a server connects on first use."""
        if self._folder is None:
            return Database(self._new_client, None)
        client = self._new_client()
        return Database(self._new_client, self._folder.share(), client)

    def close(self) -> None:
        """Close the client; the last one of an embedded database lets go of its folder. Closing twice is harmless."""
        if not self._is_open:
            return
        self._is_open = False
        if self._connected:
            self._connected.close()
        if self._folder:
            self._folder.release()

    def __enter__(self) -> "Database":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lines(rows: Iterable[Mapping[str, object]] | JsonLines | JsonStream) -> JsonLines:
    match rows:
        case JsonLines():
            return rows
        case JsonStream():
            return rows.gathered()
    lines = JsonLines()
    lines.extend(rows)
    return lines


def open(dsn: str, *, memory_limit_bytes: int = 2 << 30) -> Database:
    """Open the database that `dsn` names; the embedded one is made where there is none.

    Args:
        dsn: see the top of this module.
        memory_limit_bytes: what the embedded engine may use in all; a server has its own limit.

    Raises:
        SettingsError: the DSN cannot be read.
        DatabaseInUse: another process has the folder.
        DatabaseTooNew: a newer engine wrote the folder.
        EngineMissing: chdb is not installed.
        DatabaseUnreachable: no server answers there.
        DatabaseRefused: the server does not let this user in.
    """
    url = _read_dsn(dsn)
    if url.scheme == "chdb":
        return _open_folder(_folder_path(url), memory_limit_bytes)
    new_client = partial(_server_client, url)
    return Database(new_client, None, new_client())


def later(dsn: str, prepare: Callable[[Database], object], *, memory_limit_bytes: int = 2 << 30) -> Database:
    """Return a database that is prepared before anything else is done with it; a server may still be down.

    A server is connected to on first use, by this database and each of its clones: whoever is first has it prepared. Until
    that succeeds every use raises what `open` or `prepare` does. The embedded engine is opened and prepared at once.

    Raises:
        SettingsError: the DSN cannot be read.
        DatabaseError: the embedded database cannot be opened or prepared; see `open`.
    """
    url = _read_dsn(dsn)
    if url.scheme != "chdb":
        return Database(_Entrance(url, prepare), None)
    database = open(dsn, memory_limit_bytes=memory_limit_bytes)
    try:
        prepare(database)
    except BaseException:
        database.close()
        raise
    return database


class _Entrance:
    """Makes clients of a server's database, of which the first that connects prepares it; from any thread."""

    def __init__(self, url: SplitResult, prepare: Callable[[Database], object]) -> None:
        self._url = url
        self._prepare = prepare
        self._is_prepared = False
        self._lock = threading.Lock()

    def __call__(self) -> Client:
        with self._lock:
            if not self._is_prepared:
                new_client = partial(_server_client, self._url)
                with Database(new_client, None, new_client()) as database:
                    self._prepare(database)
                self._is_prepared = True
        return _server_client(self._url)


def open_or_connect(dsn: str, *, memory_limit_bytes: int = 2 << 30) -> Database:
    """Open the database; where a `momus serve` has the folder and answers SQL, connect to it instead.

    Raises:
        DatabaseInUse: another process has the folder and serves no endpoint.
    """
    try:
        return open(dsn, memory_limit_bytes=memory_limit_bytes)
    except DatabaseInUse:
        who = holder(_folder_path(_read_dsn(dsn)))
        if who is None or not who.http_address:
            raise
        return open(f"clickhouse://{who.http_address}/{DATABASE_NAME}")


def _read_dsn(dsn: str) -> SplitResult:
    with suppress(ValueError):
        url = urlsplit(dsn)
        is_server = url.scheme in ("clickhouse", "clickhouses") and url.hostname and url.port != 0
        if is_server or (url.scheme == "chdb" and url.netloc + url.path):
            return url
    said = "" if "@" in dsn else f", not {dsn!r}"  # what holds a password is not shown
    raise SettingsError(
        "MOMUS_DATABASE or --database must read chdb:///folder, clickhouse://user:password@host:port/database or "
        f"clickhouses://...{said}."
    )


def place(dsn: str) -> str:
    """Where a DSN points, without user and password, to be shown."""
    url = _read_dsn(dsn)
    if url.scheme == "chdb":
        return str(_folder_path(url))
    return f"{url.hostname}:{_port(url)}/{_database_name(url)}"


def is_there(dsn: str) -> bool:
    """Tell whether there is a momus database, without opening a folder or making anything.

    Raises:
        SettingsError: the DSN cannot be read.
        DatabaseError: the server does not answer, or refuses us; see `open`.
    """
    url = _read_dsn(dsn)
    if url.scheme == "chdb":
        return (_folder_path(url) / "momus.lock").exists()
    with closing(_server_client(url, enters=False)) as client, translated(DatabaseError):
        table = {"name": _database_name(url)}
        return bool(client.command("EXISTS TABLE {name:Identifier}.migrations", parameters=table))


def _folder_path(url: SplitResult) -> Path:
    return Path(unquote(url.netloc + url.path)).resolve()


def _open_folder(path: Path, memory_limit_bytes: int) -> Database:
    folder = Folder(path)
    try:
        folder.stamp_engine(_installed_engine())
        client = _engine_client(path, memory_limit_bytes)
        with translated(DatabaseError):
            client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE_NAME} ENGINE = Atomic")
        _enter(client)
    except BaseException:
        folder.release()
        raise
    return Database(partial(_entered_client, path, memory_limit_bytes), folder, client)


def _installed_engine() -> str:
    """Return the version of the installed engine, without opening anything."""
    # Its memory allocator reads this when it is loaded. With an arena for each core, what one insert gave back is kept there
    # while the next one takes as much anew from another.
    os.environ.setdefault("JE_MALLOC_CONF", f"percpu_arena:disabled,narenas:{_HALF_OF_CORES}")
    try:
        version: str = import_module("chdb").engine_version
    except ModuleNotFoundError:
        raise EngineMissing from None
    return version


def _engine_client(path: Path, memory_limit_bytes: int) -> Client:
    options = {
        "config-file": str(files("schemas") / "engine.xml"),
        # The engine would take nine tenths of the memory and 5 GiB of it for marks.
        "max_server_memory_usage": memory_limit_bytes,
        "mark_cache_size": memory_limit_bytes // 16,
        # And merge in 32 threads, each with a hundred megabytes of long prompts in hand.
        "background_pool_size": _HALF_OF_CORES,
        "background_merges_mutations_concurrency_ratio": 1,
    }
    with translated(DatabaseError):
        return clickhouse_connect.get_client(
            interface="chdb", path=str(path), settings=_READ_SETTINGS, chdb_options=options
        )


def _entered_client(path: Path, memory_limit_bytes: int) -> Client:
    client = _engine_client(path, memory_limit_bytes)
    _enter(client)
    return client


def _enter(client: Client) -> None:
    # The engine's own `default` is an Overlay database, in which views that refresh themselves fail.
    client.database = DATABASE_NAME


def _server_client(url: SplitResult, *, enters: bool = True) -> Client:
    """A client of the server; `enters` the database, which is made where there is none."""
    is_tls = url.scheme == "clickhouses"
    port = _port(url)
    try:
        client = clickhouse_connect.get_client(
            host=url.hostname,
            port=port,
            username=unquote(url.username or "default"),
            password=unquote(url.password or ""),
            interface="https" if is_tls else "http",
            settings=_READ_SETTINGS,
            # We keep no state in a session, and only one query at a time may run in one.
            autogenerate_session_id=False,
        )
        if enters:
            _enter_or_create(client, _database_name(url))
    except ClickHouseError as error:
        if is_unanswered(error):
            raise DatabaseUnreachable(
                f"No ClickHouse server answers at {url.hostname}:{port}. Check MOMUS_DATABASE and that the server runs."
            ) from error
        raise DatabaseRefused(f"The ClickHouse server at {url.hostname}:{port} refuses us: {sentence(error)}") from None
    return client


def _port(url: SplitResult) -> int:
    return url.port or (8443 if url.scheme == "clickhouses" else 8123)


def _database_name(url: SplitResult) -> str:
    return unquote(url.path.strip("/")) or "default"


def _enter_or_create(client: Client, name: str) -> None:
    """Make the database current; one that exists needs no right to create."""
    if not client.command("EXISTS DATABASE {name:Identifier}", parameters={"name": name}):
        client.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": name})
    client.database = name


def _sql(name_or_sql: str) -> str:
    return _file(name_or_sql) if re.fullmatch(r"[a-z_0-9]+", name_or_sql) else name_or_sql


@cache
def _file(name: str) -> str:
    return (files("schemas") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
