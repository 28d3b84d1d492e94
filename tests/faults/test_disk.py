"""The disk is full, a segment is torn, a byte flips: nothing that was acknowledged is missing, what is broken is kept."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.database import Database
from tests.faults.database_proxy import DatabaseProxy
from tests.faults.exporter import (
    Exporter,
    Line,
    Place,
    all_acknowledged,
    check_each_once,
    exporting,
    make_request,
    tell,
)
from tests.faults.processes import Collector

pytestmark = pytest.mark.slow
DISK_MIB = 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MiB, where the machine lets us mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_refused_for_a_while_and_loses_nothing(
    tmp_path: Path, small_disk: Path, proxy: DatabaseProxy, database: Database
) -> None:
    """While the database is down the disk fills; every refusal may be retried, and all of it is stored in the end."""
    place = Place()
    exporters = [Exporter(n, place, "grpc" if n % 2 else "http", padding_chars=4_000) for n in (1, 2)]
    collector = Collector(tmp_path, database=proxy.dsn, spool=str(small_disk / "spool"), segment_limit_bytes=256 * 1024)
    place.move(**collector.said)
    with exporting(exporters):
        with proxy.closed():
            deadline_s = time.monotonic() + 30
            while collector.metric("momus_spool_bytes") < DISK_MIB * 0.8 * 2**20 and time.monotonic() < deadline_s:
                time.sleep(0.1)
            time.sleep(1)
        time.sleep(1)
    collector.drain()
    tell(exporters)
    answers = {what for exporter in exporters for what in exporter.answers}
    assert answers & {"HTTP 503", "gRPC UNAVAILABLE"}, "the disk was never full"
    assert collector.stop() == 0
    check_each_once(database, all_acknowledged(exporters))


def test_a_flipped_byte_costs_one_record_and_its_bytes_are_kept(
    tmp_path: Path, proxy: DatabaseProxy, database: Database
) -> None:
    """Of ten records of a segment one is broken, and a torn one follows: nine are stored, both are set aside and counted."""
    sent = [make_request([(n << 16)], now_ns=1_790_000_000_000_000_000) for n in range(1, 11)]
    collector = Collector(tmp_path, database=proxy.dsn, segment_age_s=60)
    place = Place()
    place.move(**collector.said)
    with proxy.closed():
        line = Line(place, "http")
        assert all(line.send(request).is_accepted for request in sent)
        line.close()
        collector.kill()
    (segment,) = (tmp_path / "spool").glob("*.segment")
    content = bytearray(segment.read_bytes())
    at = content.index(sent[4].body) + 5
    content[at] ^= 0xFF
    segment.write_bytes(bytes(content) + content[:20])
    collector = Collector(tmp_path, database=proxy.dsn)
    collector.drain()
    assert collector.status()["records_corrupt"] == 1
    assert collector.status()["records_torn"] == 1
    kept = b"".join(path.read_bytes() for path in (tmp_path / "spool" / "aside").iterdir())
    assert bytes(content[at - 5 : at + 5]) in kept
    assert collector.stop() == 0
    check_each_once(database, {id for n, request in enumerate(sent) for id in request.ids if n != 4})
