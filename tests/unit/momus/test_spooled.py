"""What lies in a spool folder is named with what becomes of it."""

import os
from pathlib import Path

import pytest

from collector_plugin.spool.segment_format import StoredRequest
from collector_plugin.spool.spool import Spool
from momus.doctor import examine
from momus.spooled import set_aside
from schemas.settings import Settings

NOW_NS = 1_790_000_000 * 10**9
HOUR_NS = 3600 * 10**9


def keep(path: Path, data: bytes, age_hours: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    written_ns = NOW_NS - round(age_hours * HOUR_NS)
    os.utime(path, ns=(written_ns, written_ns))


def test_nothing_aside_is_nothing_to_tell(tmp_path: Path) -> None:
    """Neither of a spool without the folder, nor of one that does not exist, nor of files of others."""
    assert set_aside(tmp_path / "spool", NOW_NS) == []
    keep(tmp_path / "aside" / "notes.txt", b"mine", 1)
    assert set_aside(tmp_path, NOW_NS) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["1-a.segment", "2-b.segment"], ("2 segments", "oldest 3.5 hours", "tried again at the next start")),
        (["1-a-0.corrupt", "1-a-99.corrupt"], ("2 damaged pieces", "oldest 3.5 hours", "8 bytes", "lost")),
        (["1-a-0.traces", "1-a-1.logs"], ("2 export requests", "oldest 3.5 hours", "momus inspect", "1-a-0.traces")),
    ],
)
def test_each_kind_of_file_is_told_with_number_age_and_fate(
    tmp_path: Path, names: list[str], words: tuple[str, ...]
) -> None:
    """Segments come back by themselves; damaged bytes and unreadable requests do not."""
    for name, age_hours in zip(names, (3.5, 1.0), strict=True):
        keep(tmp_path / "aside" / name, b"byte", age_hours)
    (sentence,) = set_aside(tmp_path, NOW_NS)
    assert [word for word in words if word not in sentence] == []


def test_the_doctor_tells_of_segments_until_they_are_taken_back(tmp_path: Path) -> None:
    """As a collector leaves them, and as its next start finds them; a database is not needed for it."""
    folder = tmp_path / "spool"
    settings = Settings(
        database=f"chdb://{tmp_path / 'none'}", spool=folder, http_address="127.0.0.1:1", grpc_address="127.0.0.1:1"
    )
    spool = Spool(folder)
    spool.append(StoredRequest("traces", b"body", NOW_NS, bytes(8)))
    spool.seal()
    segment = spool.next_segment(0)
    assert segment
    spool.set_aside(segment)
    spool.close()
    (fault,) = examine(settings, now_ns=NOW_NS, hours=1).faults
    assert "1 segments" in fault
    Spool(folder).close()
    assert examine(settings, now_ns=NOW_NS, hours=1).faults == []
