"""Has the embedded engine's merges wait while segments do.

    segments wait, parts are few ─▶ merges stop ─▶ no segment waits, or parts are many, or a mutation waits ─▶ they go on

To merge the spans of a segment takes about half of what it takes to write them, and more memory; of both, spans that somebody
sends now have the first claim. How a server merges is its own affair.
"""

import logging
import threading

from schemas.database import Database
from schemas.errors import DatabaseError

log = logging.getLogger(__name__)

# Of one partition. The engine slows inserts down at a thousand; a minute of spans of 1 kB at full speed makes 200.
FEW_PARTS, MANY_PARTS = 64, 256


class Merges:
    """Whether the engine merges. For several threads, each with a client of its own; nothing here raises."""

    def __init__(self, *, is_ours: bool) -> None:
        """Say whether the database is an engine within this process, that nobody else's merges depend on."""
        self._is_ours = is_ours
        self._lock = threading.Lock()
        self._are_waiting = False

    @property
    def are_waiting(self) -> bool:
        """Whether they are stopped now."""
        return self._are_waiting

    def give_way(self, database: Database) -> None:
        """Stop, unless there is too much to merge; what is being merged is begun again later."""
        if not self._is_ours:
            return
        with self._lock:
            try:
                (there,) = database.query("merge_backlog")
                # A mutation is made by the same threads, and somebody waits for it.
                if there["mutation_count"] or there["part_count"] >= MANY_PARTS:
                    self._start(database)
                elif there["part_count"] < FEW_PARTS and not self._are_waiting:
                    database.stop_merges()
                    self._are_waiting = True
            except DatabaseError as error:
                log.warning("whether the engine should merge now cannot be told: %s", error)

    def go_on(self, database: Database) -> None:
        """Merge again."""
        with self._lock:
            try:
                self._start(database)
            except DatabaseError as error:
                log.warning("the engine does not merge yet: %s", error)

    def _start(self, database: Database) -> None:
        if self._are_waiting:
            database.start_merges()
            self._are_waiting = False
