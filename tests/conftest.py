"""A database to test against: the embedded engine itself, and the same engine over HTTP."""

from collections.abc import Iterator

import pytest

from momus.clickhouse_http import ClickHouseHttp, serve
from schemas import database as databases
from schemas.database import Database
from schemas.migrate import migrate


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An embedded database with today's schema; closed after the module, as a process can open one folder at a time."""
    with databases.open(f"chdb://{tmp_path_factory.mktemp('engine')}") as database:
        migrate(database)
        yield database


@pytest.fixture(scope="module")
def endpoint(engine: Database) -> Iterator[ClickHouseHttp]:
    """The module's database, answering ClickHouse's HTTP interface on a free port."""
    assert engine.folder is not None
    server = serve(engine.folder, "127.0.0.1:0")
    yield server
    server.stop()


@pytest.fixture
def database(engine: Database) -> Database:
    """The module's database without rows."""
    empty(engine)
    return engine


@pytest.fixture(params=["embedded", "over HTTP"])
def store(request: pytest.FixtureRequest, database: Database, endpoint: ClickHouseHttp) -> Iterator[Database]:
    """The module's database without rows, once from within and once as any other client reaches it."""
    if request.param == "embedded":
        yield database
        return
    with databases.open(f"clickhouse://{endpoint.address}/momus") as client:
        yield client


def empty(database: Database) -> None:
    """Delete all rows but the record of migrations."""
    tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    for row in database.query(f"{tables} AND name != 'migrations'"):
        database.command(f"TRUNCATE TABLE {row['name']}")
