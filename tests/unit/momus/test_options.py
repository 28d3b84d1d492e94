"""A command that reads makes nothing, and says where else to look."""

from pathlib import Path

import pytest

from momus.clickhouse_http import ClickHouseHttp
from momus.doctor import examine
from momus.options import DEMO_DATABASE, command_line, opened_database, settings_of
from schemas.database import Database
from schemas.errors import NotFound, SettingsError
from schemas.folder import Folder


def names(database: Database) -> set[str]:
    return {row["name"] for row in database.query("SHOW DATABASES")}


def test_a_mistyped_database_of_a_server_is_not_made(engine: Database, endpoint: ClickHouseHttp) -> None:
    """Neither by a command that reads nor by a look at its health; and no table is put into one that holds others'."""
    for name in ("nodb", "default"):
        settings = settings_of(f"clickhouse://me:secret@{endpoint.address}/{name}")
        before = names(engine)
        with (
            pytest.raises(NotFound, match=f"no momus database at {endpoint.address}/{name}"),
            opened_database(settings),
        ):
            pass
        assert f"no momus database at {endpoint.address}/{name}" in examine(settings, now_ns=0, hours=1.0).hints[0]
        assert names(engine) == before
    assert engine.query("SELECT name FROM system.tables WHERE database = 'default' AND name = 'migrations'") == []


def test_a_database_that_is_there_is_read(engine: Database, endpoint: ClickHouseHttp) -> None:
    """The same check lets it pass."""
    with opened_database(settings_of(f"clickhouse://{endpoint.address}/momus")) as opened:
        assert opened.query("applied_migrations")


def test_a_missing_folder_is_not_made_and_the_demo_beside_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a demo it says how to start; with one, which option reads it."""
    monkeypatch.chdir(tmp_path)
    settings = settings_of(f"chdb://{tmp_path}/missing")
    with pytest.raises(NotFound, match="momus serve") as told, opened_database(settings):
        pass
    assert "demo" not in str(told.value)
    assert not list(tmp_path.iterdir())
    Folder(tmp_path / "demo-data" / "database").release()  # opened once, as the demo does
    with pytest.raises(NotFound, match=f"-d {DEMO_DATABASE}"), opened_database(settings):
        pass


def test_a_dsn_that_cannot_be_read_is_shown_unless_it_may_hold_a_password() -> None:
    """What was typed helps to see the mistake; a secret does not belong on a screen."""
    with pytest.raises(SettingsError, match="not 'foo'"), opened_database(settings_of("foo")):
        pass
    with pytest.raises(SettingsError) as told, opened_database(settings_of("clickhouse:/me:secret@host/db")):
        pass
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("program", "found", "shown"),
    [("/here/.venv/bin/momus", None, ".venv/bin/momus"), ("/usr/bin/momus", "/usr/bin/momus", "momus")],
)
def test_a_command_to_type_next_is_called_as_momus_was(
    monkeypatch: pytest.MonkeyPatch, program: str, found: str | None, shown: str
) -> None:
    """By its path where the shell would not find it, and on the same database, quoted for the shell."""
    monkeypatch.setattr("sys.argv", [program])
    monkeypatch.setattr("shutil.which", lambda name: found)
    monkeypatch.setattr("os.getcwd", lambda: "/here")
    assert command_line("show 1") == f"{shown} show 1"
    assert command_line("show", "chdb://a b") == f"{shown} show -d 'chdb://a b'"
