"""A rebuild gives exactly what ingest gave, from our tables or from those of a stock Collector."""

from typing import Any

import pytest

from collector_plugin.dialects import read_span
from momus.reflatten import DERIVED, reflatten
from schemas.database import Database
from schemas.errors import BadQuery
from schemas.records import Span
from schemas.rows import batch_rows, span_row

START_NS = 1_790_000_000_123_456_789


def spans(count: int) -> list[Span]:
    return [
        Span(
            trace_id=f"{number:032x}",
            span_id=f"{number:016x}",
            name="chat m",
            start_ns=START_NS + number * 700_000_000,  # over more than an hour, some at the end of a second
            end_ns=START_NS + number * 700_000_000 + 5,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.conversation.id": f"c{number % 7}",
                "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"type":"text","content":"question {number}"}}]}}]',
            },
        )
        for number in range(1, count + 1)
    ]


def ingest(database: Database, stored: list[Span]) -> None:
    database.insert("otel_traces", [span_row(span, "segment-1", START_NS) for span in stored], token="a")
    for table, rows in batch_rows(
        (record for span in stored for record in read_span(span)), "segment-1", START_NS
    ).items():
        database.insert(table, rows, token=f"a/{table}")


def content(database: Database, table: str) -> list[dict[str, Any]]:
    return database.query(f"SELECT * EXCEPT (received_ns, written_ns, segment) FROM {table} ORDER BY ALL")


def test_a_rebuild_of_our_own_tables_changes_nothing(store: Database) -> None:
    """Every derived row comes back as it was, over several pages and hours; nothing is lost at their edges."""
    ingest(store, spans(6_000))
    before = {table: content(store, table) for table in DERIVED if "messag" not in table}
    counts: list[tuple[int, int]] = []
    done = reflatten(store, on_progress=lambda count, total: counts.append((count, total)))
    assert (done.span_count, done.log_count, done.unreadable_count) == (6_000, 0, 0)
    assert counts[-1] == (6_000, 6_000)
    assert {table: content(store, table) for table in before} == before
    assert store.query("SELECT uniqExact(hash) AS n FROM message_bodies") == [{"n": 6_000}]


def test_a_rebuild_puts_right_what_an_older_reading_got_wrong(database: Database) -> None:
    """Rows that today's dialects would not make are gone afterwards."""
    ingest(database, spans(3))
    database.command("ALTER TABLE span_facts UPDATE conversation_id = 'wrong' WHERE 1 SETTINGS mutations_sync = 2")
    reflatten(database)
    assert database.query("SELECT count() AS n FROM span_facts WHERE conversation_id = 'wrong'") == [{"n": 0}]


def test_what_came_in_many_segments_is_stored_in_one_part(database: Database) -> None:
    """An insert for each of them would take minutes, and a server refuses them when it cannot merge as fast."""
    received = [span_row(span, f"segment-{span.span_id}", START_NS) for span in spans(300)]
    database.insert("otel_traces", received, token="many")
    reflatten(database)
    for table in ("span_facts", "message_bodies"):
        (blocks,) = database.query(
            "SELECT max(max_block_number) AS inserts FROM system.parts "
            "WHERE database = currentDatabase() AND table = {table:String} AND active",
            table=table,
        )
        assert blocks == {"inserts": 1}
    assert database.query("SELECT uniqExact(segment) AS n FROM span_facts") == [{"n": 300}]


def test_a_rebuild_that_died_while_tables_changed_places_is_put_right_by_the_next(database: Database) -> None:
    """Some tables are new and some old then; the next rebuild makes all anew from the source."""
    ingest(database, spans(3))
    database.command("CREATE TABLE span_facts_rebuild AS span_facts")
    database.command("exchange_tables", one="span_facts_rebuild", other="span_facts")
    reflatten(database)
    for table in ("span_facts", "message_bodies"):
        assert database.query(f"SELECT count() AS n FROM {table}") == [{"n": 3}]


FOREIGN = """
CREATE TABLE {name} (
    Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
    SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
    ResourceAttributes Map(LowCardinality(String), String), SpanAttributes Map(LowCardinality(String), String),
    Duration Int64, StatusCode LowCardinality(String), StatusMessage String,
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String))
) ENGINE = MergeTree ORDER BY (ServiceName, Timestamp)
"""


def test_tables_that_a_stock_collector_wrote_are_read_the_same(database: Database) -> None:
    """An old exporter has no scope columns, signed durations and long enum names."""
    database.command("DROP TABLE IF EXISTS foreign_traces SYNC")
    database.command(FOREIGN.format(name="foreign_traces"))
    database.command(
        "INSERT INTO foreign_traces SELECT toDateTime64('2026-11-01 10:00:00.5', 9), repeat('a', 32), repeat('b', 16), '', '', 'chat m', "
        "'SPAN_KIND_CLIENT', 'shop', map(), map('gen_ai.operation.name', 'chat', 'gen_ai.conversation.id', 'k', "
        "'gen_ai.input.messages', '[{\"role\":\"user\",\"content\":\"hi\"}]'), 5, 'STATUS_CODE_ERROR', 'slow', [], [], [], [], [], [], []"
    )
    done = reflatten(database, traces="foreign_traces")
    database.command("DROP TABLE foreign_traces SYNC")
    assert done.span_count == 1
    (facts,) = database.query("SELECT dialect, conversation_id, status, service_name FROM span_facts")
    assert facts == {"dialect": "otel_genai", "conversation_id": "k", "status": "error", "service_name": "shop"}
    assert database.query("SELECT content FROM message_bodies") == [{"content": "hi"}]


def test_a_table_that_is_not_there_is_named(database: Database) -> None:
    """And nothing is touched."""
    ingest(database, spans(2))
    with pytest.raises(BadQuery, match="nowhere"):
        reflatten(database, traces="nowhere")
    assert database.query("SELECT count() AS n FROM span_facts") == [{"n": 2}]
