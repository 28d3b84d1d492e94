"""What is meant for one database never waits in the spool of another."""

from pathlib import Path

import pytest

from schemas.settings import load


@pytest.mark.parametrize(
    ("database", "spool"),
    [
        ("chdb:///data/momus/database", "/data/momus/spool"),
        ("chdb:///data/one", "/data/one-spool"),
        ("clickhouse://u:p@host:8123/momus", str(Path("momus-data/spool").resolve())),
    ],
)
def test_the_spool_lies_beside_the_embedded_database(database: str, spool: str) -> None:
    """Two databases in two folders have two spools, wherever momus is started."""
    assert load(database=database).spool == Path(spool)
    assert load(database=database, spool="/elsewhere").spool == Path("/elsewhere")
