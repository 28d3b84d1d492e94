"""One thread that does one part of the work on every segment, and what it does when that fails.

The database being down or slow costs nothing but time: it is tried for ever, and the spool refuses requests when it is
full. A segment that fails although others succeed is at fault itself; after three such failures it is given up.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

from collector_plugin.spool.segment import Segment
from schemas.errors import DatabaseError, DatabaseUnreachable

log = logging.getLogger(__name__)

POLL_S = 0.2
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 30.0
# A database that is away is asked so often whether it is back: what has come in meanwhile should not wait any longer.
PROBE_PAUSE_S = 2.0
STRIKE_LIMIT = 3


class Work(Protocol):
    """What a lane does with segments."""

    def next(self, timeout_s: float) -> Segment | None:
        """Return a segment to work on, which no other lane is given until it is done, deferred or given up."""
        ...

    def do(self, segment: Segment) -> None:
        """Do this lane's part of the work; a segment that was done before may come again.

        Where it raises, `defer` or `give_up` follows.
        """
        ...

    def probe(self) -> None:
        """Return if the database answers; costs next to nothing."""
        ...

    def defer(self, segment: Segment) -> None:
        """Let all other segments go before this one."""
        ...

    def give_up(self, segment: Segment) -> None:
        """Let this segment wait no more."""
        ...


class Reach:
    """Whether the database answers, as several lanes find; each change is logged once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost_s: float | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether the database answered when it was last spoken to."""
        return self._lost_s is None

    def lost(self, error: DatabaseUnreachable) -> None:
        """Note that it does not answer."""
        with self._lock:
            if self._lost_s is None:
                self._lost_s = time.monotonic()
                log.warning("the database is unreachable; what is received waits in the spool: %s", error)

    def found(self) -> None:
        """Note that it answers."""
        with self._lock:
            if self._lost_s is not None:
                away_s, self._lost_s = time.monotonic() - self._lost_s, None
                log.info("the database is reachable again after %.0f s", away_s)


class Strikes:
    """How often each segment failed although others did not, as all lanes find that do the same work.

    `last_error` is why the last of them could not be done; empty while all is well.
    """

    def __init__(self) -> None:
        self.last_error = ""
        self._lock = threading.Lock()
        self._counts = Counter[str]()
        self._done_since_failure = False

    def succeeded(self, name: str) -> None:
        """Note that a segment is done."""
        with self._lock:
            self.last_error = ""
            self._counts.pop(name, None)
            self._done_since_failure = True

    def failed(self, name: str, error: Exception) -> bool:
        """Note that a segment failed; return whether it is to be given up."""
        with self._lock:
            self.last_error = str(error)
            if self._done_since_failure and not isinstance(error, DatabaseUnreachable):
                self._counts[name] += 1
            self._done_since_failure = False
            return self._counts[name] >= STRIKE_LIMIT


class Lane:
    """A thread that works on segments, one after the other. Starts and stops once."""

    def __init__(
        self,
        name: str,
        work: Work,
        reach: Reach,
        strikes: Strikes | None = None,
        begin: Callable[[], None] | None = None,
    ) -> None:
        """Take the work, the strikes of all lanes that do the same, and what must succeed before it begins."""
        self._begin = begin
        self._work = work
        self._reach = reach
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"momus-{name}")
        self._strikes = strikes or Strikes()

    @property
    def last_error(self) -> str:
        """Why the last segment could not be done, by this lane or another that does the same; empty while all is well."""
        return self._strikes.last_error

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin no other segment."""
        self._stopping.set()

    def join(self) -> None:
        """Return when the segment in hand is done or has failed."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        if self._begin and self._wait_for(self._begin):
            self._strikes.last_error = ""
            self._reach.found()
        pauses = _pauses()
        while not self._stopping.is_set():
            segment = self._work.next(POLL_S)
            if segment is None:
                continue
            try:
                self._work.do(segment)
            except Exception as error:  # noqa: BLE001 - without this thread nothing is written any more
                self._failed(segment, error)
                self._stopping.wait(next(pauses))
                if isinstance(error, DatabaseUnreachable):
                    self._wait_for(self._work.probe)
            else:
                self._succeeded(segment)
                pauses = _pauses()

    def _wait_for(self, attempt: Callable[[], None]) -> bool:
        """Return True once the attempt has succeeded; False when asked to stop before."""
        for pause_s in _pauses():
            if self._stopping.is_set():
                break
            try:
                attempt()
            except Exception as error:  # noqa: BLE001 - without this thread nothing is written any more
                self._not_ready(error)
                is_away = isinstance(error, DatabaseUnreachable)
                self._stopping.wait(min(pause_s, PROBE_PAUSE_S) if is_away else pause_s)
            else:
                return True
        return False

    def _not_ready(self, error: Exception) -> None:
        """Tell of it; no segment is at fault. What only a person can mend is an error, and tried again all the same."""
        self._strikes.last_error = str(error)
        if isinstance(error, DatabaseUnreachable):
            self._reach.lost(error)
        else:
            reason = None if isinstance(error, DatabaseError) else error
            log.error("the database cannot be used; what is received waits in the spool: %s", error, exc_info=reason)

    def _succeeded(self, segment: Segment) -> None:
        self._strikes.succeeded(segment.name)
        self._reach.found()

    def _failed(self, segment: Segment, error: Exception) -> None:
        """Let the next segment try; give this one up when it fails again and again while others do not."""
        if isinstance(error, DatabaseUnreachable):
            self._reach.lost(error)
        elif isinstance(error, DatabaseError):
            log.warning("segment %s could not be written and stays in the spool: %s", segment.name, error)
        else:
            log.error("segment %s met an unexpected error and stays in the spool", segment.name, exc_info=error)
        if self._strikes.failed(segment.name, error):
            self._work.give_up(segment)
        else:
            self._work.defer(segment)


def _pauses() -> Iterator[float]:
    """Yield how long to wait after each failure in a row, in seconds."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
