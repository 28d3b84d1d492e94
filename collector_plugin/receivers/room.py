"""The memory that requests may take while they are received, decoded and made durable, of both transports together.

There is a door before it: a request that would wait too long for those that are in hand is refused before it is received.
Those count that are whole, and those that have just begun, for as many bytes as they say they will have: many that come at
once would all pass before the first of them is there. But of what is announced, no more counts than eight times what has come, and
one that takes longer to come than `COMING_S` keeps nobody waiting but itself: slow clients, and those that announce much and
send little, shut the door for nobody.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import Overloaded

COMING_S = 0.5
# A client that sends at once has sent a quarter of a megabyte by the time that its request is looked at.
ANNOUNCED_PER_BYTE = 8
# The door is open to so many at once, however large they are: so few are soon served, and refused they would come again.
FEW = 4


class Room:
    """Bytes that may be in hand at once. Safe for use by several threads."""

    def __init__(self, limit_bytes: int, door_bytes: int | None = None) -> None:
        """Make it so large; with more than `door_bytes` before it, a request is not to begin."""
        self._limit_bytes = limit_bytes
        self._door_bytes = limit_bytes if door_bytes is None else door_bytes
        self._taken_bytes = 0
        self._places: set[Place] = set()
        self._lock = threading.Lock()

    @property
    def taken_bytes(self) -> int:
        """Bytes that are in hand now."""
        return self._taken_bytes

    @property
    def is_crowded(self) -> bool:
        """Whether more than a few requests wait to be decoded and made durable, or are being so."""
        with self._lock:
            return sum(place.is_whole for place in self._places) > FEW

    def check_door(self) -> None:
        """Return where a request that begins now is soon decoded.

        Raises:
            Overloaded: it would wait too long.
        """
        with self._lock:
            self._check_door()

    def _check_door(self) -> None:
        now_s = time.monotonic()
        before = [size for place in self._places if (size := place.before_others_bytes(now_s))]
        if len(before) >= FEW and sum(before) > self._door_bytes:
            raise Overloaded

    @contextmanager
    def place(self, expected_bytes: int = 0) -> Iterator["Place"]:
        """Have a place for one request within the block; what it took is given back at the end.

        Args:
            expected_bytes: how long the request will be by its own account; 0 if it does not say.

        Raises:
            Overloaded: the door is shut.
        """
        with self._lock:
            self._check_door()
            self._places.add(place := Place(self, expected_bytes))
        try:
            yield place
        finally:
            with self._lock:
                self._places.remove(place)
                self._taken_bytes -= place.size_bytes

    @contextmanager
    def holding(self, size_bytes: int) -> Iterator[None]:
        """Have room for so many bytes within the block, for a request that is in already.

        Raises:
            Overloaded: there is none.
        """
        self.take(size_bytes)
        try:
            yield
        finally:
            self.give_back(size_bytes)

    def take(self, size_bytes: int) -> None:
        """Take room for so many bytes more.

        Raises:
            Overloaded: there is none; nothing was taken.
        """
        with self._lock:
            if self._taken_bytes + size_bytes > self._limit_bytes:
                raise Overloaded
            self._taken_bytes += size_bytes

    def give_back(self, size_bytes: int) -> None:
        """Give back what was taken."""
        with self._lock:
            self._taken_bytes -= size_bytes


class Place:
    """What one request takes of a room, for the thread that receives it.

    `is_whole` is set once all of it is there, and it waits to be decoded.
    """

    def __init__(self, room: Room, expected_bytes: int) -> None:
        self._room = room
        self._expected_bytes = expected_bytes
        self._coming_until_s = time.monotonic() + COMING_S
        self.size_bytes = 0
        self.is_whole = False

    def take(self, size_bytes: int) -> None:
        """Take room for so many bytes more.

        Raises:
            Overloaded: there is none; nothing was taken.
        """
        self._room.take(size_bytes)
        self.size_bytes += size_bytes

    def before_others_bytes(self, now_s: float) -> int:
        """Return how much of it others must wait for that begin now, by the monotonic clock."""
        if self.is_whole:
            return self.size_bytes
        if now_s >= self._coming_until_s:
            return 0
        return max(min(self._expected_bytes, ANNOUNCED_PER_BYTE * self.size_bytes), self.size_bytes)
