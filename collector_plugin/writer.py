"""Writes closed segments to the database, each exactly once into every table, in lanes.

    spool ─▶ raw lanes     otel_traces, otel_logs: from then on spans can be queried
                 │ the segment is handed over, and stays in the spool
                 ▼
             record lane   what dialects read in it ─▶ span_facts, messages, ... ─▶ the segment is removed

There are two raw lanes, for while rows of one segment are made those of another are sorted, compressed and written. The
record lane takes most of the time and gives way to them, item by item, unless it is `OVERDUE_S` behind or the spool is
half full: so it is late under load, but never for ever. Nothing needs to be remembered: a segment that is still
there is the intent, one that is gone is done, and after a crash the lanes do it again, which leads to the same rows.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from collector_plugin.batch import raw_blocks, record_blocks
from collector_plugin.exactly_once import Written, write
from collector_plugin.lane import POLL_S, Lane, Reach, Strikes
from collector_plugin.merges import PAUSE_S, Merges
from collector_plugin.metrics import Histogram
from collector_plugin.spool.segment import Segment
from collector_plugin.spool.segment_format import StoredRequest, decode_file
from collector_plugin.spool.spool import Spool
from schemas.database import Database
from schemas.errors import DatabaseUnreachable

log = logging.getLogger(__name__)

RAW_LANE_COUNT = 2
OVERDUE_S = 60.0
UNKNOWN_SPANS_LIMIT = 1_000


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
    dialects: Counter[str] = field(default_factory=Counter)
    unknown_span_count: int = 0
    unknown_spans: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, written: Written) -> None:
        """Add what one lane wrote of one segment."""
        with self._lock:
            self._add(written)

    def _add(self, written: Written) -> None:
        self.rows_by_table.update(written.row_counts)
        for duration_s in written.insert_durations_s:
            self.insert_duration_s.observe(duration_s)
        self.dialects.update(written.dialects)
        self.unknown_span_count += written.unknown_spans.total()
        self.tables_repaired += len(written.repaired_tables)
        self.items_unread += written.unread_count
        self.requests_lost += len(written.lost)
        for key, count in written.unknown_spans.items():
            if key in self.unknown_spans or len(self.unknown_spans) < UNKNOWN_SPANS_LIMIT:
                self.unknown_spans[key] += count


class Writer:
    """Threads that write the segments of a spool to a database, oldest first, each with a client of its own."""

    def __init__(self, spool: Spool, database: Database) -> None:
        """Take a client for the first raw lane, and connect it; the others get clones, which `stop` closes.

        A server that does not answer is waited for, once the writer is started.

        Raises:
            DatabaseError: the database cannot be used, and waiting will not change that.
        """
        self.counts = WriterCounts()
        self._reach = Reach()
        try:
            database.connect()
        except DatabaseUnreachable as error:
            self._reach.lost(error)
        self._clones = [database.clone() for _ in range(RAW_LANE_COUNT)]
        self.merges = Merges(database.clone() if database.folder else None)
        self._stored, in_hand = Stored(), InHand()
        self._spool = spool
        *others, reading = self._clones
        raw_strikes = Strikes()
        self._lanes = [
            # Nothing is handed to the record lane before a raw lane has begun.
            *(
                Lane(
                    f"writer-{number}",
                    Raw(spool, own, self.counts, self._stored, in_hand, self.merges),
                    self._reach,
                    raw_strikes,
                    own.connect,
                )
                for number, own in enumerate([database, *others])
            ),
            Lane(
                "reader", Records(spool, reading, self.counts, self._stored, in_hand.is_empty, self.merges), self._reach
            ),
        ]

    def start(self) -> None:
        """Begin to write, first what an earlier process left."""
        for lane in self._lanes:
            lane.start()

    def stop(self) -> None:
        """Return when the segments in hand are written or have failed; the rest stays in the spool."""
        for lane in self._lanes:
            lane.ask_to_stop()
        # One that repairs a table waits for a mutation, which waits for merges.
        self.merges.close()
        for lane in self._lanes:
            lane.join()
        for clone in self._clones:
            clone.close()

    @property
    def is_database_reachable(self) -> bool:
        """Whether the database answered when it was last spoken to."""
        return self._reach.is_reachable

    @property
    def last_error(self) -> str:
        """Why the last segment could not be written, of the raw lanes first; empty while all is well."""
        return next((lane.last_error for lane in self._lanes if lane.last_error), "")

    @property
    def oldest_raw_ns(self) -> int | None:
        """When the oldest segment was begun whose spans cannot be queried yet; None if there is none."""
        return self._spool.oldest_ns(self._stored)

    @property
    def unread_count(self) -> int:
        """How many segments wait whose spans can be queried, but not yet what dialects read in them."""
        return len(self._stored)


class Stored:
    """The segments that a raw lane has written and the record lane has not, by name, in the order they are to be read."""

    def __init__(self) -> None:
        self._segments: dict[str, tuple[Segment, list[bytes]]] = {}
        self._changed = threading.Condition()

    def __contains__(self, name: object) -> bool:
        return name in self._segments

    def __len__(self) -> int:
        return len(self._segments)

    def add(self, segment: Segment, keys: list[bytes]) -> None:
        """Hand a segment over, with the keys by which its requests are recognised if they are sent again."""
        with self._changed:
            self._segments[segment.name] = segment, keys
            self._changed.notify()

    def first(self, timeout_s: float) -> Segment | None:
        """Return the first, waiting up to `timeout_s` for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._segments, timeout_s)
            return next((segment for segment, _ in self._segments.values()), None)

    def keys(self, segment: Segment) -> list[bytes]:
        """Return the keys that a segment was handed over with."""
        return self._segments[segment.name][1]

    def defer(self, segment: Segment) -> None:
        """Put a segment last."""
        with self._changed:
            self._segments[segment.name] = self._segments.pop(segment.name)

    def pop(self, segment: Segment) -> None:
        """Take a segment out."""
        with self._changed:
            del self._segments[segment.name]


class InHand:
    """The segments that raw lanes write now, by name; `is_empty` is set while there are none."""

    def __init__(self) -> None:
        self.is_empty = threading.Event()
        self.is_empty.set()
        self.choosing = threading.Lock()
        self._names = set[str]()
        self._changing = threading.Lock()

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def take(self, name: str) -> None:
        """Have one lane write it; only while `choosing` is held."""
        with self._changing:
            self._names.add(name)
            self.is_empty.clear()

    def let_go(self, name: str) -> None:
        """Let it be chosen again, unless it is stored by now."""
        with self._changing:
            self._names.remove(name)
            if not self._names:
                self.is_empty.set()


class Raw:
    """Makes the spans and log records of segments queryable, and hands the segments over; one of several that do."""

    def __init__(
        self,
        spool: Spool,
        database: Database,
        counts: WriterCounts,
        stored: Stored,
        in_hand: InHand,
        merges: Merges,
    ) -> None:
        self._spool = spool
        self._database = database
        self._counts = counts
        self._stored = stored
        self._in_hand = in_hand
        self._merges = merges

    def __contains__(self, name: object) -> bool:
        """Whether a segment is not to be chosen: in this order, since it is stored before it is let go."""
        return name in self._in_hand or name in self._stored

    def next(self, timeout_s: float) -> Segment | None:
        """Take the oldest closed segment that no lane has stored or in hand."""
        with self._in_hand.choosing:
            segment = self._spool.next_segment(timeout_s, self)
            if segment:
                self._in_hand.take(segment.name)
        if segment is None:
            self._merges.go_on()
        elif self._spool.has_closed(self):
            self._merges.give_way()
        else:
            self._merges.go_on(PAUSE_S)
        return segment

    def do(self, segment: Segment) -> None:
        """Write its spans and log records, and hand it over."""
        keys: list[bytes] = []
        written = write(
            self._database,
            segment.name,
            lambda: raw_blocks(_noted(self._spool.read(segment), keys), segment.name),
            before_repair=self._merges.go_on,
        )
        for number, request in enumerate(written.lost):
            self._spool.keep_aside(f"{segment.name}-{number}.{request.kind}", request.body)
        self._counts.add(written)
        # What was lost may be sent again by a person, once it can be read.
        lost_keys = {request.keys for request in written.lost}
        self._stored.add(segment, [key for key in keys if key not in lost_keys])
        self._in_hand.let_go(segment.name)

    def probe(self) -> None:
        """Return if the database answers."""
        self._database.query("now_ns")

    def defer(self, segment: Segment) -> None:
        """Let all other closed segments go before this one, whichever lane takes it next."""
        self._spool.defer(segment)
        self._in_hand.let_go(segment.name)

    def give_up(self, segment: Segment) -> None:
        """Set it aside."""
        if _set_aside(self._spool, self._counts, segment):
            self._in_hand.let_go(segment.name)
        else:
            self.defer(segment)


class Records:
    """Reads the segments that are stored, writes what dialects find in them, and removes them from the spool."""

    def __init__(
        self,
        spool: Spool,
        database: Database,
        counts: WriterCounts,
        stored: Stored,
        is_raw_idle: threading.Event,
        merges: Merges,
    ) -> None:
        self._spool = spool
        self._database = database
        self._counts = counts
        self._stored = stored
        self._is_raw_idle = is_raw_idle
        self._merges = merges

    def next(self, timeout_s: float) -> Segment | None:
        """Return the segment that was handed over first."""
        return self._stored.first(timeout_s)

    def do(self, segment: Segment) -> None:
        """Write what dialects read in it, and remove it from the spool."""
        self._give_way(segment)  # before anything of it is in memory
        written = write(
            self._database,
            segment.name,
            lambda: record_blocks(_requests(segment), segment.name, partial(self._give_way, segment)),
            before_repair=self._merges.go_on,
        )
        self._spool.remove(segment, self._stored.keys(segment))
        self._stored.pop(segment)
        self._counts.add(written)
        self._counts.segments_written += 1

    def _give_way(self, segment: Segment) -> None:
        while not self._is_raw_idle.is_set() and segment.age_s < OVERDUE_S and not self._spool.is_half_full:
            self._is_raw_idle.wait(POLL_S)

    def probe(self) -> None:
        """Return if the database answers."""
        self._database.query("now_ns")

    def defer(self, segment: Segment) -> None:
        """Let all others that are stored go before this one."""
        self._stored.defer(segment)

    def give_up(self, segment: Segment) -> None:
        """Set it aside; its spans stay queryable."""
        if _set_aside(self._spool, self._counts, segment):
            self._stored.pop(segment)
        else:
            self.defer(segment)


def _noted(requests: Iterable[StoredRequest], keys: list[bytes]) -> Iterator[StoredRequest]:
    """Yield requests; `keys` are then theirs."""
    keys.clear()
    for request in requests:
        keys.append(request.keys)
        yield request


def _requests(segment: Segment) -> Iterator[StoredRequest]:
    """Yield the requests of a segment that a raw lane has read, and has told what of it cannot be read."""
    with segment.path.open("rb") as file:
        yield from (found for found in decode_file(file) if isinstance(found, StoredRequest))


def _set_aside(spool: Spool, counts: WriterCounts, segment: Segment) -> bool:
    """Move a segment that is at fault out of the way; False where the disk refuses, and it is tried again."""
    try:
        spool.set_aside(segment)
    except OSError as error:
        log.error("segment %s cannot be set aside and is tried again: %s", segment.name, error)
        return False
    log.error("segment %s is set aside", segment.name)
    counts.segments_set_aside += 1
    return True
