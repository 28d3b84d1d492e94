"""Writes closed segments to the database, each exactly once into every table.

    insert, token segment/table/block ─▶ count the rows of the segment, table by table ─▶ all there: remove the segment
                                                 │ not what it must be
                                                 ▼
                     take the segment's rows out of that table, insert again under a new token, count again

The token makes a repeated insert do nothing, but its log is not synced with the data, so it can remember rows that are
gone. Therefore the count decides, and a repair
never relies on a token that was used before. Nothing else needs to be remembered: a segment that is still there is the
intent, one that is gone is done, and after a crash the same steps lead to the same rows.

The database being down or slow costs nothing but time: it is tried for ever, and the spool refuses requests when it is
full. A segment that fails although others succeed is at fault itself; after three such failures it is set aside.
"""

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from collector_plugin.batch import Block, blocks
from collector_plugin.metrics import Histogram
from collector_plugin.spool.segment import Segment
from collector_plugin.spool.segment_format import StoredRequest
from collector_plugin.spool.spool import Spool
from schemas.database import Database
from schemas.errors import DatabaseError, DatabaseUnreachable
from schemas.rows import CONTENT_TABLES

log = logging.getLogger(__name__)

POLL_S = 0.2
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
STRIKE_LIMIT = 3
REPAIR_LIMIT = 2
UNKNOWN_SPANS_LIMIT = 1_000


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


def write(database: Database, segment: str, requests: Sequence[StoredRequest]) -> Written:
    """Bring the rows of a segment into every table exactly once, whatever an earlier attempt left there.

    Raises:
        DatabaseError: the database refused, or a table does not hold what it must after a repair. Call again.
    """
    written = Written()
    for number, block in enumerate(blocks(requests, segment)):
        for table, rows in block.tables.items():
            begun_s = time.monotonic()
            database.insert(table, rows, token=_token(segment, table, number))
            written.insert_durations_s.append(time.monotonic() - begun_s)
        _add_up(written, block)
    for _ in range(REPAIR_LIMIT):
        wrong = _wrong_tables(database, segment, written)
        if not wrong:
            return written
        _repair(database, segment, requests, wrong)
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


def _repair(database: Database, segment: str, requests: Sequence[StoredRequest], tables: Sequence[str]) -> None:
    log.warning("segment %s is not whole in %s; writing it there anew", segment, ", ".join(tables))
    for table in tables:
        database.command("delete_segment_rows", table=table, column=_segment_column(table), segment=segment)
    attempt = secrets.token_hex(8)
    for number, block in enumerate(blocks(requests, segment)):
        for table in tables:
            database.insert(table, block.tables.get(table, ()), token=f"{segment}/{table}/{number}/{attempt}")


def _segment_column(table: str) -> str:
    # The tables that the OpenTelemetry Collector also writes have its style of names.
    return "Segment" if table.startswith("otel_") else "segment"


@dataclass(slots=True)
class WriterCounts:
    """What was written since the process began."""

    segments_written: int = 0
    segments_set_aside: int = 0
    rows_by_table: Counter[str] = field(default_factory=Counter)
    insert_duration_s: Histogram = field(default_factory=Histogram)
    tables_repaired: int = 0
    items_unread: int = 0
    requests_lost: int = 0
    last_error: str = ""
    dialects: Counter[str] = field(default_factory=Counter)
    unknown_span_count: int = 0
    unknown_spans: Counter[tuple[str, str]] = field(default_factory=Counter)


class Writer:
    """One thread that writes the segments of a spool, oldest first, to a database of its own client."""

    def __init__(self, spool: Spool, database: Database) -> None:
        self._spool = spool
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="momus-writer")
        self._strikes: Counter[str] = Counter()
        self._written_since_failure = False
        self._unreachable_since_s: float | None = None
        self.counts = WriterCounts()

    def start(self) -> None:
        """Begin to write, first what an earlier process left."""
        self._thread.start()

    def stop(self) -> None:
        """Return when the segment in hand is written or has failed; the rest stays in the spool."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def is_database_reachable(self) -> bool:
        """Whether the database answered when it was last spoken to."""
        return self._unreachable_since_s is None

    def _run(self) -> None:
        pauses = _pauses()
        while not self._stopping.is_set():
            segment = self._spool.next_segment(POLL_S)
            if segment is None:
                continue
            try:
                self._write(segment)
            except Exception as error:  # noqa: BLE001 - without this thread nothing is written any more
                self._failed(segment, error)
                self._stopping.wait(next(pauses))
            else:
                pauses = _pauses()

    def _write(self, segment: Segment) -> None:
        requests = self._spool.read(segment)
        written = write(self._database, segment.name, requests)
        for number, request in enumerate(written.lost):
            self._spool.keep_aside(f"{segment.name}-{number}.{request.kind}", request.body)
        # What was lost may be sent again by a person, once it can be read.
        self._spool.remove(segment, [request.keys for request in requests if request not in written.lost])
        self._strikes.pop(segment.name, None)
        self._written_since_failure = True
        self._tally(written)
        if self._unreachable_since_s is not None:
            away_s = time.monotonic() - self._unreachable_since_s
            self._unreachable_since_s = None
            log.info(
                "the database is reachable again after %.0f s; %d segments wait", away_s, self._spool.waiting_count
            )

    def _tally(self, written: Written) -> None:
        counts = self.counts
        counts.segments_written += 1
        counts.rows_by_table.update(written.row_counts)
        for duration_s in written.insert_durations_s:
            counts.insert_duration_s.observe(duration_s)
        counts.dialects.update(written.dialects)
        counts.unknown_span_count += written.unknown_spans.total()
        counts.tables_repaired += len(written.repaired_tables)
        counts.items_unread += written.unread_count
        counts.requests_lost += len(written.lost)
        counts.last_error = ""
        for key, count in written.unknown_spans.items():
            if key in counts.unknown_spans or len(counts.unknown_spans) < UNKNOWN_SPANS_LIMIT:
                counts.unknown_spans[key] += count

    def _failed(self, segment: Segment, error: Exception) -> None:
        """Let the next segment try; set this one aside when it fails again and again while others do not."""
        self.counts.last_error = str(error)
        if isinstance(error, DatabaseUnreachable):
            self._note_unreachable(error)
        elif isinstance(error, DatabaseError):
            log.warning("segment %s could not be written and stays in the spool: %s", segment.name, error)
        else:
            log.error("segment %s met an unexpected error and stays in the spool", segment.name, exc_info=error)
        if self._written_since_failure and not isinstance(error, DatabaseUnreachable):
            self._strikes[segment.name] += 1
        self._written_since_failure = False
        self._spool.defer(segment)
        if self._strikes[segment.name] >= STRIKE_LIMIT:
            self._set_aside(segment)

    def _note_unreachable(self, error: DatabaseUnreachable) -> None:
        """Tell the change once, however often the database is tried."""
        if self._unreachable_since_s is None:
            self._unreachable_since_s = time.monotonic()
            log.warning("the database is unreachable; what is received waits in the spool: %s", error)

    def _set_aside(self, segment: Segment) -> None:
        try:
            self._spool.set_aside(segment)
        except OSError as error:
            log.error("segment %s cannot be set aside and is tried again: %s", segment.name, error)
        else:
            log.error("segment %s is set aside", segment.name)
            self.counts.segments_set_aside += 1


def _pauses() -> Iterator[float]:
    """Yield how long to wait after each failure in a row, in seconds."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
