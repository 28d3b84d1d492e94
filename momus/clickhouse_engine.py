"""The embedded engine behind the HTTP endpoint: a few threads, a fresh connection for each statement.

At most 8 statements run at once and 64 wait. A result is at most 512 MiB as the engine measures it (a constant column
counts as one value), and a statement runs at most 300 s unless the client asks for another time. A fresh connection
costs about 2 ms and is what keeps one client's settings from another.
"""

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from momus.clickhouse_request import Question
from schemas.database import DATABASE_NAME

RESULT_LIMIT_BYTES = 512 << 20
TIME_LIMIT_S = 300
THREAD_COUNT = 8
WAITING_LIMIT = 64
_TOO_MANY_QUERIES = 202


class EngineError(Exception):
    """What the engine said against a statement, with its code."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        codes = re.findall(r"Code: (\d+)", message)
        self.code = int(codes[-1]) if codes else 1002


@dataclass(frozen=True, slots=True)
class Result:
    """What the engine returned, and how much it read for it."""

    body: bytes
    summary: Mapping[str, str]


class Engine:
    """Runs one statement at a time on each of a few threads, and refuses to queue without end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(THREAD_COUNT, "momus-clickhouse")
        self._waiting_count = 0
        with self._connection() as connection:
            self.version = connection.query("SELECT version()").bytes().decode().strip().strip('"')

    async def answer(self, read: Callable[[], Question]) -> tuple[Question, Result]:
        """Read a request and run its statement, both off the event loop.

        Raises:
            EngineError: the engine is busy or refuses the statement.
            MomusError: the request cannot be read, or is refused.
        """
        if self._waiting_count >= THREAD_COUNT + WAITING_LIMIT:
            raise EngineError(f"Code: {_TOO_MANY_QUERIES}. DB::Exception: Too many simultaneous queries.")
        self._waiting_count += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, read)
        finally:
            self._waiting_count -= 1

    def close(self) -> None:
        """Wait for what is running."""
        self._pool.shutdown()

    def _answer(self, read: Callable[[], Question]) -> tuple[Question, Result]:
        question = read()
        with self._connection() as connection:
            _run(connection, f"USE {_quoted(_database(question), '`')}")
            _run(connection, _set_statement(question))
            if question.insert is None:
                return question, _result(_run(connection, question.sql, question.format, question.parameters))
            return question, _insert(connection, question)

    @contextmanager
    def _connection(self) -> Iterator[Any]:  # Any: chdb is untyped
        # Only here: who stores in a server has no engine, or need not load it.
        connection = import_module("chdb").connect(str(self._folder))
        try:
            yield connection
        finally:
            connection.close()


def _database(question: Question) -> str:
    # Many drivers name `default` unasked; the engine's own default holds nothing.
    return DATABASE_NAME if question.database in ("", "default") else question.database


def _set_statement(question: Question) -> str:
    """Return the SET for a request: its settings, then what no client lifts."""
    wanted = {"max_execution_time": str(TIME_LIMIT_S), "session_timezone": "UTC"} | dict(question.settings)
    read_only = wanted.pop("readonly", "0")
    if question.is_read_only and read_only == "0":
        # Lets the statement have settings of its own, but does not let it undo this; ClickHouse does so for GET.
        read_only = "2"
    values = wanted | {"max_result_bytes": str(RESULT_LIMIT_BYTES), "readonly": read_only}
    return "SET " + ", ".join(f"{name} = {_quoted(value)}" for name, value in values.items())


def _insert(connection: Any, question: Question) -> Result:  # Any: chdb is untyped
    """Insert the data of a statement by way of a file: inline, the engine would take a `;` in it for an end."""
    head = question.insert
    assert head is not None
    data = question.sql[head.data_offset :]
    with tempfile.NamedTemporaryFile(prefix="momus-insert-") as file:
        file.write(data.rstrip(b"; \r\n") if head.format == "Values" else data)
        file.flush()
        source = f" FROM INFILE {_quoted(file.name)} ".encode()
        sql = head.target + source + head.settings + f" FORMAT {head.format}".encode()
        result = _result(_run(connection, sql, "TabSeparated", question.parameters))
    written = {"written_rows": result.summary["read_rows"], "written_bytes": result.summary["read_bytes"]}
    return Result(b"", {**result.summary, **written})


def _run(
    connection: Any, sql: bytes | str, format_: str = "TabSeparated", parameters: Mapping[str, str] | None = None
) -> Any:  # Any: chdb is untyped
    try:
        return connection.query(sql, format_, params=dict(parameters or {}))
    except RuntimeError as error:  # chdb.ChdbError is one
        raise EngineError(str(error)) from None


def _result(answer: Any) -> Result:  # Any: chdb is untyped
    return Result(
        answer.bytes() or b"",
        {
            "read_rows": str(answer.rows_read()),
            "read_bytes": str(answer.bytes_read()),
            "written_rows": "0",
            "written_bytes": "0",
            "total_rows_to_read": "0",
            "result_rows": str(answer.rows_read()),
            "result_bytes": str(len(answer.bytes() or b"")),
            "elapsed_ns": str(int(answer.elapsed() * 1e9)),
        },
    )


def _quoted(text: str, quote: str = "'") -> str:
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{escaped}{quote}"
