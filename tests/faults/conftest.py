"""A stand-in for a ClickHouse server, and what stands between it and a collector."""

from collections.abc import Iterator
from itertools import count

import pytest

from schemas import database as databases
from schemas.database import Database
from tests.faults.database_proxy import DatabaseProxy
from tests.faults.processes import Child

NUMBERS = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """A database server in a process of its own."""
    server = Child("database_process.py", str(tmp_path_factory.mktemp("server")))
    yield server
    server.kill()


@pytest.fixture
def proxy(server: Child) -> Iterator[DatabaseProxy]:
    """The only way from a collector to the server, to a database there that is empty yet."""
    proxy = DatabaseProxy(server.said["port"], f"faults_{next(NUMBERS)}")
    yield proxy
    proxy.close()


@pytest.fixture
def database(proxy: DatabaseProxy) -> Iterator[Database]:
    """The same database, for the test itself."""
    with databases.open(proxy.direct_dsn) as database:
        yield database
