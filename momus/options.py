"""What all commands share: their common options, and the way from an option to an open database."""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from schemas import settings as settings_module
from schemas.errors import NotFound
from schemas.settings import Settings

DEMO_DATABASE = "chdb://demo-data/database"  # where `momus demo` leaves it

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", "-d", metavar="DSN", help="chdb:///folder or clickhouse://user:password@host:port/database.", show_default="MOMUS_DATABASE, else ./momus-data"),
]  # fmt: skip
InsecureOption = Annotated[
    bool,
    typer.Option("--insecure", help="Listen beyond loopback without keys.", show_default="MOMUS_INSECURE, else no"),
]
TenantOption = Annotated[str | None, typer.Option(help="Only this tenant's.", show_default="all")]
ServiceOption = Annotated[str, typer.Option(help="Only this service.name.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def command_line(rest: str, database: str | None = None) -> str:
    """Return a command to type next: momus as it can be called here, on the database that was named."""
    program = Path(sys.argv[0])
    is_found = shutil.which("momus") or program.name != "momus"
    name = "momus" if is_found else os.path.relpath(program)
    return f"{name} {rest}" + (f" -d {shlex.quote(database)}" if database else "")


def settings_of(database: str | None, *, insecure: bool = False) -> Settings:
    said = {"database": database, "insecure": insecure}
    return settings_module.load(**{name: value for name, value in said.items() if value})


@contextmanager
def opened_database(settings: Settings) -> Iterator[Any]:  # Database; imported late, the driver takes half a second
    """The database to read or analyse: opened, or reached through the `momus serve` that has it open."""
    from schemas import database as store
    from schemas.migrate import migrate

    if not store.is_there(settings.database):
        raise NotFound(_not_there(settings))
    with store.open_or_connect(settings.database, memory_limit_bytes=settings.engine_memory_limit_bytes) as opened:
        migrate(opened)
        yield opened


def _not_there(settings: Settings) -> str:
    from schemas import database as store

    where = f"There is no momus database at {store.place(settings.database)}. "
    if not settings.database.startswith("chdb:"):
        return (
            f"{where}`momus serve` and `momus collect` make one, `momus reflatten` makes one of a Collector's tables."
        )
    if store.is_there(DEMO_DATABASE):
        return f"{where}The demo's is here: add `-d {DEMO_DATABASE}`, or start your own with `momus serve`."
    return (
        f"{where}Start one with `momus serve`, or name another with --database; "
        f"clickhouse://{settings.clickhouse_address}/momus is that of a momus that serves elsewhere on this machine."
    )


def print_json(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.buffer.flush()
