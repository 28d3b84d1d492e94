"""Bring a database to today's schema, from nothing or from any earlier one.

    ddl/tables/<name>.sql            a table as it is today: the truth to read
    ddl/migrations/NNNN_<name>.sql   one statement that takes a table of an older database there; forward only
    ddl/views/<name>.sql             a view; made anew every time

A table that is missing is made as it reads today; a table that is there is taken forward by the migrations which the
database has not seen. Version zero is a database whose tables the OpenTelemetry Collector made. Every statement does
nothing where its work is done already, so that several processes may start at once and one may die half way.
"""

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from importlib.resources import files

from schemas.database import Database
from schemas.errors import DatabaseTooNew

_READS = re.compile(r"\b(?:FROM|JOIN|TO|IN)\s+(\w+)", re.IGNORECASE)


def migrate(database: Database) -> list[str]:
    """Bring the database to today's schema and return the names of the migrations that were run.

    Raises:
        DatabaseTooNew: a newer momus has migrated the database.
        DatabaseError: a statement failed; what was done stays, and the next call goes on from there.
    """
    tables, migrations = statements("tables"), statements("migrations")
    is_fresh = not {row["name"] for row in database.query("table_names")} & tables.keys()
    for name in in_order(tables):
        database.command(tables[name])
    seen = {row["name"] for row in database.query("applied_migrations")}
    if unknown := sorted(seen - migrations.keys()):
        raise DatabaseTooNew(f"The database has seen {unknown[-1]}, which this momus does not know. Upgrade momus.")
    unseen = [name for name in sorted(migrations) if name not in seen]
    for name in unseen:
        if not is_fresh:
            database.command(migrations[name])
        database.insert("migrations", [{"name": name}])
    recreate_views(database)
    return [] if is_fresh else unseen


def recreate_views(database: Database) -> None:
    """Make every view as it reads today, those that others read from first."""
    views = statements("views")
    for name in in_order(views):
        database.command(views[name])


def statements(kind: str) -> dict[str, str]:
    """Return the SQL of `tables`, `views` or `migrations` by name."""
    folder = files("schemas") / "ddl" / kind
    return {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    }


def in_order(sql: Mapping[str, str]) -> list[str]:
    """Return the names so that each comes after those it reads from or writes to."""
    graph = {
        name: [other for other in _READS.findall(_without_comments(text)) if other in sql and other != name]
        for name, text in sql.items()
    }
    return list(TopologicalSorter(graph).static_order())


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text)
