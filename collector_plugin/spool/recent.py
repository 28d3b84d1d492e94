"""Which spans, and which requests of log records, were accepted of late, so that what is sent again is recognised.

Each is known by a key of 64 bits: while it is in a segment of the spool from there, afterwards from a journal beside the
segments. The last `RECENT_LIMIT` keys are remembered at least, and at most twice as many; what comes again after more
others than that is taken for new. That two different spans have one key, so that the second is lost, happens once in
some 10^12 spans.

    young ──is full──▶ old ──is full again──▶ forgotten          in memory (two tables of 32 MiB) and on disk alike
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector_plugin.spool.durable import sync_data, sync_folder

KEY_BYTES = 8
RECENT_LIMIT = 1 << 21

KeyArray = NDArray[np.uint64]

# With fewer keys than this, a loop in Python is faster than numpy.
FEW = 96

# Values of a slot that are no key; a key that has one of them is given another.
EMPTY, FORGOTTEN = np.uint64(0), np.uint64(1)


def key_of_request(kind: str, tenant: str, body: bytes) -> bytes:
    """Return the key of a request as a whole; 8 bytes.

    The body is the decompressed one: gzip writes the time into its header, so the bytes on the wire may differ.
    """
    digest = hashlib.blake2b(f"{kind}\0{tenant}\0".encode(), digest_size=KEY_BYTES)
    digest.update(body)
    return digest.digest()


class _Table:
    """A set of keys in one array: each lies in the slot that its low bits name, or in the next free one after it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # At most half full, so that the next free slot is near.
        self._slots = np.zeros(1 << (2 * limit - 1).bit_length(), np.uint64)
        self._mask = np.uint64(len(self._slots) - 1)
        # The same memory, for looking at one slot: numpy needs tens of microseconds for however few keys.
        self._each = self._slots.data
        self._count = 0

    def has_room(self, count: int) -> bool:
        """Whether `count` more keys may be added."""
        return self._count + count <= self._limit

    def places(self, keys: KeyArray) -> NDArray[np.intp]:
        """Return the slot of each key; -1 for one that is not here."""
        found = np.full(len(keys), -1, np.intp)
        pending, at = np.arange(len(keys)), keys & self._mask
        while pending.size:
            there = self._slots[at]
            is_hit = there == keys[pending]
            found[pending[is_hit]] = at[is_hit]
            goes_on = ~is_hit & (there != EMPTY)
            pending, at = pending[goes_on], (at[goes_on] + np.uint64(1)) & self._mask
        return found

    def add(self, keys: KeyArray) -> None:
        """Add keys that are all different and not here yet."""
        self._count += len(keys)
        pending, at = keys, keys & self._mask
        while pending.size:
            is_free = self._slots[at] == EMPTY
            # Of two that want one slot the last gets it, and the other goes on.
            self._slots[at[is_free]] = pending[is_free]
            goes_on = self._slots[at] != pending
            pending, at = pending[goes_on], (at[goes_on] + np.uint64(1)) & self._mask

    def has_one(self, key: int) -> bool:
        """Whether this key is here; what `places` tells, for few keys."""
        return self._each[self._end_of_search(key)] == key

    def add_one(self, key: int) -> None:
        """Add a key that is not here yet; what `add` does, for few keys."""
        self._count += 1
        self._each[self._end_of_search(key)] = key

    def _end_of_search(self, key: int) -> int:
        """Return the slot of a key, or else the free one that it would get."""
        each, mask = self._each, len(self._each) - 1
        at = key & mask
        while each[at] != key and each[at]:
            at = (at + 1) & mask
        return at

    def forget(self, keys: KeyArray) -> None:
        """Remove keys, where they are here."""
        places = self.places(keys)
        self._slots[places[places >= 0]] = FORGOTTEN


class RecentKeys:
    """The keys accepted of late. Not safe for use by several threads.

    Keys come as the bytes that a record of the spool holds, 8 each; from one request the same key may come repeatedly.
    """

    def __init__(self, limit: int = RECENT_LIMIT) -> None:
        self._limit = limit
        self._old, self._young = _Table(limit), _Table(limit)

    def known(self, keys: bytes) -> NDArray[np.bool_]:
        """Tell of each key whether it was added before, or comes a second time among these."""
        wanted = _array(keys)
        if len(wanted) < FEW:
            return self._few_known(wanted.tolist())
        is_known = (self._young.places(wanted) >= 0) | (self._old.places(wanted) >= 0)
        if len(wanted) > 1:
            is_repeated = np.ones(len(wanted), np.bool_)
            is_repeated[np.unique(wanted, return_index=True)[1]] = False
            is_known |= is_repeated
        return is_known

    def _few_known(self, keys: list[int]) -> NDArray[np.bool_]:
        young, old, seen = self._young, self._old, set[int]()
        is_known = np.zeros(len(keys), np.bool_)
        for place, key in enumerate(keys):
            is_known[place] = key in seen or young.has_one(key) or old.has_one(key)
            seen.add(key)
        return is_known

    def add(self, keys: bytes) -> None:
        """Remember keys none of which is `known`."""
        added = _array(keys)[-self._limit :]
        if not self._young.has_room(len(added)):
            self._old, self._young = self._young, _Table(self._limit)
        if len(added) < FEW:
            for key in added.tolist():
                self._young.add_one(key)
        else:
            self._young.add(added)

    def recall(self, keys: bytes) -> None:
        """Remember keys, whatever is known of them; those that come last are remembered for longest."""
        for start in range(0, len(keys), self._limit * KEY_BYTES):
            part = keys[start : start + self._limit * KEY_BYTES]
            self.add(select(part, ~self.known(part)))

    def forget(self, keys: bytes) -> None:
        """Forget keys that were added; each is then taken for new again."""
        forgotten = _array(keys)
        self._young.forget(forgotten)
        self._old.forget(forgotten)


def select(keys: bytes, mask: NDArray[np.bool_]) -> bytes:
    """Return the keys at the places that `mask` names."""
    return np.frombuffer(keys, np.uint64)[mask].tobytes()


def have_common(some: bytes, others: bytes) -> bool:
    """Tell whether a key is among both."""
    return bool(np.isin(np.frombuffer(some, np.uint64), np.frombuffer(others, np.uint64)).any())


def _array(keys: bytes) -> KeyArray:
    array = np.frombuffer(keys, "<u8").astype(np.uint64)
    array[array <= FORGOTTEN] += np.uint64(2)
    return array


class Journal:
    """The keys of requests whose segments are gone, oldest first. Not safe for use by several threads."""

    def __init__(self, path: Path, limit: int = RECENT_LIMIT) -> None:
        self._path = path
        self._old = path.with_suffix(".old")
        self._limit = limit

    def read(self) -> bytes:
        """Return the keys, oldest first, 8 bytes each: at least the last `limit`, at most twice as many and a request's."""
        return _whole_keys(self._old) + _whole_keys(self._path)

    def append(self, keys: bytes) -> None:
        """Add keys durably.

        Raises:
            OSError: the disk refused; nothing of what was there before is lost.
        """
        if self._path.exists() and self._path.stat().st_size >= self._limit * KEY_BYTES:
            self._path.replace(self._old)
            sync_folder(self._path.parent)
        with self._path.open("ab") as file:
            # A crash or a full disk may have left half a key; whatever follows it would never be read right.
            file.truncate(file.tell() - file.tell() % KEY_BYTES)
            file.write(keys)
            file.flush()
            sync_data(file.fileno())


def _whole_keys(path: Path) -> bytes:
    data = path.read_bytes() if path.exists() else b""
    return data[: len(data) - len(data) % KEY_BYTES]
