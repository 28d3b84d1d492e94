"""Each segment is in every table exactly once, whatever happened before."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector_plugin import batch, exactly_once
from collector_plugin.batch import Block, raw_blocks, record_blocks
from collector_plugin.dialects import read_span
from collector_plugin.exactly_once import Written, write
from collector_plugin.lane import STRIKE_LIMIT
from collector_plugin.merges import Merges
from collector_plugin.otlp.admission import admit
from collector_plugin.spool.recent import key_of_request
from collector_plugin.spool.segment_format import StoredRequest
from collector_plugin.spool.spool import Spool
from collector_plugin.writer import InHand, Raw, Records, Stored, Writer, WriterCounts
from schemas.as_json import JsonLines, JsonStream
from schemas.database import Database

RECEIVED_NS = 1_790_000_000 * 10**9
COUNTED = ("otel_traces", "span_facts", "tool_executions", "exceptions")


def traces(*names: str) -> StoredRequest:
    """Return a request with a tool span that failed for each name."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    group.scope.name = "test.library"
    for name in names:
        span = group.spans.add(trace_id=name.encode().rjust(16, b"t"), span_id=name.encode().rjust(8, b"s"), name=name)
        span.start_time_unix_nano = span.end_time_unix_nano = RECEIVED_NS
        for key, value in {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}.items():
            span.attributes.add(key=key).value.string_value = value
        event = span.events.add(name="exception", time_unix_nano=RECEIVED_NS)
        event.attributes.add(key="exception.type").value.string_value = "TimeoutError"
    return stored(request)


def stored(request: ExportTraceServiceRequest | ExportLogsServiceRequest) -> StoredRequest:
    body = request.SerializeToString()
    kind = "traces" if isinstance(request, ExportTraceServiceRequest) else "logs"
    return StoredRequest(kind, body, RECEIVED_NS, key_of_request(kind, "", body))  # type: ignore[arg-type]  # is one of both


def counts(database: Database) -> dict[str, int]:
    return {table: database.query(f"SELECT count() AS n FROM {table}")[0]["n"] for table in COUNTED}


def blocks(requests: Sequence[StoredRequest], segment: str) -> Iterator[Block]:
    """Yield the blocks of both lanes."""
    yield from raw_blocks(requests, segment)
    yield from record_blocks(requests, segment)


def held(block: Block) -> dict[str, JsonLines]:
    """Return the rows of a block, made."""
    return {table: rows.gathered() if isinstance(rows, JsonStream) else rows for table, rows in block.tables.items()}


def write_all(database: Database, segment: str, requests: Sequence[StoredRequest]) -> Written:
    """Write what both lanes write, in one go."""
    return write(database, segment, lambda: blocks(requests, segment))


def everywhere(count: int) -> dict[str, int]:
    return dict.fromkeys(COUNTED, count)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool", segment_age_s=0.01)
    yield spool
    spool.close()


@pytest.fixture
def writer(spool: Spool, database: Database) -> Iterator[Writer]:
    own = database.clone()
    writer = Writer(spool, own)
    yield writer
    writer.stop()
    own.close()


@pytest.mark.parametrize("cut", [raw_blocks, record_blocks])
def test_rows_are_cut_into_the_same_blocks_every_time(
    cut: Callable[[Sequence[StoredRequest], str], Iterator[Block]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, by the bytes of their JSON; what one block begins another continues."""
    requests = [traces(*(f"{number}-{index}" for index in range(3))) for number in range(5)]
    (whole,) = map(held, cut(requests, "s"))
    size_bytes = sum(rows.size_bytes for rows in whole.values())
    monkeypatch.setattr(batch, "BLOCK_BYTES", size_bytes // 4)
    parts = list(map(held, cut(requests, "s")))
    assert len(parts) == 4
    assert list(map(held, cut(requests, "s"))) == parts
    for table, rows in whole.items():
        assert b"".join(part[table].text for part in parts) == rows.text
    assert list(cut([], "s")) == []


def test_a_block_is_bounded_whatever_its_spans_have_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resource is said once in a request and in every row, so the size of a request says little of its rows."""
    limit_bytes, resource_chars = 1_000_000, 100_000
    monkeypatch.setattr(batch, "BLOCK_BYTES", limit_bytes)
    request = ExportTraceServiceRequest()
    parent = request.resource_spans.add()
    parent.resource.attributes.add(key="big").value.string_value = "x" * resource_chars
    scope = parent.scope_spans.add()
    for number in range(100):
        scope.spans.add(trace_id=b"t" * 16, span_id=bytes([1 + number]) * 8, start_time_unix_nano=RECEIVED_NS)
    sizes_bytes = [sum(rows.size_bytes for rows in held(block).values()) for block in blocks([stored(request)], "s")]
    assert sum(sizes_bytes) > 100 * resource_chars
    assert max(sizes_bytes) < limit_bytes + 2 * resource_chars


def test_writing_a_segment_again_changes_nothing(database: Database) -> None:
    """After a crash the writer cannot know how far it came."""
    requests = [traces("a", "b"), traces("c")]
    for _ in range(3):
        assert write_all(database, "1-x", requests).repaired_tables == []
        assert counts(database) == everywhere(3)


def test_the_same_spans_in_two_segments_are_two_writes(database: Database) -> None:
    """Equal data alone is no reason to drop an insert; only the token is."""
    for segment in ("1-x", "2-y"):
        write_all(database, segment, [traces("a")])
    assert counts(database) == everywhere(2)


def test_rows_that_the_engine_forgot_although_it_knows_the_token_are_written_anew(database: Database) -> None:
    """The log of tokens is not synced with the data; the count tells."""
    requests = [traces("a", "b")]
    write_all(database, "1-x", requests)
    database.command("ALTER TABLE tool_executions DELETE WHERE 1 SETTINGS mutations_sync = 2")
    assert write_all(database, "1-x", requests).repaired_tables == ["tool_executions"]
    assert counts(database) == everywhere(2)


def test_rows_that_were_doubled_are_made_single(database: Database) -> None:
    """As when the part was kept and the token lost."""
    requests = [traces("a", "b")]
    rows = next(raw_blocks(requests, "1-x")).tables["otel_traces"]
    database.insert("otel_traces", rows, token="another")
    assert write_all(database, "1-x", requests).repaired_tables == ["otel_traces"]
    assert counts(database) == everywhere(2)


def test_rows_are_made_right_while_merges_wait(database: Database, spool: Spool) -> None:
    """The engine takes rows out only while it may merge, so to wait for that would be to wait for ever."""
    merges, in_hand = Merges(database.clone()), InHand()
    raw = Raw(spool, database, WriterCounts(), Stored(), in_hand, merges)
    spool.append(traces("a", "b"))
    spool.seal()
    segment = raw.next(0)
    assert segment
    database.insert("otel_traces", next(raw_blocks(spool.read(segment), segment.name)).tables["otel_traces"], token="x")
    merges.give_way()
    writing = threading.Thread(target=raw.do, args=(segment,), daemon=True)
    writing.start()
    writing.join(30)
    assert not writing.is_alive()
    assert counts(database)["otel_traces"] == 2
    merges.close()


def test_merges_go_on_under_a_load_that_leaves_no_segment_waiting(
    database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane need not be idle for that: it may find a segment whenever it asks."""
    monkeypatch.setattr("collector_plugin.writer.PAUSE_S", 0.0)
    merges = Merges(database.clone())
    raw = Raw(spool, database, WriterCounts(), Stored(), InHand(), merges)
    seen = []
    for name in "ab":
        spool.append(traces(name))
        spool.seal()
    for _ in range(2):
        assert raw.next(0)
        seen.append(merges.are_waiting)
    merges.close()
    assert seen == [True, False]


def test_a_writer_that_repairs_while_it_stops_comes_to_its_end(
    database: Database, spool: Spool, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last lane may wait for merges that another one has stopped."""
    is_counting, may_count = threading.Event(), threading.Event()
    count = exactly_once._count

    def count_none_at_first(asked: Database, segment: str, table: str) -> int:
        if table != "span_facts" or is_counting.is_set():
            return count(asked, segment, table)
        is_counting.set()
        may_count.wait(20)
        return 0

    monkeypatch.setattr(exactly_once, "_count", count_none_at_first)
    monkeypatch.setattr(Merges, "go_on", lambda *_: None)  # as if another lane stopped them again at once
    spool.append(traces("a"))
    writer.start()
    assert is_counting.wait(20)
    writer.merges.give_way()
    may_count.set()
    stopping = threading.Thread(target=writer.stop, daemon=True)
    stopping.start()
    stopping.join(30)
    assert not stopping.is_alive()
    assert counts(database) == everywhere(1)


def test_no_two_lanes_write_one_segment_at_once(database: Database, spool: Spool) -> None:
    """Each takes the oldest that no other has; what one fails at, either may take, after all others."""
    stored, in_hand = Stored(), InHand()
    one, other = (Raw(spool, database, WriterCounts(), stored, in_hand, Merges(None)) for _ in range(2))
    for name in "abc":
        spool.append(traces(name))
        spool.seal()
    a, b = one.next(0), other.next(0)
    assert a
    assert b
    assert a.name < b.name
    assert not in_hand.is_empty.is_set()
    other.do(b)
    one.defer(a)
    assert in_hand.is_empty.is_set()
    c = other.next(0)
    assert c
    assert c.name > b.name
    assert one.next(0) is a
    assert other.next(0) is None
    one.do(a)
    assert counts(database)["otel_traces"] == 2


def test_a_crash_between_two_tables_is_completed(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one attempt left in one table is completed by the next in all, block by block."""
    monkeypatch.setattr(batch, "BLOCK_BYTES", 1)
    requests = [traces("a"), traces("b")]
    first = next(raw_blocks(requests, "1-x"))
    database.insert("otel_traces", first.tables["otel_traces"], token="1-x/otel_traces/0")
    assert write_all(database, "1-x", requests).repaired_tables == []
    assert counts(database) == everywhere(2)


def test_a_dialect_that_fails_costs_only_the_records_of_its_span(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The raw span is stored, its ids are logged, the neighbours are read."""
    real = read_span
    monkeypatch.setattr("collector_plugin.batch.read_span", lambda span: 1 // 0 if span.name == "bad" else real(span))
    written = write_all(database, "1-x", [traces("a", "bad", "b")])
    assert written.unread_count == 1
    assert counts(database) == {**everywhere(2), "otel_traces": 3}
    assert b"bad".rjust(8, b"s").hex() in caplog.text


@pytest.mark.parametrize("score", ['"high"', "{}", "[1]", "true", "1e400", '"0.9"', "12345678901234567890123"])
def test_a_documents_score_of_any_kind_is_written(database: Database, score: str) -> None:
    """A word where a number belongs would be refused by the column, and the segment with it, every time."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.start_time_unix_nano = span.end_time_unix_nano = RECEIVED_NS
    documents = f'[{{"id": "1", "content": "c", "score": {score}}}]'
    for key, value in {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": documents}.items():
        span.attributes.add(key=key).value.string_value = value
    assert write_all(database, "1-x", [stored(request)]).row_counts["retrievals"] == 1


def test_an_evaluation_in_words_keeps_its_label(database: Database) -> None:
    """The verdict counts; the score is only a part of it."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(event_name="gen_ai.evaluation.result")
    record.time_unix_nano = RECEIVED_NS
    for key, value in {"name": "tone", "score.value": "good", "score.label": "fail"}.items():
        record.attributes.add(key=f"gen_ai.evaluation.{key}").value.string_value = value
    assert write_all(database, "1-x", [stored(request)]).unread_count == 0
    assert database.query("SELECT score, label FROM feedback") == [{"score": None, "label": "fail"}]


texts = st.text(max_size=30)
numbers = st.integers(-(2**63), 2**63 - 1)
anything = st.one_of(texts, st.booleans(), numbers, st.floats(), st.binary(max_size=9), st.lists(numbers, max_size=3))
keys = st.one_of(
    texts,
    st.sampled_from(["gen_ai.operation.name", "gen_ai.input.messages", "llm.input_messages.5000000.message.content"]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(keys, anything, max_size=5), min_size=1, max_size=3), texts, st.integers(0, 2**64 - 1))
def test_whatever_is_admitted_can_be_written(
    database: Database, spans: list[dict[str, Any]], name: str, time_ns: int
) -> None:
    """No content, however odd, may keep a segment from being written or be the fault of another span."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    for number, attributes in enumerate(spans):
        span = group.spans.add(trace_id=b"t" * 16, span_id=bytes([1 + number]) * 8, name=name)
        span.start_time_unix_nano = span.end_time_unix_nano = time_ns
        span.events.add(name=name, time_unix_nano=time_ns)
        span.links.add(trace_id=b"short", attributes=span.attributes)
        for key, value in attributes.items():
            fill(span.attributes.add(key=key).value, value)
    admit(request, RECEIVED_NS)
    segment = f"1-{next(segments)}"
    written = write_all(database, segment, [stored(request)])
    assert (written.lost, written.repaired_tables) == ([], [])
    rows = database.query("SELECT SpanName FROM otel_traces WHERE Segment = {segment:String}", segment=segment)
    assert rows == [{"SpanName": name}] * len(spans)


segments = iter(range(10**9))


def fill(target: AnyValue, value: Any) -> None:
    match value:
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case str():
            target.string_value = value
        case bytes():
            target.bytes_value = value
        case list():
            target.array_value.values.extend(AnyValue(int_value=item) for item in value)


def test_spans_of_no_dialect_are_counted_by_scope_and_name(database: Database) -> None:
    """So that a person can see what momus does not understand."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    group.scope.name = "their.library"
    for span_id in (b"a" * 8, b"b" * 8):
        group.spans.add(trace_id=b"t" * 16, span_id=span_id, name="GET /", start_time_unix_nano=RECEIVED_NS)
    assert write_all(database, "1-x", [stored(request)]).unknown_spans == {("their.library", "GET /"): 2}


def test_logs_are_written_too(database: Database) -> None:
    """Next to traces in one segment."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=RECEIVED_NS).body.string_value = "hello"
    write_all(database, "1-x", [traces("a"), stored(request)])
    assert database.query("SELECT Body FROM otel_logs") == [{"Body": "hello"}]


def test_the_thread_writes_what_is_acknowledged_and_frees_the_spool(
    spool: Spool, writer: Writer, database: Database
) -> None:
    """What was there before it started first."""
    spool.append(traces("a"))
    writer.start()
    spool.append(traces("b"))
    assert spool.wait_gone(spool.seal(), 20)
    assert counts(database) == everywhere(2)
    assert spool.waiting_bytes == 0


def test_a_request_that_cannot_be_flattened_is_kept_aside(spool: Spool, writer: Writer, tmp_path: Path) -> None:
    """It costs itself; the segment is written."""
    spool.append(StoredRequest("traces", b"\xff\xff", RECEIVED_NS, bytes(8)))
    spool.append(traces("a"))
    writer.start()
    assert spool.wait_gone(spool.seal(), 20)
    assert writer.counts.requests_lost == 1
    assert [kept.read_bytes() for kept in (tmp_path / "spool" / "aside").iterdir()] == [b"\xff\xff"]


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be")


def test_a_database_that_fails_is_tried_until_it_works(spool: Spool, writer: Writer, database: Database) -> None:
    """Nothing is lost or set aside meanwhile, and the status says why nothing is written."""
    database.command("RENAME TABLE otel_traces TO otel_traces_away")
    try:
        for name in "abc":
            spool.append(traces(name))
            spool.seal()
        writer.start()
        wait_for(lambda: bool(writer.last_error))
        assert writer.counts.segments_written == 0
    finally:
        database.command("RENAME TABLE otel_traces_away TO otel_traces")
    assert spool.wait_gone(spool.seal(), 30)
    assert counts(database) == everywhere(3)
    assert writer.counts.segments_set_aside == 0
    assert writer.last_error == ""


def test_spans_can_be_queried_before_dialects_have_read_them(spool: Spool, writer: Writer, database: Database) -> None:
    """What is read of them follows, and until then the segment stays in the spool, though nothing more is asked of it."""
    database.command("RENAME TABLE span_facts TO span_facts_away")
    try:
        spool.append(traces("a"))
        writer.start()
        wait_for(lambda: bool(writer.last_error))
        assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 1}]
        assert (writer.unread_count, spool.waiting_count) == (1, 1)
        assert writer.oldest_raw_ns is None
        spool.append(traces("b"))
        wait_for(lambda: database.query("SELECT count() AS n FROM otel_traces") == [{"n": 2}])
    finally:
        database.command("RENAME TABLE span_facts_away TO span_facts")
    assert spool.wait_gone(spool.seal(), 30)
    assert counts(database) == everywhere(2)
    assert (writer.unread_count, writer.last_error) == (0, "")


@pytest.mark.parametrize(("overdue_s", "limit_bytes"), [(0.0, 10**9), (1e9, 1)])
def test_reading_does_not_wait_for_ever(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, overdue_s: float, limit_bytes: int
) -> None:
    """It gives way to what is not queryable yet, but not when it is late, nor when the spool fills."""
    with contextlib.closing(Spool(tmp_path / "small")) as spool:
        spool.append(traces("a"))
    spool = Spool(tmp_path / "small", limit_bytes=limit_bytes)
    segment = spool.next_segment(0)
    assert segment
    is_raw_idle, stored = threading.Event(), Stored()
    stored.add(segment, [])
    monkeypatch.setattr("collector_plugin.writer.OVERDUE_S", overdue_s)
    reading = threading.Thread(
        target=Records(spool, database, WriterCounts(), stored, is_raw_idle, Merges(None)).do,
        args=(segment,),
        daemon=True,
    )
    reading.start()
    reading.join(20)
    assert not reading.is_alive()
    assert spool.waiting_count == 0
    assert counts(database)["span_facts"] == 1
    spool.close()


def test_reading_gives_way(spool: Spool, database: Database) -> None:
    """Nothing is read while the other lane works; all is, once it does not."""
    spool.append(traces("a"))
    spool.seal()
    segment = spool.next_segment(0)
    assert segment
    is_raw_idle, stored, own = threading.Event(), Stored(), database.clone()
    stored.add(segment, [])
    thread = threading.Thread(
        target=Records(spool, own, WriterCounts(), stored, is_raw_idle, Merges(None)).do, args=(segment,)
    )
    thread.start()
    thread.join(0.5)
    assert thread.is_alive()
    is_raw_idle.set()
    thread.join(20)
    own.close()
    assert counts(database)["span_facts"] == 1


def test_a_segment_that_fails_while_others_succeed_is_set_aside(
    spool: Spool, writer: Writer, database: Database, tmp_path: Path
) -> None:
    """It must not keep everything behind it from being written for ever; its bytes are kept."""
    database.command("ALTER TABLE otel_traces ADD CONSTRAINT never CHECK SpanName != 'poison'")
    try:
        spool.append(traces("poison"))
        spool.seal()
        writer.start()
        for number in range(STRIKE_LIMIT):
            spool.append(traces(f"good{number}"))
            spool.seal()
            wait_for(lambda wanted=number: writer.counts.segments_written > wanted)  # type: ignore[misc]  # a default
        wait_for(lambda: writer.counts.segments_set_aside == 1)
    finally:
        database.command("ALTER TABLE otel_traces DROP CONSTRAINT never")
    assert len(list((tmp_path / "spool" / "aside").glob("*.segment"))) == 1
    assert spool.waiting_count == 0
