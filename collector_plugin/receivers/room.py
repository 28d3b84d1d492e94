"""The memory that requests may take while they are received, decoded and made durable, of both transports together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import Overloaded


class Room:
    """Bytes that may be in hand at once. Safe for use by several threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._taken_bytes = 0
        self._lock = threading.Lock()

    @property
    def taken_bytes(self) -> int:
        """Bytes that are in hand now."""
        return self._taken_bytes

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

    @contextmanager
    def place(self) -> Iterator["Place"]:
        """Have a place for one request within the block; what it took is given back at the end."""
        place = Place(self)
        try:
            yield place
        finally:
            self.give_back(place.size_bytes)

    @contextmanager
    def holding(self, size_bytes: int) -> Iterator[None]:
        """Have room for so many bytes within the block.

        Raises:
            Overloaded: there is none.
        """
        self.take(size_bytes)
        try:
            yield
        finally:
            self.give_back(size_bytes)


class Place:
    """What one request takes of a room, for the thread that receives it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.size_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Take room for so many bytes more.

        Raises:
            Overloaded: there is none; nothing was taken.
        """
        self._room.take(size_bytes)
        self.size_bytes += size_bytes
