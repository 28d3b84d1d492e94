"""A lane goes on as soon as the database is back, however long it was away."""

import threading
from pathlib import Path

import pytest

from collector_plugin import lane
from collector_plugin.lane import Lane, Reach, Strikes
from collector_plugin.spool.segment import Segment
from schemas.errors import DatabaseUnreachable


class Outage:
    """One segment, and a database that is away for the first attempt to write it and for as many probes after it."""

    def __init__(self, probe_count: int) -> None:
        self.is_done = threading.Event()
        self.attempt_count = 0
        self.probes_left = probe_count
        self._segment = Segment(Path("1-a.segment"))

    def next(self, timeout_s: float) -> Segment | None:
        if not self.is_done.is_set():
            return self._segment
        threading.Event().wait(timeout_s)
        return None

    def do(self, segment: Segment) -> None:
        self.attempt_count += 1
        if self.attempt_count == 1:
            raise DatabaseUnreachable
        self.is_done.set()

    def probe(self) -> None:
        if self.probes_left:
            self.probes_left -= 1
            raise DatabaseUnreachable

    def defer(self, segment: Segment) -> None:
        assert segment is self._segment

    def give_up(self, segment: Segment) -> None:
        raise AssertionError("the segment is not at fault")


def test_a_lane_probes_while_the_database_is_away_and_goes_on_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """No segment is read and made into rows for a database that is away: it is asked, often, and then written to at once."""
    monkeypatch.setattr(lane, "PROBE_PAUSE_S", 0.001)
    outage, reach = Outage(probe_count=20), Reach()
    writing = Lane("test", outage, reach)
    writing.start()
    assert outage.is_done.wait(20)
    writing.ask_to_stop()
    writing.join()
    assert (outage.attempt_count, outage.probes_left) == (2, 0)
    assert reach.is_reachable
    assert not writing.last_error


def test_an_error_is_over_when_any_lane_that_does_the_same_succeeds() -> None:
    """Else health would tell of it until the lane that met it is given another segment."""
    strikes, reach = Strikes(), Reach()
    one, other = (Lane(name, Outage(0), reach, strikes) for name in ("one", "other"))
    strikes.failed("1-a", DatabaseUnreachable("it is gone"))
    assert one.last_error == other.last_error == "it is gone"
    strikes.succeeded("1-a")
    assert one.last_error == other.last_error == ""
