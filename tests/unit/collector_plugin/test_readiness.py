"""A collector is ready while it takes requests, whatever the database does; the log tells what changes."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.collector import Collector
from collector_plugin.receivers.readiness import Readiness, spool_fault
from momus.clickhouse_http import serve
from schemas import database as databases
from schemas.database import Database
from schemas.errors import DatabaseTooNew
from schemas.settings import Settings


def body(number: int) -> bytes:
    """A request with one span."""
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=b"t" * 16, span_id=number.to_bytes(8, "big"), start_time_unix_nano=1, end_time_unix_nano=2
    )
    return bytes(request.SerializeToString())


def ask(collector: Collector, method: str, path: str, sent: bytes = b"") -> tuple[int, dict[str, object]]:
    """The status and JSON of an answer."""
    connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
    connection.request(method, path, sent, {"content-type": "application/x-protobuf"} if sent else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, orjson.loads(content) if method == "GET" else {}


def wait_until(holds: Callable[[], bool]) -> None:
    """Return as soon as it is so."""
    deadline_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_a_full_or_unwritable_spool_is_a_fault(tmp_path: Path) -> None:
    """Told in words; the folder is left as it was."""
    assert spool_fault(tmp_path, 9, 10) == ""
    assert spool_fault(tmp_path, 10, 10) == "full"
    assert spool_fault(tmp_path / "gone", 0, 10) == "cannot be written: No such file or directory"
    assert list(tmp_path.iterdir()) == []


def test_several_may_ask_at_once(tmp_path: Path) -> None:
    """A load balancer and an orchestrator probe the same folder, and neither finds the other's file gone."""
    with ThreadPoolExecutor(8) as pool:
        faults = pool.map(lambda _: spool_fault(tmp_path, 0, 10), range(4_000))
        assert set(faults) == {""}
    assert list(tmp_path.iterdir()) == []


def test_only_the_spool_makes_a_collector_unready() -> None:
    """The database is told of and waited for."""
    assert Readiness(is_database_reachable=False).is_ready
    assert not Readiness("full").is_ready


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Free ports, and a spool that takes one segment of one request."""
    return Settings(
        spool=tmp_path / "spool", grpc_address="127.0.0.1:0", http_address="127.0.0.1:0", segment_age_s=0.05
    )


def test_a_collector_says_whether_it_takes_requests(settings: Settings, database: Database) -> None:
    """200 while it does; 503 and the reason when the spool is full or its disk gone."""
    collector = Collector(settings, database)
    collector.start()
    try:
        assert ask(collector, "GET", "/readyz") == (200, {"status": "ready", "spool": "ok", "database": "reachable"})
        assert ask(collector, "GET", "/healthz")[0] == 200
        moved = settings.spool.rename(settings.spool.with_name("away"))
        status, said = ask(collector, "GET", "/readyz")
        assert (status, said["status"]) == (503, "not ready")
        assert ask(collector, "GET", "/healthz")[0] == 200
        moved.rename(settings.spool)
    finally:
        collector.stop()


def test_a_database_that_goes_and_comes_is_told_once_each(
    settings: Settings, engine: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is tried; meanwhile requests are taken, and the collector stays ready."""
    assert engine.folder is not None
    caplog.set_level(logging.INFO)
    server = serve(engine.folder, "127.0.0.1:0")
    collector = Collector(settings, databases.open(f"clickhouse://{server.address}/momus"))
    collector.start()
    try:
        server.stop()
        assert ask(collector, "POST", "/v1/traces", body(1))[0] == 200
        wait_until(lambda: ask(collector, "GET", "/readyz")[1]["database"] == "unreachable")
        assert ask(collector, "POST", "/v1/traces", body(2))[0] == 200
        time.sleep(0.5)  # some more tries
        assert ask(collector, "GET", "/readyz")[0] == 200
        assert b"momus_database_reachable 0" in metrics(collector)
        server = serve(engine.folder, server.address)
        assert collector.flush()
        wait_until(lambda: ask(collector, "GET", "/readyz")[1]["database"] == "reachable")
    finally:
        collector.stop()
        server.stop()
    told = [record.getMessage() for record in caplog.records if record.name == "collector_plugin.lane"]
    assert [text.partition(";")[0].partition(" after")[0] for text in told] == [
        "the database is unreachable",
        "the database is reachable again",
    ]


def test_a_collector_starts_before_its_database(
    settings: Settings, engine: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes requests at once, says that the database is away, and writes when it has come and is prepared."""
    caplog.set_level(logging.INFO)
    assert engine.folder is not None
    server = serve(engine.folder, "127.0.0.1:0")
    server.stop()
    refusals: list[Exception] = [DatabaseTooNew()]

    def prepare(database: Database) -> None:
        if refusals:
            raise refusals.pop()

    collector = Collector(settings, databases.later(f"clickhouse://{server.address}/momus", prepare))
    collector.start()
    try:
        assert ask(collector, "GET", "/readyz") == (200, {"status": "ready", "spool": "ok", "database": "unreachable"})
        assert ask(collector, "POST", "/v1/traces", body(3))[0] == 200
        wait_until(lambda: ask(collector, "GET", "/healthz")[1]["status"] == "not ok")
        assert b"momus_database_reachable 0" in metrics(collector)
        server = serve(engine.folder, server.address)
        assert collector.flush()
        wait_until(lambda: ask(collector, "GET", "/healthz")[1]["status"] == "ok")
        assert b"momus_database_reachable 1" in metrics(collector)
    finally:
        collector.stop()
        server.stop()
    told = [record.getMessage() for record in caplog.records if record.name == "collector_plugin.lane"]
    assert [text.partition(";")[0].partition(" after")[0] for text in told] == [
        "the database is unreachable",
        "the database cannot be used",
        "the database is reachable again",
    ]


def metrics(collector: Collector) -> bytes:
    """What Prometheus reads."""
    connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
    connection.request("GET", "/metrics")
    content = connection.getresponse().read()
    connection.close()
    return content
