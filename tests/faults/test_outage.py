"""The database goes away, slows down and refuses, under load; exporters never notice, and it catches up."""

import random
import sys
import time
from pathlib import Path

import pytest

from momus.doctor import examine
from schemas import settings
from schemas.database import Database
from tests.faults.database_proxy import CUT_AFTER, FAIL, PASS, DatabaseProxy, Fate
from tests.faults.exporter import Exporter, Place, all_acknowledged, check_each_once, exporting, tell
from tests.faults.processes import Collector, wait_until

pytestmark = pytest.mark.slow
PACE_S = 0.1  # a steady load: what waits must be written in the end
MEMORY_CAP_BYTES = 512 * 1024 * 1024  # of a collector without an engine in its process, while it catches up

BARE_503 = Fate(is_performed=False, status=503)


def unsteady(rng: random.Random) -> Fate:
    """Refused, slow, cut after it was done, or as it should be."""
    return rng.choice([FAIL, CUT_AFTER, Fate(delay_s=rng.uniform(0, 1)), PASS])


@pytest.mark.parametrize("outage_s", [2.0, pytest.param(200.0, marks=pytest.mark.soak)])
def test_an_outage_loses_nothing_and_is_told_of(
    tmp_path: Path, proxy: DatabaseProxy, database: Database, outage_s: float
) -> None:
    """Down, then unsteady, then down again, each for `outage_s`: every request is acknowledged at once, and stored once.

    Meanwhile the counters, readiness and `momus doctor` say how far behind it is; memory does not grow with the outage.
    """
    place = Place()
    exporters = [
        Exporter(number, place, "grpc" if number % 2 else "http", padding_chars=400, pace_s=PACE_S)
        for number in (1, 2, 3)
    ]
    rng = random.Random(3)
    collector = Collector(tmp_path, database=proxy.dsn, segment_limit_bytes=1024 * 1024, segment_age_s=0.5)
    place.move(**collector.said)
    with exporting(exporters):
        time.sleep(1)
        with proxy.closed():
            time.sleep(outage_s)
            status = collector.status()
            assert status["segments_waiting"] > 0
            assert status["behind_s"] > 0.5 * outage_s
            assert collector.metric("momus_spool_age_seconds") > 0.5 * outage_s
            wait_until(lambda: collector.metric("momus_database_reachable") == 0)
            chosen = settings.load(
                database=proxy.dsn, spool=tmp_path / "spool", http_address=f"127.0.0.1:{collector.said['http_port']}"
            )
            assert any(
                "behind" in fault or "wait" in fault for fault in examine(chosen, now_ns=time.time_ns(), hours=1).faults
            )
        with proxy.meeting(lambda statement: unsteady(rng)):
            time.sleep(outage_s)
        with proxy.closed():
            time.sleep(outage_s)
        answers = {what for exporter in exporters for what in exporter.answers}
    assert answers <= {"HTTP 200", "gRPC OK"}
    collector.drain()
    sys.stdout.write(f"peak {collector.peak_bytes() >> 20} MiB\n")
    tell(exporters)
    assert collector.peak_bytes() < MEMORY_CAP_BYTES
    assert collector.metric("momus_database_reachable") == 1
    assert collector.stop() == 0
    check_each_once(database, all_acknowledged(exporters))


def test_a_collector_that_starts_before_its_database_loses_nothing(
    tmp_path: Path, proxy: DatabaseProxy, database: Database
) -> None:
    """Started with nothing there, then with a load balancer that says 503: all is acknowledged, and stored once in the end.

    The database is empty: its tables are made when it comes.
    """
    place = Place()
    exporters = [Exporter(number, place, "grpc" if number % 2 else "http", pace_s=PACE_S) for number in (1, 2)]
    with proxy.meeting(lambda statement: BARE_503):
        with proxy.closed():
            collector = Collector(tmp_path, database=proxy.dsn)
            place.move(**collector.said)
            with exporting(exporters):
                time.sleep(1)
            assert collector.metric("momus_database_reachable") == 0
        time.sleep(0.5)
        assert collector.metric("momus_database_reachable") == 0
        assert collector.status()["segments_set_aside"] == 0
    acknowledged = all_acknowledged(exporters)
    assert acknowledged
    assert collector.status()["segments_waiting"] > 0
    collector.drain()
    assert collector.metric("momus_database_reachable") == 1
    assert collector.stop() == 0
    check_each_once(database, acknowledged)
