"""An acknowledged request survives; a request sent again is stored once; a full or failing disk is told, not hidden."""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector_plugin.spool.recent import KEY_BYTES, Journal, key_of_request
from collector_plugin.spool.segment_format import StoredRequest, encode
from collector_plugin.spool.spool import QUIET_S, Spool
from schemas.errors import SpoolFull, SpoolInUse, SpoolWriteFailed


def request(text: str, tenant: str = "") -> StoredRequest:
    body = text.encode()
    return StoredRequest("traces", body, 1, key_of_request("traces", tenant, body), tenant)


def drain(spool: Spool) -> list[StoredRequest]:
    """Return everything the spool holds and remove it, as a writer would."""
    spool.seal()
    found: list[StoredRequest] = []
    while segment := spool.next_segment(0):
        read = list(spool.read(segment))
        found += read
        spool.remove(segment, [item.keys for item in read])
    return found


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path)
    yield spool
    spool.close()


def test_an_acknowledged_request_survives_a_crash(tmp_path: Path) -> None:
    """What `append` returned for is still there after the process is killed."""
    script = """if True:
        import os, signal, sys, time
        from pathlib import Path
        from collector_plugin.spool.segment_format import StoredRequest
        from collector_plugin.spool.spool import Spool
        spool = Spool(Path(sys.argv[1]))
        for number in range(50):
            spool.append(StoredRequest("traces", b"%d" % number, time.time_ns(), number.to_bytes(8, "big")))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == -9
    spool = Spool(tmp_path)
    assert [item.body for item in drain(spool)] == [b"%d" % number for number in range(50)]
    spool.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.data())
def test_after_a_crash_at_any_byte_whole_records_remain_once(numbers: list[int], data: st.DataObject) -> None:
    """The file is cut anywhere, all requests are sent again: each is stored exactly once."""
    with tempfile.TemporaryDirectory() as name:
        spool = Spool(Path(name))
        for number in numbers:
            spool.append(request(str(number)))
        spool.close()
        path = next(Path(name).glob("*.segment"))
        os.truncate(path, data.draw(st.integers(0, path.stat().st_size)))
        spool = Spool(Path(name))
        for number in numbers:
            spool.append(request(str(number)))
        assert sorted(item.body for item in drain(spool)) == sorted(str(number).encode() for number in set(numbers))
        spool.close()


def test_threads_share_one_fdatasync(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that wait at the same time are made durable together."""
    begun, release, syncs = threading.Event(), threading.Event(), []

    def slow(descriptor: int) -> None:
        syncs.append(descriptor)
        begun.set()
        release.wait(10)

    monkeypatch.setattr(os, "fdatasync", slow)
    threads = [threading.Thread(target=spool.append, args=(request(str(number)),)) for number in range(20)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while spool.waiting_bytes < sum(len(b"".join(encode(request(str(number))))) for number in range(20)):
        threading.Event().wait(0.001)
    release.set()
    for thread in threads:
        thread.join(10)
    assert len(syncs) == 2


def test_the_same_bytes_sent_again_are_stored_once(spool: Spool) -> None:
    """An exporter that lost our answer is acknowledged without storing its request twice."""
    assert spool.append(request("a"))
    assert not spool.append(request("a"))
    assert [item.body for item in drain(spool)] == [b"a"]
    assert not spool.append(request("a"))
    assert drain(spool) == []


def test_tenants_do_not_share_what_is_recognised(spool: Spool) -> None:
    """The same bytes of another tenant are another request."""
    assert spool.append(request("a", "one"))
    assert spool.append(request("a", "two"))


def test_a_request_sent_again_waits_for_the_first(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first is not durable, the second is not acknowledged either."""
    begun, release = threading.Event(), threading.Event()

    def slow(_: int) -> None:
        begun.set()
        release.wait(10)

    monkeypatch.setattr(os, "fdatasync", slow)
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(spool.append(request("a"))))
    second = threading.Thread(target=lambda: answers.append(spool.append(request("a"))))
    first.start()
    assert begun.wait(10)
    second.start()
    second.join(0.05)
    assert second.is_alive()
    assert answers == []
    release.set()
    first.join(10)
    second.join(10)
    assert sorted(answers) == [False, True]


@pytest.mark.parametrize("is_removed", [False, True], ids=["still waiting", "already written"])
def test_a_request_is_recognised_after_a_restart(tmp_path: Path, is_removed: bool) -> None:
    """Its digest comes back from its segment, or from the journal once the segment is gone."""
    spool = Spool(tmp_path)
    spool.append(request("a"))
    if is_removed:
        drain(spool)
    spool.close()
    spool = Spool(tmp_path)
    assert not spool.append(request("a"))
    assert [item.body for item in drain(spool)] == ([] if is_removed else [b"a"])
    spool.close()


def test_a_full_spool_refuses_and_takes_again_once_drained(tmp_path: Path) -> None:
    """The limit holds for all segments together, and what was refused is not remembered as stored."""
    spool = Spool(tmp_path, limit_bytes=200)
    spool.append(request("a" * 100))
    with pytest.raises(SpoolFull):
        spool.append(request("b" * 100))
    drain(spool)
    assert spool.append(request("b" * 100))
    spool.close()


def test_a_failed_fdatasync_is_never_tried_again_on_its_file(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is refused and not stored; sent again it goes to a new segment, earlier ones stay."""
    spool.append(request("before"))
    real, descriptors = os.fdatasync, []

    def failing(descriptor: int) -> None:
        descriptors.append(os.fstat(descriptor).st_ino)
        if len(descriptors) == 1:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(SpoolWriteFailed):
        spool.append(request("a"))
    assert spool.append(request("a"))
    assert len(set(descriptors)) == 2
    assert [item.body for item in drain(spool)] == [b"before", b"a"]


def test_requests_that_share_a_failed_fdatasync_are_all_refused(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them was durable; all are taken when they come again."""
    begun, release = threading.Event(), threading.Event()

    def failing(_: int) -> None:
        begun.set()
        release.wait(10)
        raise OSError(errno.EIO, "Input/output error")

    refused: list[str] = []

    def send(text: str) -> None:
        try:
            spool.append(request(text))
        except SpoolWriteFailed:
            refused.append(text)

    monkeypatch.setattr(os, "fdatasync", failing)
    threads = [threading.Thread(target=send, args=(text,)) for text in "abca"]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while spool.waiting_bytes < sum(len(b"".join(encode(request(text)))) for text in "abc"):
        threading.Event().wait(0.001)
    release.set()
    for thread in threads:
        thread.join(10)
    monkeypatch.undo()
    assert sorted(refused) == ["a", "a", "b", "c"]
    assert [spool.append(request(text)) for text in "abc"] == [True] * 3
    assert [item.body for item in drain(spool)] == [b"a", b"b", b"c"]


def test_a_disk_without_space_refuses_and_leaves_no_half_record(tmp_path: Path) -> None:
    """A write that stops half way (a real limit on the size of files) costs only the request that it was for."""
    script = """if True:
        import resource, signal, sys
        from pathlib import Path
        from collector_plugin.spool.segment_format import StoredRequest
        from collector_plugin.spool.spool import Spool
        from schemas.errors import SpoolWriteFailed
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        spool = Spool(Path(sys.argv[1]))
        spool.append(StoredRequest("traces", b"a" * 600, 1, b"a" * 8))
        try:
            spool.append(StoredRequest("traces", b"b" * 600, 1, b"b" * 8))
        except SpoolWriteFailed:
            spool.append(StoredRequest("traces", b"b" * 600, 1, b"b" * 8))
            print("refused, then taken")
        spool.close()
    """
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True)
    assert run.stdout == "refused, then taken\n"
    spool = Spool(tmp_path)
    assert [item.body[:1] for item in drain(spool)] == [b"a", b"b"]
    assert spool.torn_count == spool.corrupt_count == 0
    spool.close()


def test_a_second_process_is_told_who_has_the_folder(spool: Spool, tmp_path: Path) -> None:
    """The error names the process to stop."""
    with pytest.raises(SpoolInUse, match=str(os.getpid())):
        Spool(tmp_path)


def test_a_segment_closes_by_size_and_by_age(tmp_path: Path) -> None:
    """A large one does not wait to be old, an old one not to be large."""
    spool = Spool(tmp_path, segment_limit_bytes=100, segment_age_s=0.05)
    spool.append(request("a" * 100))
    assert spool.next_segment(0) is None
    spool.append(request("b"))
    first = spool.next_segment(0)
    assert first is not None
    assert [item.body for item in spool.read(first)] == [b"a" * 100]
    spool.remove(first, [])
    second = spool.next_segment(5)
    assert second is not None
    assert [item.body for item in spool.read(second)] == [b"b"]
    spool.close()


def test_the_more_small_segments_wait_the_older_gets_the_next(tmp_path: Path) -> None:
    """Writing one costs an insert into every table, whatever is in it: who is slow at that is given fewer."""
    spool = Spool(tmp_path, segment_age_s=0.05)
    waiting: set[str] = set()
    closed_s = 0.0
    for count in range(4):
        spool.append(request(str(count)))
        segment = spool.next_segment(5, waiting)
        assert segment is not None
        closed_before_s, closed_s = closed_s, time.monotonic()
        assert closed_s - closed_before_s >= count * 0.05
        waiting.add(segment.name)
    spool.close()


def test_a_segment_closes_when_nothing_more_comes(tmp_path: Path) -> None:
    """Whoever looks for what he has just sent finds it; but of small ones there is one in the time that they may get old."""
    spool = Spool(tmp_path, segment_limit_bytes=4_000, segment_age_s=60)
    for body in ("small", "l" * 4_000, "a" * 4_000):
        spool.append(request(body))
        segment = spool.next_segment(20)
        assert segment is not None
        spool.remove(segment, [])
    spool.append(request("another small one"))
    assert spool.next_segment(5 * QUIET_S) is None
    spool.close()


def test_large_segments_that_wait_keep_none_open(tmp_path: Path) -> None:
    """To join what is large already would save nothing, and keep new spans from being queried."""
    spool = Spool(tmp_path, segment_limit_bytes=100, segment_age_s=0.05)
    waiting: set[str] = set()
    for number in range(40):
        spool.append(request(str(number) * 100))
        spool.seal()
        segment = spool.next_segment(0, waiting)
        assert segment is not None
        waiting.add(segment.name)
    spool.append(request("small"))
    assert spool.next_segment(1, waiting) is not None
    spool.close()


def test_corrupt_bytes_are_kept_aside(tmp_path: Path) -> None:
    """What cannot be read is counted and kept for a person, and the rest of the segment is read."""
    spool = Spool(tmp_path)
    for text in ("one", "two", "three"):
        spool.append(request(text))
    spool.close()
    path = next(tmp_path.glob("*.segment"))
    data = bytearray(path.read_bytes())
    data[data.index(b"two")] ^= 1
    path.write_bytes(data)
    spool = Spool(tmp_path)
    assert [item.body for item in drain(spool)] == [b"one", b"three"]
    assert spool.corrupt_count == 1
    assert [b"uwo" in kept.read_bytes() for kept in (tmp_path / "aside").iterdir()] == [True]
    spool.close()


def test_what_is_broken_is_counted_once_however_often_it_is_read(tmp_path: Path) -> None:
    """While the database is down a segment is read again and again."""
    spool = Spool(tmp_path)
    for text in ("one", "two"):
        spool.append(request(text))
    spool.close()
    path = next(tmp_path.glob("*.segment"))
    path.write_bytes(path.read_bytes().replace(b"one", b"off") + b"".join(encode(request("three")))[:20])
    spool = Spool(tmp_path)
    segment = spool.next_segment(0)
    assert segment is not None
    for _ in range(3):
        assert [item.body for item in spool.read(segment)] == [b"two"]
    assert (spool.corrupt_count, spool.torn_count) == (1, 1)
    spool.close()


def test_written_segments_are_kept_for_their_retention(tmp_path: Path) -> None:
    """With a retention, a written segment moves to `written/` and goes when it is old."""
    spool = Spool(tmp_path, retention_days=1.0)
    spool.append(request("a"))
    drain(spool)
    (kept,) = (tmp_path / "written").iterdir()
    os.utime(kept, (0, 0))
    spool.append(request("b"))
    drain(spool)
    assert kept not in (tmp_path / "written").iterdir()
    spool.close()


def test_a_closed_spool_refuses(spool: Spool) -> None:
    """A request that comes during shutdown is refused so that it comes again."""
    spool.close()
    with pytest.raises(SpoolWriteFailed):
        spool.append(request("late"))


def test_the_journal_of_recent_requests_is_bounded_and_mends_itself(tmp_path: Path) -> None:
    """It keeps the newest keys, and half a key at its end does not shift those that follow."""
    path = tmp_path / "recent.digests"
    journal = Journal(path, limit=10)
    keys = [number.to_bytes(KEY_BYTES, "big") for number in range(35)]
    for key in keys:
        journal.append(key)
    assert Journal(path, limit=10).read() == b"".join(keys[-15:])
    with path.open("ab") as file:
        file.write(b"half")
    Journal(path, limit=10).append(b"z" * KEY_BYTES)
    assert Journal(path, limit=10).read() == b"".join(keys[-15:]) + b"z" * KEY_BYTES


def test_what_cannot_be_kept_aside_is_not_given_up(tmp_path: Path) -> None:
    """A full disk must not cost acknowledged bytes: the caller hears of it and keeps the segment."""
    with contextlib.closing(Spool(tmp_path)) as spool:
        (tmp_path / "aside").write_text("in the way")
        with pytest.raises(SpoolWriteFailed):
            spool.keep_aside("1.traces", b"bytes")
