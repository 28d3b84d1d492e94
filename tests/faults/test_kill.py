"""The collector is killed again and again under load, and nothing that it acknowledged is lost or doubled."""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from schemas import database as databases

SPANS_PER_REQUEST = 20
SENDERS = 4
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
# Every span is a tool call that failed, so it has a row in each of these tables, which name it by these columns.
TABLES = {"otel_traces": "SpanId", "span_facts": "span_id", "tool_executions": "span_id", "exceptions": "span_id"}


class Process:
    """A running collector."""

    def __init__(self, folder: Path) -> None:
        program = Path(__file__).with_name("collector_process.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self.http_port, self.grpc_port = ports["http"], ports["grpc"]

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def stop(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._close()

    def _close(self) -> int:
        code = self._process.wait(60)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return code


class Sender:
    """An exporter: sends requests of its own, and one that was not acknowledged again until it is."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._count = 0
        self._pending: bytes | None = None
        self.acknowledged: set[str] = set()
        self.resent_count = 0

    def send_until(self, process: Process, stopping: threading.Event, *, only_pending: bool = False) -> None:
        while not stopping.is_set() and not (only_pending and self._pending is None):
            self.resent_count += self._pending is not None
            body = self._pending or self._next_request()
            self._pending = body
            if not self._is_acknowledged(process, body):
                return
            self.acknowledged |= span_ids(body)
            self._pending = None

    def _is_acknowledged(self, process: Process, body: bytes) -> bool:
        try:
            if self._number % 2:
                with grpc.insecure_channel(f"127.0.0.1:{process.grpc_port}") as channel:
                    return bool(channel.unary_unary(EXPORT)(body, timeout=10) == b"")
            connection = HTTPConnection("127.0.0.1", process.http_port, timeout=10)
            with contextlib.closing(connection):
                connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
                return connection.getresponse().status == 200
        except (OSError, HTTPException, grpc.RpcError):
            return False

    def _next_request(self) -> bytes:
        self._count += 1
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add().scope_spans.add()
        now_ns = time.time_ns()
        for index in range(SPANS_PER_REQUEST):
            span_id = (self._number << 48 | self._count << 16 | index + 1).to_bytes(8, "big")
            span = group.spans.add(trace_id=bytes(8) + span_id, span_id=span_id, name="execute_tool search")
            span.start_time_unix_nano = span.end_time_unix_nano = now_ns
            for key, value in {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}.items():
                span.attributes.add(key=key).value.string_value = value
            event = span.events.add(name="exception", time_unix_nano=now_ns)
            event.attributes.add(key="exception.type").value.string_value = "TimeoutError"
        return request.SerializeToString()


def span_ids(body: bytes) -> set[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return {span.span_id.hex() for span in request.resource_spans[0].scope_spans[0].spans}


@contextlib.contextmanager
def load(senders: list[Sender], process: Process) -> Iterator[None]:
    """Keep all senders busy until the block is left."""
    stopping = threading.Event()
    threads = [threading.Thread(target=sender.send_until, args=(process, stopping)) for sender in senders]
    for thread in threads:
        thread.start()
    yield
    stopping.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "kill_count", [pytest.param(10, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.soak)]
)
def test_killed_under_load_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path, kill_count: int) -> None:
    """Every acknowledged span is in every table once, and no span is anywhere twice, though all is sent until answered."""
    rng = random.Random(7)
    senders = [Sender(number + 1) for number in range(SENDERS)]
    for _ in range(kill_count):
        process = Process(tmp_path)
        with load(senders, process):
            time.sleep(rng.uniform(0.05, 0.8))
            process.kill()
    process = Process(tmp_path)
    for sender in senders:
        sender.send_until(process, threading.Event(), only_pending=True)
    assert process.stop() == 0
    acknowledged = set[str]().union(*(sender.acknowledged for sender in senders))
    assert len(acknowledged) > kill_count * SPANS_PER_REQUEST, "the load was too small to prove anything"
    assert sum(sender.resent_count for sender in senders) >= kill_count, (
        "no request was cut off, so none was sent again"
    )
    with databases.open(f"chdb://{tmp_path / 'database'}") as database:
        for table, column in TABLES.items():
            rows = database.query(f"SELECT lower({column}) AS id, count() AS n FROM {table} GROUP BY id")
            assert {row["id"] for row in rows} == acknowledged, table
            assert [row for row in rows if row["n"] != 1] == [], table
