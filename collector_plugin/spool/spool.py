"""Where an export request is safe: the spool.

What holds at every moment, also after `kill -9` and after a power cut on a disk that keeps its word:

- `append` returned means durable: the record and its segment's directory entry were fsynced.
- A segment is closed at 16 MiB, when nothing more comes, at the age of 1 s, later where small ones wait, or on shutdown; a
  closed one never changes.
- A segment is removed only when its writer says that the database has all of it.
- Segments that wait stay within the limit (8 GiB) together, beyond which `append` refuses; what was set aside or is kept
  after writing (`aside/`, `written/`) comes on top.
- What is sent again is acknowledged but not stored again: a span however it is batched, a request of log records byte
  for byte, while its key is among the last 2 million (recent.py). It is acknowledged when its first copy is durable.
- A segment that was set aside is tried again by the next process that opens the folder.

One process per folder; any number of threads.

    folder/  lock  recent.keys  recent.old  <ns>-<random>.segment ...  aside/  written/
"""

import contextlib
import fcntl
import logging
import math
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from collector_plugin.spool.recent import KEY_BYTES, RECENT_LIMIT, Journal, RecentKeys, have_common, select
from collector_plugin.spool.segment import SUFFIX, Segment
from collector_plugin.spool.segment_format import Corrupt, Pieces, StoredRequest, TornTail, decode_file, encode
from schemas.errors import SpoolError, SpoolFull, SpoolInUse, SpoolWriteFailed

log = logging.getLogger(__name__)

ASIDE = "aside"
MIB = 1024 * 1024
DAY_S = 86_400

# A segment below this part of the limit is small: it costs the database as many statements as a large one.
SMALL_PART = 4
# Nothing more comes when nothing has come for so long. Who sends ever again after a pause is given a small one a second.
QUIET_S = 0.1
# No segment gets older than this many times its age, so that new spans can be queried although reading has stopped.
LONGEST_WAIT = 30


# Makes the body of a request without the items at these places, in ascending order.
Without = Callable[[Collection[int]], bytes]


# A segment's name and an offset in it.
_Where = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Writing:
    """What was written and is perhaps not durable yet: these keys, before the offset `end`."""

    segment: Segment
    end: int
    keys: bytes


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
        self._small_closed_s = -math.inf
        self._is_closed = False
        self._writing: list[_Writing] = []
        self._take_back()
        self._waiting = deque(Segment.existing(path) for path in sorted(folder.glob(f"*{SUFFIX}")))
        self._waiting_bytes = sum(segment.size_bytes for segment in self._waiting)
        self._journal = Journal(folder / "recent.keys")
        self._recent = self._recall()
        self._torn, self._corrupt = set[_Where](), set[_Where]()

    # --- taking requests ----------------------------------------------------------------------------------------------

    def append(self, request: StoredRequest, without: Without | None = None) -> int:
        """Store durably what of a request is not stored yet; return how many of its keys are new.

        Blocks for one fdatasync, which it shares with all threads that wait at the same time.

        Args:
            request: with a key for each of its items, or one for all.
            without: leaves items out of its body; without it a request is stored whole or not at all.

        Raises:
            SpoolFull: the limit is reached.
            SpoolWriteFailed: the disk refused. What of the request was not stored before is not stored.
        """
        record = encode(request)
        with self._changed:
            is_known = self._recent.known(request.keys)
            known = select(request.keys, is_known)
            earlier = [writing for writing in self._writing if known and have_common(writing.keys, known)]
            own = None
            if not is_known.all():
                if known and without:
                    rest = select(request.keys, ~is_known)
                    request = replace(request, body=without(np.flatnonzero(is_known).tolist()), keys=rest)
                    record = encode(request)
                own = self._write(record, request.keys)
        if own:
            self._wait_durable(own)
        for writing in earlier:
            # Its own sender may be gone; so ours must come again if that did not become durable.
            writing.segment.wait_durable(writing.end)
        return len(own.keys) // KEY_BYTES if own else 0

    def _write(self, record: Pieces, keys: bytes) -> _Writing:
        if self._is_closed:
            raise SpoolWriteFailed("The collector is shutting down; send again later.")
        if self.waiting_bytes + sum(map(len, record)) > self._limit_bytes:
            raise SpoolFull
        if self._open and (self._open.is_failed or self._open.size_bytes >= self._segment_limit_bytes):
            self._close_open()
        if self._open is None:
            self._open = self._begin()
            self._changed.notify_all()
        writing = _Writing(self._open, self._open.write(record, keys), keys)
        self._writing.append(writing)
        self._recent.add(keys)
        return writing

    def _begin(self) -> Segment:
        try:
            # The random part keeps segments apart that two collectors begin in the same nanosecond.
            return Segment.create(self._folder, f"{time.time_ns():020d}-{secrets.token_hex(4)}")
        except OSError as error:
            raise SpoolWriteFailed from error

    def _wait_durable(self, writing: _Writing) -> None:
        try:
            writing.segment.wait_durable(writing.end)
        except SpoolWriteFailed:
            with self._changed:
                self._writing.remove(writing)
                self._recent.forget(writing.keys)
            raise
        with self._changed:
            self._writing.remove(writing)

    def _recall(self) -> RecentKeys:
        """Return the keys of late as the journal and the segments left behind tell them."""
        keys = deque[bytes]()
        for segment in reversed(self._waiting):
            if sum(map(len, keys)) >= RECENT_LIMIT * KEY_BYTES:
                break
            keys.appendleft(segment.keys())
        recent = RecentKeys()
        recent.recall(b"".join((self._journal.read(), *keys)))
        return recent

    def _take_back(self) -> None:
        """Let the segments wait again that an earlier process set aside: this one may be able to write them."""
        for path in (self._folder / ASIDE).glob(f"*{SUFFIX}"):
            log.info("segment %s was set aside and is tried again", path.name)
            path.replace(self._folder / path.name)

    # --- giving segments to the writer --------------------------------------------------------------------------------

    def next_segment(self, timeout_s: float, besides: Container[str] = ()) -> Segment | None:
        """Return the oldest closed segment, the same one until it is removed, deferred or set aside; None if there is none.

        Waits up to `timeout_s` seconds for one. Passes over those whose name is in `besides`.

        Closes the open segment when it is old enough, or when nothing more comes: never while one of those not passed over
        waits, and the later, the more small ones wait at all. So a slow database is given fewer and larger segments, as
        many as it can write.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while (segment := self._oldest(besides)) is None:
                until_s = deadline_s - time.monotonic()
                if until_s <= 0 or self._is_closed:
                    return None
                until_closing_s = self._until_closing_s(self._open) if self._open else until_s
                if until_closing_s <= 0:
                    self._close_open()
                else:
                    self._changed.wait(min(until_s, until_closing_s))
        segment.finish()
        return segment

    def _until_closing_s(self, segment: Segment) -> float:
        """Return how long an open segment may still wait for requests, if none comes."""
        small_count = sum(self._is_small(waiting) for waiting in self._waiting)
        age_s = self._segment_age_s * min(max(1, small_count), LONGEST_WAIT)
        until_next_small_s = self._small_closed_s + age_s - time.monotonic() if self._is_small(segment) else 0.0
        return min(age_s - segment.age_s, max(QUIET_S - segment.quiet_s, until_next_small_s))

    def _is_small(self, segment: Segment) -> bool:
        return segment.size_bytes * SMALL_PART < self._segment_limit_bytes

    def _oldest(self, besides: Container[str]) -> Segment | None:
        return next((segment for segment in self._waiting if segment.name not in besides), None)

    def has_closed(self, besides: Container[str]) -> bool:
        """Tell whether a closed segment waits besides those whose name is in `besides`."""
        with self._changed:
            return self._oldest(besides) is not None

    def read(self, segment: Segment) -> Iterator[StoredRequest]:
        """Yield the requests of a closed segment in order; what cannot be read is counted once, and kept in `aside/`.

        Raises:
            OSError: the disk refuses.
            SpoolWriteFailed: what cannot be read cannot be kept either.
        """
        with segment.path.open("rb") as file:
            for found in decode_file(file):
                match found:
                    case StoredRequest():
                        yield found
                    case TornTail(offset, size_bytes) if (where := (segment.name, offset)) not in self._torn:
                        self._torn.add(where)
                        log.info("segment %s ends in a torn record of %d bytes", segment.name, size_bytes)
                    case Corrupt(offset, data) if (where := (segment.name, offset)) not in self._corrupt:
                        self.keep_aside(f"{segment.name}-{offset}.corrupt", data)
                        self._corrupt.add(where)

    def remove(self, segment: Segment, keys: Iterable[bytes]) -> None:
        """Forget a segment that the database has; `keys` are those of its requests, to be recognised for a while.

        For one thread at a time. Requests are taken meanwhile: the disk may need a moment for this.
        """
        try:
            self._journal.append(b"".join(keys))
        except OSError as error:
            # A full disk must not keep us from freeing space; the memory of this process still has them.
            log.warning("the journal of recent requests could not be written: %s", error)
        self._retire(segment)
        with self._changed:
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
            segment.path.replace(self._made(ASIDE) / segment.path.name)
            self._drop(segment)

    def keep_aside(self, name: str, data: bytes) -> None:
        """Keep bytes that momus could not use, for a person to look at.

        Raises:
            SpoolWriteFailed: they could not be written, so their segment must stay.
        """
        try:
            path = self._made(ASIDE) / name
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
            if self._is_small(self._open):
                self._small_closed_s = time.monotonic()
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
    def torn_count(self) -> int:
        """Segments that were found to end within a record since the process began."""
        return len(self._torn)

    @property
    def corrupt_count(self) -> int:
        """Places in segments that were found to be no record since the process began."""
        return len(self._corrupt)

    @property
    def is_half_full(self) -> bool:
        """Whether what waits takes half of the limit."""
        return 2 * self.waiting_bytes >= self._limit_bytes

    def oldest_ns(self, besides: Container[str] = ()) -> int | None:
        """Return when the oldest segment was begun that waits, but for those whose name is in `besides`; None if none does."""
        with self._changed:
            oldest = self._oldest(besides) or self._open
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
