"""Bring rows of a segment into their tables, each exactly once.

    insert, token segment/table/block ─▶ count the rows of the segment, table by table ─▶ all there: done
                                                 │ not what it must be
                                                 ▼
                     take the segment's rows out of that table, insert again under a new token, count again

The token makes a repeated insert do nothing, but its log is not synced with the data, so it can remember rows that are
gone. Therefore the count decides, and a repair never relies on a token that was used before.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from collector_plugin.batch import Block
from collector_plugin.spool.segment_format import StoredRequest
from schemas.database import Database
from schemas.errors import DatabaseError
from schemas.rows import CONTENT_TABLES

log = logging.getLogger(__name__)

REPAIR_LIMIT = 2

Blocks = Callable[[], Iterable[Block]]


class SegmentUnverified(DatabaseError):
    """The database does not hold the rows of a segment although it accepted them; see its log for parts it dropped."""


@dataclass(slots=True)
class Written:
    """What writing one segment came to."""

    row_counts: Counter[str] = field(default_factory=Counter)
    dialects: Counter[str] = field(default_factory=Counter)
    unknown_spans: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_count: int = 0
    lost: list[StoredRequest] = field(default_factory=list)
    repaired_tables: list[str] = field(default_factory=list)
    insert_durations_s: list[float] = field(default_factory=list)


def write(
    database: Database, segment: str, blocks: Blocks, *, before_repair: Callable[[], None] = lambda: None
) -> Written:
    """Bring rows of a segment into every table exactly once, whatever an earlier attempt left there.

    Args:
        database: where to.
        segment: the name that the rows carry.
        blocks: yields the rows, the same in the same blocks on every call.
        before_repair: called before rows are taken out of a table, which the engine does only while it may merge.

    Raises:
        DatabaseError: the database refused, or a table does not hold what it must after a repair. Call again.
    """
    written = Written()
    for number, block in enumerate(blocks()):
        for table, rows in block.tables.items():
            begun_s = time.monotonic()
            database.insert(table, rows, token=_token(segment, table, number))
            written.insert_durations_s.append(time.monotonic() - begun_s)
        _add_up(written, block)
    for _ in range(REPAIR_LIMIT):
        wrong = _wrong_tables(database, segment, written)
        if not wrong:
            return written
        before_repair()
        _repair(database, segment, blocks, wrong)
        written.repaired_tables += wrong
    if wrong := _wrong_tables(database, segment, written):
        raise SegmentUnverified(f"Segment {segment} cannot be verified in {', '.join(wrong)}.")
    return written


def _token(segment: str, table: str, number: int) -> str:
    if table in CONTENT_TABLES:
        # Repeating is harmless here and counting impossible, so no insert may ever be taken for a repeated one.
        return f"{segment}/{table}/{number}/{secrets.token_hex(8)}"
    return f"{segment}/{table}/{number}"


def _add_up(written: Written, block: Block) -> None:
    written.row_counts.update({table: len(rows) for table, rows in block.tables.items()})
    written.dialects.update(block.dialects)
    written.unknown_spans.update(block.unknown_spans)
    written.unread_count += block.unread_count
    written.lost += block.lost


def _wrong_tables(database: Database, segment: str, written: Written) -> list[str]:
    return [
        table
        for table, expected in written.row_counts.items()
        if table not in CONTENT_TABLES and _count(database, segment, table) != expected
    ]


def _count(database: Database, segment: str, table: str) -> int:
    rows = database.query("count_segment_rows", table=table, column=_segment_column(table), segment=segment)
    return int(rows[0]["row_count"])


def _repair(database: Database, segment: str, blocks: Blocks, tables: Sequence[str]) -> None:
    log.warning("segment %s is not whole in %s; writing it there anew", segment, ", ".join(tables))
    for table in tables:
        database.command("delete_segment_rows", table=table, column=_segment_column(table), segment=segment)
    attempt = secrets.token_hex(8)
    for number, block in enumerate(blocks()):
        for table in tables:
            database.insert(table, block.tables.get(table, ()), token=f"{segment}/{table}/{number}/{attempt}")


def _segment_column(table: str) -> str:
    # The tables that the OpenTelemetry Collector also writes have its style of names.
    return "Segment" if table.startswith("otel_") else "segment"
