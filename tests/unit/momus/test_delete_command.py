"""`momus delete` counts, asks, and says what it cannot reach."""

import fcntl
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from momus.delete_command import run_deletion
from momus.spooled import remains, wait_written
from schemas.database import Database
from schemas.errors import SettingsError
from schemas.records import MessageBody, SpanFacts
from schemas.rows import batch_rows
from schemas.settings import Settings

TALK = SpanFacts("a" * 32, "b" * 16, "test", "llm", 1_790_000_000 * 10**9, conversation_id="c", input=(MessageBody("user", "Hi"),))  # fmt: skip


def command(database: Database, settings: Settings, answer: str, **said: object) -> tuple[int, str]:
    """The exit code and output of the command when a person answers its question so."""
    app = typer.Typer()

    @app.command()
    def delete() -> None:
        chosen: dict[str, object] = {
            "conversation_id": "", "trace_id": "", "user_id": "", "tenant": None,
            "is_dry_run": False, "is_sure": False, "as_json": False,
        } | said  # fmt: skip
        run_deletion(database, settings, **chosen)  # type: ignore[arg-type]  # a test's choice of all of them

    done = CliRunner().invoke(app, input=answer)
    if isinstance(done.exception, SettingsError):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture
def talked(database: Database) -> Database:
    """One conversation."""
    for table, rows in batch_rows([TALK], "segment", 1).items():
        database.insert(table, rows)
    return database


def count(database: Database) -> int:
    """Stored facts."""
    return int(database.query("SELECT count() AS n FROM span_facts")[0]["n"])


def test_nothing_goes_without_a_yes(talked: Database, tmp_path: Path) -> None:
    """Neither on no, nor in a dry run, nor where nobody answers."""
    settings = Settings(spool=tmp_path)
    for answer in ("n\n", ""):
        assert command(talked, settings, answer, conversation_id="c")[0] == 1
    assert command(talked, settings, "", conversation_id="c", is_dry_run=True)[0] == 0
    assert count(talked) == 1
    assert command(talked, settings, "y\n", conversation_id="c")[0] == 0
    assert count(talked) == 0


@pytest.mark.parametrize("said", [{}, {"conversation_id": "c", "user_id": "u"}])
def test_exactly_one_thing_is_named(talked: Database, tmp_path: Path, said: dict[str, object]) -> None:
    """All or two at once is a mistake."""
    with pytest.raises(SettingsError, match="Name one of"):
        command(talked, Settings(spool=tmp_path), "y\n", **said)


def test_what_is_elsewhere_is_said(tmp_path: Path) -> None:
    """Segments that wait, that are kept, and that were set aside, each with what to do."""
    settings = Settings(spool=tmp_path)
    assert remains(settings) == []
    for name in ("1-a.segment", "written/2-b.segment", "aside/3-c.segment"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    waiting, kept, aside = remains(settings)
    assert waiting.startswith(f"1 segments wait in {tmp_path} ")
    assert str(tmp_path / "written") in kept
    assert str(tmp_path / "aside") in aside


def test_only_a_running_collector_is_waited_for(tmp_path: Path) -> None:
    """Segments that nobody writes are told at once; those of a collector for as long as was asked."""
    assert wait_written(tmp_path, 10)
    (tmp_path / "1-a.segment").touch()
    assert not wait_written(tmp_path, 10)
    with (tmp_path / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert not wait_written(tmp_path, 0.2)
