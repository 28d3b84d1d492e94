"""More is sent than can be stored: what is refused is refused for a while, and nothing that was taken is lost."""

import sys
import time
from pathlib import Path

import pytest

from schemas.database import Database
from tests.faults.database_proxy import DatabaseProxy, Fate
from tests.faults.exporter import Exporter, Place, all_acknowledged, check_each_once, exporting, tell
from tests.faults.processes import Collector

pytestmark = pytest.mark.slow
SPOOL_LIMIT_BYTES = 4 * 1024 * 1024
MEMORY_CAP_BYTES = 400 * 1024 * 1024


@pytest.mark.parametrize("load_s", [6.0, pytest.param(300.0, marks=pytest.mark.soak)])
def test_overload_is_refused_with_a_delay_and_loses_nothing(
    tmp_path: Path, proxy: DatabaseProxy, database: Database, load_s: float
) -> None:
    """The database takes a third of what eight exporters send, so the spool fills to its limit and stays there.

    Every refusal may be retried and says when. Memory stays under its cap.
    """
    place = Place()
    exporters = [Exporter(n, place, "grpc" if n % 2 else "http", padding_chars=2_000) for n in range(1, 9)]
    collector = Collector(
        tmp_path, database=proxy.dsn, segment_limit_bytes=256 * 1024, spool_limit_bytes=SPOOL_LIMIT_BYTES
    )
    place.move(**collector.said)
    with proxy.meeting(lambda statement: Fate(delay_s=0.05)), exporting(exporters):
        time.sleep(load_s)
        assert collector.status()["bytes_waiting"] <= SPOOL_LIMIT_BYTES
    collector.drain()
    sys.stdout.write(f"peak {collector.peak_bytes() >> 20} MiB\n")
    tell(exporters)
    refused = {what for exporter in exporters for what in exporter.answers} - {"HTTP 200", "gRPC OK"}
    assert refused <= {"HTTP 503", "HTTP 429", "gRPC UNAVAILABLE", "gRPC RESOURCE_EXHAUSTED"}
    assert refused, "the load was no overload"
    assert [exporter.undelayed for exporter in exporters if exporter.undelayed] == []
    assert collector.peak_bytes() < MEMORY_CAP_BYTES
    assert collector.stop() == 0
    check_each_once(database, all_acknowledged(exporters))
