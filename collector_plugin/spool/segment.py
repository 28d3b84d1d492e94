"""A segment on the disk: appended to by many threads, made durable for all of them by one fdatasync.

    thread 1  write ─┐
    thread 2  write ─┼─ fdatasync by whoever comes first ─▶ all three return
    thread 3  write ─┘

A failed fdatasync is never tried again on the same file: the kernel may have dropped the pages and would report success
(https://wiki.postgresql.org/wiki/Fsync_Errors). The segment is cut back to what was durable and takes nothing more.
"""

import contextlib
import logging
import os
import threading
import time
from pathlib import Path

from collector_plugin.spool.durable import sync_data, sync_folder
from collector_plugin.spool.segment_format import (
    INDEX_END,
    Index,
    Pieces,
    StoredRequest,
    decode,
    encode_index,
    index_bytes,
)
from schemas.errors import SpoolWriteFailed

log = logging.getLogger(__name__)

SUFFIX = ".segment"


class Segment:
    """One file of the spool. Its name sorts by time of creation and is unique among all collectors."""

    def __init__(self, path: Path, descriptor: int | None = None, size_bytes: int = 0) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self._descriptor = descriptor
        self._durable_bytes = size_bytes
        self._keys: list[bytes] = []
        self._failure: OSError | None = None
        self._is_syncing = False
        self._condition = threading.Condition()
        self._created_s = self._written_s = time.monotonic()

    @classmethod
    def create(cls, folder: Path, name: str) -> "Segment":
        """Create an empty segment whose directory entry is durable.

        Raises:
            OSError: the disk refused.
        """
        path = folder / f"{name}{SUFFIX}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            sync_folder(folder)
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        return cls(path, descriptor)

    @classmethod
    def existing(cls, path: Path) -> "Segment":
        """Return a segment that an earlier process left behind; it is closed."""
        return cls(path, None, path.stat().st_size)

    @property
    def name(self) -> str:
        """What the rows of this segment carry in the database."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def created_ns(self) -> int:
        """When the segment was begun, in nanoseconds since 1970, by the clock of that time."""
        return int(self.name.split("-")[0])

    @property
    def age_s(self) -> float:
        """Seconds since this process began or found the segment."""
        return time.monotonic() - self._created_s

    @property
    def quiet_s(self) -> float:
        """Seconds since something was written to it."""
        return time.monotonic() - self._written_s

    @property
    def is_failed(self) -> bool:
        """Whether the disk refused a write; such a segment takes nothing more."""
        return self._failure is not None

    def write(self, record: Pieces, keys: bytes) -> int:
        """Append a record with these keys, not yet durable; return the offset of its end.

        Raises:
            SpoolWriteFailed: the disk refused; nothing of the record is left in the file.
        """
        with self._condition:
            if self._failure or self._descriptor is None:
                raise SpoolWriteFailed from self._failure
            try:
                _write_all(self._descriptor, record)
            except OSError as error:
                self._fail(error, self.size_bytes)
                raise SpoolWriteFailed from error
            self.size_bytes += sum(map(len, record))
            self._written_s = time.monotonic()
            self._keys.append(keys)
            return self.size_bytes

    def wait_durable(self, end: int) -> None:
        """Return when everything before the offset `end` survives a crash of the machine.

        Raises:
            SpoolWriteFailed: it does not, and is no longer in the file.
        """
        with self._condition:
            while self._durable_bytes < end <= self.size_bytes:
                if self._is_syncing:
                    self._condition.wait()
                else:
                    self._sync()
            if self._durable_bytes < end:
                raise SpoolWriteFailed from self._failure

    def finish(self) -> None:
        """Wait until all that was written is durable or cut off, add the index, and close the file; twice is harmless."""
        with contextlib.suppress(SpoolWriteFailed):
            self.wait_durable(self.size_bytes)
        with self._condition:
            # After a failed write nobody waits for the sync under way, but it still uses the descriptor.
            self._condition.wait_for(lambda: not self._is_syncing)
            if self._descriptor is not None:
                if self._failure is None:
                    self._write_index(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None

    def keys(self) -> bytes:
        """Return the keys of all records of a segment that nobody writes to, from its index or else from themselves.

        Raises:
            OSError: it cannot be read.
        """
        with self.path.open("rb") as file:
            if self.size_bytes >= INDEX_END.size:
                file.seek(-INDEX_END.size, os.SEEK_END)
                file.seek(-min(index_bytes(file.read()), self.size_bytes), os.SEEK_END)
                match next(decode(file.read()), None):
                    case Index(keys):
                        return keys
            file.seek(0)
            return b"".join(item.keys for item in decode(file.read()) if isinstance(item, StoredRequest))

    def _write_index(self, descriptor: int) -> None:
        """Add the keys of all records. It is not synced: whether it is whole its CRC says."""
        index = encode_index(b"".join(self._keys))
        self._keys.clear()
        try:
            _write_all(descriptor, index)
        except OSError as error:
            log.warning("the index of segment %s could not be written: %s", self.path, error)
            with contextlib.suppress(OSError):
                os.truncate(self.path, self.size_bytes)
        else:
            self.size_bytes += sum(map(len, index))
            self._durable_bytes = self.size_bytes

    def _sync(self) -> None:
        """Make everything written so far durable; lets go of the lock meanwhile, so that others can write."""
        assert self._descriptor is not None, "a finished segment has nothing left to sync"
        self._is_syncing, target, failure = True, self.size_bytes, None
        self._condition.release()
        try:
            sync_data(self._descriptor)
        except OSError as error:
            failure = error
        finally:
            self._condition.acquire()
            self._is_syncing = False
        if failure:
            self._fail(failure, self._durable_bytes)
        else:
            self._durable_bytes = target
        self._condition.notify_all()

    def _fail(self, error: OSError, keep_bytes: int) -> None:
        """Take nothing more, and cut off what was not acknowledged: its senders will come again."""
        log.error("the spool segment %s failed: %s", self.path, error)
        self._failure = error
        self.size_bytes = keep_bytes
        try:
            os.truncate(self.path, keep_bytes)
        except OSError as truncation:
            log.error("the failed segment %s could not be cut back to %d bytes: %s", self.path, keep_bytes, truncation)


def _write_all(descriptor: int, pieces: Pieces) -> None:
    left = [memoryview(piece) for piece in pieces]
    while left:
        written_bytes = os.writev(descriptor, left)
        while left and written_bytes >= len(left[0]):
            written_bytes -= len(left.pop(0))
        if left:
            left[0] = left[0][written_bytes:]
