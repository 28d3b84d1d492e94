"""More is sent than can be stored: what is refused is refused for a while, and nothing that was taken is lost."""

import sys
import threading
import time
from pathlib import Path

import pytest

from schemas.database import Database
from tests.faults.database_proxy import DatabaseProxy, Fate
from tests.faults.exporter import Exporter, Place, all_acknowledged, check_each_once, exporting, tell
from tests.faults.processes import Collector, wait_until

pytestmark = pytest.mark.slow
MIB = 1024 * 1024
SEGMENT_BYTES = 256 * 1024
MEMORY_CAP_BYTES = 400 * MIB
SPANS = 20
PADDING_CHARS = 2_000
OVERLOAD = 3  # times what the database takes
SLOW = Fate(delay_s=0.05)


def exporters_to(place: Place, first: int, offered_per_s: float) -> list[Exporter]:
    """Eight, four of each transport; each offers so many requests a second."""
    return [
        Exporter(
            n,
            place,
            "grpc" if n % 2 else "http",
            spans_per_request=SPANS,
            padding_chars=PADDING_CHARS,
            offered_per_s=offered_per_s,
        )
        for n in range(first, first + 8)
    ]


def capacity(collector: Collector, proxy: DatabaseProxy, exporters: list[Exporter], waiting_bytes: int) -> float:
    """Return how many spans a second get from the spool into the slow database, as long as enough of them wait."""
    is_filled = threading.Event()

    def held(_: str) -> Fate:
        is_filled.wait()
        return SLOW

    with proxy.meeting(held):
        with exporting(exporters):
            try:
                wait_until(lambda: collector.metric("momus_spool_bytes") >= waiting_bytes)
            finally:
                is_filled.set()
            begun_s = time.monotonic()
        collector.drain()
    return sum(len(exporter.acknowledged) for exporter in exporters) / (time.monotonic() - begun_s)


@pytest.mark.parametrize(
    ("load_s", "spool_limit_bytes"), [(6.0, MIB), pytest.param(300.0, 8 * MIB, marks=pytest.mark.soak)]
)
def test_overload_is_refused_with_a_delay_and_loses_nothing(
    tmp_path: Path, proxy: DatabaseProxy, database: Database, load_s: float, spool_limit_bytes: int
) -> None:
    """Three times as much is offered as the database takes, so the spool fills to its limit and stays there.

    Every refusal may be retried and says when. Memory stays under its cap.
    """
    place = Place()
    collector = Collector(
        tmp_path, database=proxy.dsn, segment_limit_bytes=SEGMENT_BYTES, spool_limit_bytes=spool_limit_bytes
    )
    place.move(**collector.said)
    measuring = exporters_to(place, 1, offered_per_s=20)
    spans_per_s = capacity(collector, proxy, measuring, spool_limit_bytes // 2)
    sys.stdout.write(f"capacity {spans_per_s:,.0f} spans/s, {OVERLOAD} times as many are offered\n")
    exporters = exporters_to(place, 9, OVERLOAD * spans_per_s / SPANS / 8)
    with proxy.meeting(lambda statement: SLOW), exporting(exporters):
        time.sleep(load_s)
        assert collector.status()["bytes_waiting"] <= spool_limit_bytes
    collector.drain()
    sys.stdout.write(f"peak {collector.peak_bytes() >> 20} MiB\n")
    tell(exporters)
    refused = {what for exporter in exporters for what in exporter.answers} - {"HTTP 200", "gRPC OK"}
    assert refused <= {"HTTP 503", "HTTP 429", "gRPC UNAVAILABLE", "gRPC RESOURCE_EXHAUSTED"}
    assert refused, "the load was no overload"
    assert [exporter.undelayed for exporter in exporters if exporter.undelayed] == []
    assert collector.peak_bytes() < MEMORY_CAP_BYTES
    assert collector.stop() == 0
    check_each_once(database, all_acknowledged([*measuring, *exporters]))
