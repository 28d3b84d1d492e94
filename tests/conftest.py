"""A database to test against: the embedded engine itself."""

from collections.abc import Iterator

import pytest

from schemas import database as databases
from schemas.database import Database
from schemas.migrate import migrate


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An embedded database with today's schema; closed after the module, as a process can open one folder at a time."""
    with databases.open(f"chdb://{tmp_path_factory.mktemp('engine')}") as database:
        migrate(database)
        yield database


@pytest.fixture
def database(engine: Database) -> Database:
    """The module's database without rows."""
    empty(engine)
    return engine


def empty(database: Database) -> None:
    """Delete all rows but the record of migrations."""
    tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    for row in database.query(f"{tables} AND name != 'migrations'"):
        database.command(f"TRUNCATE TABLE {row['name']}")
