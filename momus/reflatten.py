"""Rebuild everything that dialects read, from the spans and log records as they were received.

A mended dialect is a re-run. The source is `otel_traces` and `otel_logs`: ours, or those that a stock OpenTelemetry
Collector wrote into the same ClickHouse. New tables are made beside the old ones and change places with them at the end,
each at once, all seven within moments: a reader in between may see some old and some new. A run that dies before that
leaves all as it was; one that dies right then is put right by the next.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from collector_plugin.dialects import read_log, read_span
from schemas.database import Database, Row
from schemas.errors import BadQuery
from schemas.migrate import statements
from schemas.records import Record
from schemas.rows import batch_rows, log_from_row, span_from_row

DERIVED = (
    "span_facts",
    "message_bodies",
    "tool_definitions",
    "tool_executions",
    "retrievals",
    "exceptions",
    "feedback",
)
PAGE_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Reflattened:
    """What a rebuild read and wrote."""

    span_count: int
    log_count: int
    row_count: int
    unreadable_count: int


def reflatten(
    database: Database,
    *,
    traces: str = "otel_traces",
    logs: str = "otel_logs",
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reflattened:
    """Rebuild the derived tables from two source tables, `table` or `database.table`.

    Nothing else may write to the derived tables meanwhile: stop the collectors first, their spool keeps what arrives.

    Raises:
        BadQuery: a source table is not there or has not the columns of the Collector's exporter.
    """
    rebuild = _Rebuild(database)
    sources = [(traces, "spans"), (logs, "logs")]
    totals = [_count(database, table) for table, _ in sources]
    rebuild.begin()
    counts: list[int] = []
    for (table, kind), total in zip(sources, totals, strict=True):
        done = 0
        for page in _pages(database, table):
            rebuild.add(page, kind)
            done += len(page)
            on_progress(sum(counts) + done, sum(totals))
        counts.append(total)
    rebuild.finish()
    return Reflattened(counts[0], counts[1], rebuild.row_count, rebuild.unreadable_count)


class _Rebuild:
    """The new tables in the making."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._name = f"reflatten-{time.time_ns()}"
        self._received_ns = time.time_ns()  # the analyzer takes what was read anew for newly received
        self._page = 0
        self.row_count = 0
        self.unreadable_count = 0

    def begin(self) -> None:
        ddl = statements("tables")
        for table in DERIVED:
            self._database.command("drop_table", name=_new(table))
            # a table's name in CREATE TABLE cannot be a parameter; both names are constants of ours
            self._database.command(ddl[table].replace(f"EXISTS {table}\n", f"EXISTS {_new(table)}\n", 1))

    def add(self, page: Iterable[Row], kind: str) -> None:
        segments: dict[str, list[Record]] = {}
        for row in page:
            segments.setdefault(row.get("Segment", ""), []).extend(self._read(row, kind))
        tables: dict[str, list[Row]] = defaultdict(list)
        for segment, records in segments.items():
            for table, rows in batch_rows(records, segment, self._received_ns).items():
                tables[table].extend(rows)
        # One insert for all segments: each is a part, and a page of a quiet hour may come from a thousand segments.
        self._page += 1
        for table, rows in tables.items():
            self.row_count += self._database.insert(_new(table), rows, token=f"{self._name}/{self._page}/{table}")

    def _read(self, row: Row, kind: str) -> list[Record]:
        try:
            return read_span(span_from_row(row)) if kind == "spans" else read_log(log_from_row(row))
        except Exception:  # noqa: BLE001  # one bad row costs only itself; it stays in the source and is counted
            self.unreadable_count += 1
            return []

    def finish(self) -> None:
        for table in DERIVED:
            self._database.command("exchange_tables", one=_new(table), other=table)
        for table in DERIVED:
            self._database.command("drop_table", name=_new(table))


def _new(table: str) -> str:
    return f"{table}_rebuild"


def _pages(database: Database, table: str) -> Iterator[list[Row]]:
    """The table's rows in order of time, an hour after the other, so that no page has to be sorted out of all rows."""
    place = _place(database, table)
    for hour in database.query("source_hours", **place):
        for offset in range(0, hour["row_count"], PAGE_ROWS):
            yield database.query("source_page", **place, hour=hour["hour"], limit=PAGE_ROWS, offset=offset)


def _count(database: Database, table: str) -> int:
    try:
        return sum(hour["row_count"] for hour in database.query("source_hours", **_place(database, table)))
    except BadQuery:
        raise BadQuery(
            f"There is no table of spans or log records called {table}. Name them with --traces-from and --logs-from."
        ) from None


def _place(database: Database, table: str) -> dict[str, str]:
    of, _, name = table.rpartition(".")
    return {"of": of or str(database.query("current_database")[0]["name"]), "name": name}
