"""Rows into the embedded engine while they are made: it reads one piece in a thread of its own as the next is being made.

The driver inserts only what is there as a whole, and by way of a file. So this speaks to the engine itself.
"""

from collections.abc import Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path

from schemas.as_json import JsonStream
from schemas.errors import DatabaseError
from schemas.translated import sentence


def insert_stream(folder: Path, table: str, rows: JsonStream, settings: Mapping[str, object]) -> None:
    """Store rows as one INSERT into a folder that this process has open; none where making them or the engine fails.

    Args:
        folder: of the embedded engine.
        table: with the name of its database.
        rows: to be made.
        settings: of the engine, for this statement.

    Raises:
        DatabaseError: nothing, or all but views that depend on the table, is stored.
    """
    columns = ", ".join(f"`{name}`" for name in rows.columns)
    chosen = ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items())
    statement = f"INSERT INTO {table} ({columns}) SETTINGS {chosen}"
    try:
        # What went wrong in one insert must not stay with a connection; a new one costs a millisecond.
        with (
            closing(import_module("chdb").connect(str(folder))) as connection,
            connection.send_insert(statement, "JSONCompactEachRow") as insert,
        ):
            for piece in rows.pieces():
                insert.append(piece)
            insert.finish()
    except RuntimeError as error:
        raise DatabaseError(sentence(error)) from None


def _quoted(value: object) -> str:
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
