"""Every road to today's schema ends at the same place."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas import database as databases
from schemas.database import Database
from schemas.errors import DatabaseError, DatabaseTooNew
from schemas.migrate import in_order, migrate, statements

COLLECTOR_TABLES = Path(__file__).parent / "collector_tables"


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Database]:
    """A database with nothing in it."""
    with databases.open(f"chdb://{tmp_path / 'engine'}") as database:
        yield database


def make_collector_tables(database: Database) -> None:
    """Make the tables as a Collector would have, with a span in them."""
    for file in sorted(COLLECTOR_TABLES.glob("*.sql")):
        database.command(file.read_text())
    row = {"Timestamp": "1700000000.000000001", "TraceId": "old", "SpanAttributes": {"otel.scope.name": "lib"}}
    database.insert("otel_traces", [row])


def schema(database: Database) -> dict[str, str]:
    """Return how each table and view would be made anew, but for the size of granules, which no ALTER can change."""
    rows = database.query("SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase()")
    return {row["name"]: re.sub(r" index_granularity_bytes = \d+,", "", row["create_table_query"]) for row in rows}


def start_over(database: Database) -> None:
    """Drop the database and make it anew, as another folder cannot be opened in the same process."""
    database.command("DROP DATABASE momus SYNC")
    database.command("CREATE DATABASE momus ENGINE = Atomic")
    database.command("USE momus")


def test_fresh_and_migrated_databases_have_the_same_schema(bare: Database) -> None:
    """A Collector's tables, taken forward by the migrations, equal the tables that a fresh database gets."""
    assert migrate(bare) == []
    fresh = schema(bare)
    start_over(bare)
    make_collector_tables(bare)
    assert migrate(bare) == sorted(statements("migrations"))
    assert schema(bare) == fresh


@pytest.mark.parametrize(
    ("migration", "table"),
    [
        ("0005_add_reading_state_to_conversations", "conversation_log"),
        ("0006_add_what_models_cost_to_runs", "run_log"),
    ],
)
def test_a_table_of_an_earlier_momus_gets_the_columns_it_lacks(bare: Database, migration: str, table: str) -> None:
    """Without what a migration adds, and without the record of it, a database comes to today's schema all the same."""
    migrate(bare)
    fresh = schema(bare)
    for column in re.findall(r"ADD COLUMN IF NOT EXISTS (\w+)", statements("migrations")[migration]):
        bare.command(f"ALTER TABLE {table} DROP COLUMN {column}")
    bare.command(f"DELETE FROM migrations WHERE name = '{migration}'")
    assert schema(bare)[table] != fresh[table]
    assert migrate(bare) == [migration]
    assert schema(bare) == fresh


def test_rows_of_an_older_database_are_kept(bare: Database) -> None:
    """A span from before the migration is still there, with defaults in what is new; new inserts are told apart."""
    make_collector_tables(bare)
    migrate(bare)
    (row,) = bare.query("SELECT TraceId, Tenant, Segment, ScopeName, AttributeTypes FROM otel_traces")
    assert row == {"TraceId": "old", "Tenant": "", "Segment": "", "ScopeName": "", "AttributeTypes": {}}
    for _ in range(2):
        bare.insert("otel_traces", [{"Timestamp": "1700000000.000000001", "TraceId": "new"}], token="1/otel_traces")
    assert bare.query("SELECT count() AS n FROM otel_traces") == [{"n": 2}]


def test_migrating_again_does_nothing(bare: Database) -> None:
    """A second start finds all migrations recorded, and the schema as it was."""
    make_collector_tables(bare)
    migrate(bare)
    before = schema(bare)
    assert migrate(bare) == []
    assert schema(bare) == before
    assert [row["name"] for row in bare.query("applied_migrations")] == sorted(statements("migrations"))


def test_a_migration_that_died_half_way_is_finished(bare: Database) -> None:
    """Where the first migration was run but not recorded, the next start goes on without harm."""
    migrate(bare)
    expected = schema(bare)
    start_over(bare)
    make_collector_tables(bare)
    bare.command(statements("migrations")["0001_adopt_collector_traces"])
    migrate(bare)
    assert schema(bare) == expected


def test_several_processes_may_start_at_once(bare: Database) -> None:
    """Four starters side by side all succeed, and leave today's schema."""
    failures: list[BaseException] = []

    def start() -> None:
        try:
            with bare.clone() as database:
                migrate(database)
        except DatabaseError as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert statements("tables").keys() | statements("views").keys() == schema(bare).keys()


def test_a_newer_database_is_refused(bare: Database) -> None:
    """A database that has seen a migration we do not know is left alone."""
    migrate(bare)
    bare.insert("migrations", [{"name": "9999_from_the_future"}])
    with pytest.raises(DatabaseTooNew, match="9999_from_the_future"):
        migrate(bare)


def test_the_collector_can_write_our_tables(bare: Database) -> None:
    """An INSERT with the exporter's column list alone is accepted, and the trace lookup is fed."""
    migrate(bare)
    bare.command(
        "INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName,"
        " ResourceAttributes, ScopeName, ScopeVersion, SpanAttributes, Duration, StatusCode, StatusMessage,"
        " Events.Timestamp, Events.Name, Events.Attributes, Links.TraceId, Links.SpanId, Links.TraceState,"
        " Links.Attributes) VALUES (toDateTime64(1, 9), 'aa', 'b', '', '', 'n', 'Client', 's', map('k', 'v'), 'l', '1',"
        " map(), 5, 'Ok', '', [toDateTime64(1, 9)], ['e'], [map('a', 'b')], [], [], [], [])"
    )
    bare.command(
        "INSERT INTO otel_logs (Timestamp, TraceId, SpanId, TraceFlags, SeverityText, SeverityNumber, ServiceName, Body,"
        " ResourceSchemaUrl, ResourceAttributes, ScopeSchemaUrl, ScopeName, ScopeVersion, ScopeAttributes, LogAttributes,"
        " EventName) VALUES (toDateTime64(1, 9), 'aa', 'b', 1, 'INFO', 9, 's', 'x', '', map(), '', '', '', map(), map(), '')"
    )
    assert bare.query("SELECT TraceId, SpanAttributeItems FROM otel_traces") == [
        {"TraceId": "aa", "SpanAttributeItems": []}
    ]
    assert bare.query("SELECT TraceId FROM otel_traces_trace_id_ts") == [{"TraceId": "aa"}]
    assert bare.query("SELECT Flags FROM otel_logs") == [{"Flags": 1}]


def test_every_append_table_recognises_a_repeated_insert() -> None:
    """Each MergeTree table keeps a window of insert tokens; without one, a retry would double its rows."""
    for name, sql in statements("tables").items():
        if "MergeTree" in sql and name != "migrations":
            assert "non_replicated_deduplication_window = 10000" in sql, name


@pytest.mark.parametrize("kind", ["tables", "views", "migrations"])
def test_every_file_says_which_question_it_answers(kind: str) -> None:
    """The first line of every statement is a comment; a table's or view's file has its name."""
    for name, sql in statements(kind).items():
        assert sql.startswith("-- "), name
        if kind != "migrations":
            assert name in sql.split("\n")[1], name


def test_views_are_made_after_those_they_read() -> None:
    """Order follows FROM, JOIN and TO, not names, and comments do not count."""
    sql = {
        "a": "-- FROM c\nCREATE VIEW a AS SELECT * FROM b JOIN d USING x",
        "b": "CREATE VIEW b AS SELECT * FROM\n    c",
        "c": "CREATE TABLE c",
        "d": "CREATE VIEW d AS SELECT c FROM elsewhere",
    }
    order = in_order(sql)
    assert order.index("c") < order.index("b") < order.index("a")
    assert order.index("d") < order.index("a")
