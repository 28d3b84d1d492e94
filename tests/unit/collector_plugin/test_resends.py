"""Whatever is sent again, in whatever batch, is stored once; nothing that was acknowledged is lost."""

import errno
import os
import random
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.otlp.admission import admit
from collector_plugin.otlp.requests import as_traces
from collector_plugin.otlp.span_keys import span_keys, without
from collector_plugin.receivers.intake import Intake
from collector_plugin.spool.recent import FEW, KEY_BYTES, RecentKeys
from collector_plugin.spool.segment import SUFFIX
from collector_plugin.spool.segment_format import StoredRequest, encode
from collector_plugin.spool.spool import Spool
from schemas.errors import SpoolWriteFailed

NOW_NS = 1_790_000_000 * 10**9
SPANS = range(1, 30)


def key(number: int) -> bytes:
    return (number << 20).to_bytes(KEY_BYTES, "little")


def batch(numbers: Collection[int]) -> StoredRequest:
    """Return a request whose body is one byte for each of its spans."""
    return StoredRequest("traces", bytes(numbers), 1, b"".join(map(key, numbers)))


def append(spool: Spool, numbers: Collection[int]) -> int:
    request = batch(numbers)

    def rest(known: Collection[int]) -> bytes:
        return bytes(number for place, number in enumerate(request.body) if place not in known)

    return spool.append(request, rest)


def take_one(spool: Spool) -> list[int] | None:
    """Return the spans of the next segment, which is removed as a writer does; None where there is none."""
    spool.seal()
    segment = spool.next_segment(0)
    if segment is None:
        return None
    requests = list(spool.read(segment))
    spool.remove(segment, [request.keys for request in requests])
    return [number for request in requests for number in request.body]


batches = st.lists(st.sampled_from(SPANS), min_size=1, max_size=8)


class Resends(RuleBasedStateMachine):
    """Exporters that send and send again, a writer, and a machine that loses what was not synced."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.spool = Spool(self.folder)
        self.acknowledged = set[int]()
        self.written = list[int]()

    @rule(numbers=batches)
    def send(self, numbers: list[int]) -> None:
        new = set(numbers) - self.acknowledged
        assert append(self.spool, numbers) == len(new)
        self.acknowledged |= new

    @rule(numbers=batches)
    def send_while_the_disk_fails(self, numbers: list[int]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fdatasync", _failing)
            try:
                append(self.spool, numbers)
            except SpoolWriteFailed:
                assert set(numbers) - self.acknowledged, "a request without news needs no disk"
            else:
                assert not set(numbers) - self.acknowledged

    @rule()
    def write(self) -> None:
        self.written += take_one(self.spool) or ()

    @rule()
    def set_aside(self) -> None:
        self.spool.seal()
        if segment := self.spool.next_segment(0):
            self.spool.set_aside(segment)

    @rule()
    def stop_and_start(self) -> None:
        self.spool.close()
        self.spool = Spool(self.folder)

    @rule(numbers=batches, kept=st.floats(0, 0.99))
    def crash_within_a_write(self, numbers: list[int], kept: float) -> None:
        """The folder as a crash leaves it: without index, with part of a record that nobody was told is safe."""
        copy = Path(tempfile.mkdtemp())
        shutil.copytree(self.folder, copy, dirs_exist_ok=True)
        self.spool.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        paths = sorted(copy.glob(f"*{SUFFIX}"))
        if paths:
            record = b"".join(encode(batch(numbers)))
            with paths[-1].open("ab") as file:
                file.write(record[: int(kept * len(record))])
        self.spool = Spool(copy)

    @invariant()
    def nothing_is_written_twice(self) -> None:
        assert len(self.written) == len(set(self.written))

    def teardown(self) -> None:
        self.spool.close()
        self.spool = Spool(self.folder)  # takes back what was set aside
        while (found := take_one(self.spool)) is not None:
            self.written += found
        assert sorted(self.written) == sorted(self.acknowledged)
        self.spool.close()
        shutil.rmtree(self.folder)


def _failing(_: int) -> None:
    raise OSError(errno.EIO, "Input/output error")


TestResends = Resends.TestCase
TestResends.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path)
    yield spool
    spool.close()


def test_a_batch_that_shares_a_span_waits_for_it_and_fails_with_it(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A span that another request brought first is not acknowledged before it is durable, and refused if it never is."""
    begun, release = threading.Event(), threading.Event()

    def failing(_: int) -> None:
        begun.set()
        release.wait(10)
        raise OSError(errno.EIO, "Input/output error")

    refused: list[list[int]] = []

    def send(numbers: list[int]) -> None:
        try:
            append(spool, numbers)
        except SpoolWriteFailed:
            refused.append(numbers)

    monkeypatch.setattr(os, "fdatasync", failing)
    first = threading.Thread(target=send, args=([1, 2],))
    again = threading.Thread(target=send, args=([2],))
    first.start()
    assert begun.wait(10)
    again.start()
    again.join(0.05)
    assert again.is_alive()
    release.set()
    first.join(10)
    again.join(10)
    assert sorted(refused) == [[1, 2], [2]]
    monkeypatch.undo()
    assert append(spool, [2, 3, 1]) == 3
    assert [take_one(spool), take_one(spool)] == [[], [2, 3, 1]]  # the failed segment is empty


def traces(*numbers: int, start_ns: int = NOW_NS) -> ExportTraceServiceRequest:
    """Return a request with a span for each number, each in a scope of its own."""
    request = ExportTraceServiceRequest()
    for number in numbers:
        group = request.resource_spans.add().scope_spans.add()
        group.spans.add(
            trace_id=number.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            name=str(number),
            start_time_unix_nano=start_ns,
            end_time_unix_nano=start_ns,
        )
    return request


def stored_names(spool: Spool) -> list[str]:
    spool.seal()
    names = []
    while segment := spool.next_segment(0):
        requests = list(spool.read(segment))
        for request in requests:
            for parent in as_traces(request.body).resource_spans:
                names += [span.name for group in parent.scope_spans for span in group.spans]
        spool.remove(segment, [request.keys for request in requests])
    return names


def test_a_span_in_another_batch_is_acknowledged_and_not_stored(spool: Spool) -> None:
    """The new ones beside it are; counters tell them apart."""
    intake = Intake(spool, limit_bytes=10**6)
    for sent in (traces(1, 2, 3), traces(3, 4), traces(2), traces(5, 5)):
        assert intake.accept("traces", sent.SerializeToString()).ByteSize() == 0
    assert stored_names(spool) == ["1", "2", "3", "4", "5"]
    counts = intake.counts()
    assert (counts["items_accepted"], counts["items_resent"], counts["requests_resent"]) == (5, 3, 1)


def test_other_times_or_tenants_make_other_spans(spool: Spool) -> None:
    """A span that is sent when it starts and again when it ends is two; what one tenant sent another may send too."""
    intake = Intake(spool, limit_bytes=10**6)
    intake.accept("traces", traces(1).SerializeToString())
    intake.accept("traces", traces(1, start_ns=NOW_NS + 1).SerializeToString())
    intake.accept("traces", traces(1).SerializeToString(), tenant="shop")
    assert stored_names(spool) == ["1", "1", "1"]


def test_a_span_with_an_impossible_clock_is_known_again(spool: Spool) -> None:
    """Its times are set to those of its receipt, which are others each time; what was sent decides."""
    intake = Intake(spool, limit_bytes=10**6)
    for batch_ in (traces(1, start_ns=7), traces(1, 2, start_ns=7)):
        intake.accept("traces", batch_.SerializeToString())
    assert stored_names(spool) == ["1", "2"]


@given(st.lists(st.lists(st.integers(1, 9), max_size=4), max_size=4), st.data())
def test_a_request_without_some_spans_keeps_all_others(groups: list[list[int]], data: st.DataObject) -> None:
    """Places count through all scopes."""
    request = ExportTraceServiceRequest()
    for numbers in groups:
        request.resource_spans.add().scope_spans.add().spans.extend(
            traces(number).resource_spans[0].scope_spans[0].spans[0] for number in numbers
        )
    names = [str(number) for numbers in groups for number in numbers]
    places = data.draw(st.sets(st.integers(0, len(names) - 1))) if names else set[int]()
    left = ExportTraceServiceRequest.FromString(without(request, places))
    found = [span.name for parent in left.resource_spans for group in parent.scope_spans for span in group.spans]
    assert found == [name for place, name in enumerate(names) if place not in places]


def test_keys_are_the_same_in_every_process() -> None:
    """They are kept on disk: a change of how they are made would forget all that is there."""
    identities = admit(traces(1, 2), NOW_NS).identities
    assert span_keys("shop", identities).hex() == "908694902e4b84bc744f629264fcf841"


few_numbers = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 40), min_size=1, max_size=FEW - 1)
many_numbers = st.builds(
    lambda seed, count: random.Random(seed).choices(range(500), k=count), st.integers(), st.integers(FEW, 3 * FEW)
)


@given(st.lists(few_numbers | many_numbers, max_size=8))
def test_recent_keys_are_those_of_a_plain_set(added: list[list[int]]) -> None:
    """Lookups, repetitions within a request, and forgetting, against the obvious version; 0 and 1 are keys as any other."""
    recent, plain = RecentKeys(limit=2048), set[int]()
    for numbers in added:
        keys = np.array([number + 2 if number < 2 else number for number in numbers], "<u8").tobytes()
        seen = set[int]()
        expected = []
        for number in np.frombuffer(keys, "<u8").tolist():
            expected.append(number in plain or number in seen)
            seen.add(number)
        assert recent.known(keys).tolist() == expected
        recent.recall(keys)
        plain |= seen
    gone = np.array(sorted(plain)[::2], "<u8").tobytes()
    recent.forget(gone)
    assert not recent.known(gone).any()
    kept = np.array(sorted(plain)[1::2], "<u8").tobytes()
    assert recent.known(kept).all()


def test_the_last_keys_are_remembered_and_memory_is_bounded() -> None:
    """At least as many as the limit, at most twice as many, whatever comes."""
    recent = RecentKeys(limit=100)
    keys = [key(number) for number in range(1, 1001)]
    for each in keys:
        recent.add(each)
    known = [bool(recent.known(each)[0]) for each in keys]
    assert all(known[-100:])
    assert sum(known) <= 200
