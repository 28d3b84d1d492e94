"""Where an export request is safe: the spool.

What holds at every moment, also after `kill -9` and after a power cut on a disk that keeps its word:

- `append` returned means durable: the record and its segment's directory entry were fsynced.
- A segment is closed at 16 MiB, at the age of 1 s, or on shutdown (settings); a closed one never changes.
- A segment is removed only when its writer says that the database has all of it.
- Segments that wait stay within the limit (8 GiB) together, beyond which `append` refuses; what was set aside or is kept
  after writing (`aside/`, `written/`) comes on top.
- The same bytes sent again, within the last 65,536 requests, are acknowledged but not stored again.

One process per folder; any number of threads.

    folder/  lock  recent.digests  <ns>-<random>.segment ...  aside/  written/
"""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from collector_plugin.spool.recent import RECENT_LIMIT, Journal
from collector_plugin.spool.segment import SUFFIX, Segment
from collector_plugin.spool.segment_format import Corrupt, StoredRequest, TornTail, decode, encode
from schemas.errors import SpoolError, SpoolFull, SpoolInUse, SpoolWriteFailed

log = logging.getLogger(__name__)

MIB = 1024 * 1024
DAY_S = 86_400


class _Place(NamedTuple):
    """Where a request is stored; without a segment it is known from earlier and durable."""

    segment: Segment | None
    end: int = 0


class Spool:
    """The segments of one folder: an open one that takes requests, and closed ones that wait to be written."""

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int = 8 * 1024 * MIB,
        segment_limit_bytes: int = 16 * MIB,
        segment_age_s: float = 1.0,
        retention_days: float = 0.0,
    ) -> None:
        """Open the folder, creating it if needed, with all segments that an earlier process left.

        Raises:
            SpoolInUse: another process, or another spool of this one, has the folder.
            SpoolError: the folder cannot be made or written.
        """
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._segment_limit_bytes = segment_limit_bytes
        self._segment_age_s = segment_age_s
        self._retention_s = retention_days * DAY_S
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock_file = _lock(folder)
        except OSError as error:
            raise SpoolError(
                f"The spool folder {folder} cannot be used: {error.strerror}. Set MOMUS_SPOOL to another."
            ) from None
        self._changed = threading.Condition()
        self._open: Segment | None = None
        self._is_closed = False
        self._waiting = deque(Segment.existing(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
        self._waiting_bytes = sum(segment.size_bytes for segment in self._waiting)
        self._journal = Journal(folder / "recent.digests")
        self._recent = self._recall()
        self.torn_count = 0
        self.corrupt_count = 0

    # --- taking requests ----------------------------------------------------------------------------------------------

    def append(self, request: StoredRequest) -> bool:
        """Store a request durably; return False for one that was stored before and is only sent again.

        Blocks for one fdatasync, which it shares with all threads that wait at the same time.

        Raises:
            SpoolFull: the limit is reached.
            SpoolWriteFailed: the disk refused. The request is not stored.
        """
        record = encode(request)
        with self._changed:
            place = self._recent.get(request.digest)
            is_new = place is None
            if place is None:
                place = self._write(record)
                self._remember(request.digest, place)
        if place.segment is not None:
            self._wait_durable(place.segment, place.end, request.digest)
        return is_new

    def _write(self, record: bytes) -> _Place:
        if self._is_closed:
            raise SpoolWriteFailed("The collector is shutting down; send again later.")
        if self.waiting_bytes + len(record) > self._limit_bytes:
            raise SpoolFull
        if self._open and (self._open.is_failed or self._open.size_bytes >= self._segment_limit_bytes):
            self._close_open()
        if self._open is None:
            self._open = self._begin()
            self._changed.notify_all()
        return _Place(self._open, self._open.write(record))

    def _begin(self) -> Segment:
        try:
            # The random part keeps segments apart that two collectors begin in the same nanosecond.
            return Segment.create(self._folder, f"{time.time_ns():020d}-{secrets.token_hex(4)}")
        except OSError as error:
            raise SpoolWriteFailed from error

    def _wait_durable(self, segment: Segment, end: int, digest: bytes) -> None:
        try:
            segment.wait_durable(end)
        except SpoolWriteFailed:
            with self._changed:
                if self._recent.get(digest) == (segment, end):
                    del self._recent[digest]
            raise

    def _remember(self, digest: bytes, place: _Place) -> None:
        self._recent[digest] = place
        while len(self._recent) > RECENT_LIMIT:
            self._recent.popitem(last=False)

    def _recall(self) -> OrderedDict[bytes, _Place]:
        """Return the requests of late as the journal and the segments left behind tell them."""
        recent = OrderedDict((digest, _Place(None)) for digest in self._journal.read())
        for segment in self._waiting:
            records = decode(segment.path.read_bytes())
            recent.update((record.digest, _Place(None)) for record in records if isinstance(record, StoredRequest))
        while len(recent) > RECENT_LIMIT:
            recent.popitem(last=False)
        return recent

    # --- giving segments to the writer --------------------------------------------------------------------------------

    def next_segment(self, timeout_s: float) -> Segment | None:
        """Return the oldest closed segment, the same one until it is removed, deferred or set aside; None if there is none.

        Waits up to `timeout_s` seconds for one.

        Closes the open segment when it is old enough. So nothing is closed by age while the writer is busy, and a slow
        database is given fewer and larger segments.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not self._waiting:
                until_s = deadline_s - time.monotonic()
                if until_s <= 0 or self._is_closed:
                    return None
                until_old_s = self._segment_age_s - self._open.age_s if self._open else until_s
                if until_old_s <= 0:
                    self._close_open()
                else:
                    self._changed.wait(min(until_s, until_old_s))
            segment = self._waiting[0]
        segment.finish()
        return segment

    def read(self, segment: Segment) -> list[StoredRequest]:
        """Return the requests of a closed segment in order; what cannot be read is counted, and kept in `aside/`."""
        requests = []
        for found in decode(segment.path.read_bytes()):
            match found:
                case StoredRequest():
                    requests.append(found)
                case TornTail():
                    self.torn_count += 1
                    log.info("segment %s ends in a torn record of %d bytes", segment.name, found.size_bytes)
                case Corrupt():
                    self.corrupt_count += 1
                    self.keep_aside(f"{segment.name}-{found.offset}.corrupt", found.data)
        return requests

    def remove(self, segment: Segment, digests: Iterable[bytes]) -> None:
        """Forget a segment that the database has; `digests` are those of its requests, to be recognised for a while."""
        with self._changed:
            try:
                self._journal.append(digests)
            except OSError as error:
                # A full disk must not keep us from freeing space; the memory of this process still has them.
                log.warning("the journal of recent requests could not be written: %s", error)
            self._retire(segment)
            self._drop(segment)

    def defer(self, segment: Segment) -> None:
        """Let all other closed segments go before this one."""
        with self._changed:
            self._waiting.remove(segment)
            self._waiting.append(segment)

    def set_aside(self, segment: Segment) -> None:
        """Move a segment that cannot be written to `aside/`, so that the ones behind it can.

        Raises:
            OSError: it cannot be moved; it waits on.
        """
        with self._changed:
            segment.path.replace(self._made("aside") / segment.path.name)
            self._drop(segment)

    def keep_aside(self, name: str, data: bytes) -> None:
        """Keep bytes that momus could not use, for a person to look at.

        Raises:
            SpoolWriteFailed: they could not be written, so their segment must stay.
        """
        try:
            path = self._made("aside") / name
            path.write_bytes(data)
        except OSError as error:
            raise SpoolWriteFailed(f"{name} could not be kept aside: {error.strerror}.") from error
        log.error("%d bytes of the spool cannot be read and are kept in %s", len(data), path)

    def seal(self) -> frozenset[str]:
        """Close the open segment now; return the names of all that wait, which hold everything acknowledged so far."""
        with self._changed:
            self._close_open()
            return frozenset(segment.name for segment in self._waiting)

    def wait_gone(self, names: Collection[str], timeout_s: float) -> bool:
        """Return whether none of these segments waits any more, as soon as it is so or after `timeout_s`."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not any(segment.name in names for segment in self._waiting), timeout=timeout_s
            )

    def close(self) -> None:
        """Refuse requests from now on, finish all segments and let go of the folder; twice is harmless."""
        with self._changed:
            self._is_closed = True
            self._close_open()
            self._changed.notify_all()
            for segment in self._waiting:
                segment.finish()
        with contextlib.suppress(OSError):
            os.close(self._lock_file)

    def _close_open(self) -> None:
        if self._open:
            self._waiting.append(self._open)
            self._waiting_bytes += self._open.size_bytes
            self._open = None
            self._changed.notify_all()

    def _retire(self, segment: Segment) -> None:
        if not self._retention_s:
            segment.path.unlink(missing_ok=True)
            return
        written = self._made("written")
        segment.path.replace(written / segment.path.name)
        for path in written.glob(f"*{SUFFIX}"):
            if time.time() - path.stat().st_mtime > self._retention_s:
                path.unlink(missing_ok=True)

    def _drop(self, segment: Segment) -> None:
        self._waiting.remove(segment)
        self._waiting_bytes = sum(waiting.size_bytes for waiting in self._waiting)
        self._changed.notify_all()

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return folder

    # --- how it stands ------------------------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the database does not have yet."""
        return self._waiting_bytes + (self._open.size_bytes if self._open else 0)

    @property
    def waiting_count(self) -> int:
        """Segments that the database does not have yet, the open one included."""
        return len(self._waiting) + (self._open is not None)

    @property
    def oldest_ns(self) -> int | None:
        """When the oldest segment was begun that the database does not have yet; None if it has all."""
        with self._changed:
            oldest = self._waiting[0] if self._waiting else self._open
            return oldest.created_ns if oldest else None


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace")
        os.close(descriptor)
        raise SpoolInUse(
            f"Process {holder or 'unknown'} writes to the spool {folder}. "
            "Stop it, or give this one its own folder with MOMUS_SPOOL."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
