"""Has the embedded engine's merges wait while segments do.

    segments wait, parts are few ─▶ merges stop ─▶ none has waited for a while, or parts are many, or a mutation waits ─▶ they go on

To merge the spans of a segment takes about half of what it takes to write them, and more memory; of both, spans that somebody
sends now have the first claim. How a server merges is its own affair.
"""

import logging
import threading
import time

from schemas.database import Database
from schemas.errors import BadQuery, DatabaseError

log = logging.getLogger(__name__)

# Of one partition. The engine slows inserts down at a thousand; a minute of spans of 1 kB at full speed makes 200.
FEW_PARTS, MANY_PARTS = 64, 256
# What is being merged when they stop is begun again: so they do not go on for a moment in which no segment waits.
PAUSE_S = 2.0


class Merges:
    """Whether the engine merges. Safe for use by several threads; of what the engine does, nothing here raises."""

    def __init__(self, database: Database | None) -> None:
        """Take a client of an engine within this process, whose merges nobody else depends on; None leaves merges alone."""
        self._database = database
        self._lock = threading.Lock()
        self._are_waiting = False
        self._asked_s = 0.0

    @property
    def are_waiting(self) -> bool:
        """Whether they are stopped now."""
        return self._are_waiting

    def give_way(self) -> None:
        """Stop for segments that wait, unless there is too much to merge."""
        with self._lock:
            self._asked_s = time.monotonic()
            if self._database:
                try:
                    self._stop_or_start(self._database)
                except (DatabaseError, BadQuery) as error:
                    log.warning("whether the engine should merge now cannot be told: %s", error)

    def go_on(self, pause_s: float = 0.0) -> None:
        """Merge again, if nothing has made them give way for `pause_s` seconds."""
        with self._lock:
            if self._are_waiting and time.monotonic() - self._asked_s >= pause_s:
                self._start()

    def close(self) -> None:
        """Merge again, and give way to nothing any more."""
        with self._lock:
            self._start()
            if self._database:
                self._database.close()
            self._database = None

    def _stop_or_start(self, database: Database) -> None:
        (there,) = database.query("merge_backlog")
        # A mutation is made by the same threads, and somebody waits for it.
        if there["mutation_count"] or there["part_count"] >= MANY_PARTS:
            self._start()
        elif there["part_count"] < FEW_PARTS and not self._are_waiting:
            database.stop_merges()
            self._are_waiting = True

    def _start(self) -> None:
        if self._database and self._are_waiting:
            try:
                self._database.start_merges()
                self._are_waiting = False
            except DatabaseError as error:
                log.warning("the engine does not merge yet: %s", error)
