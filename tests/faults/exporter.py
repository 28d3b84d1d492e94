"""An exporter that never gives up, and what it knows was acknowledged.

It follows OTLP's rules for clients (https://opentelemetry.io/docs/specs/otlp/#failures): after a refusal that allows it,
or no answer at all, the same request is sent again, not before the delay that the server asked for. What it was told
never to send again it drops, and remembers that it was told so.

Every id says what it is of, so that each can be looked for in the tables that it must have a row in.
"""

import contextlib
import http.client
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import grpc
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from schemas.database import Database

Signal = Literal["traces", "logs"]
Transport = Literal["http", "grpc"]

TIMEOUT_S = 10.0
PATIENCE_S = 120.0
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
QUEUE_LIMIT = 100  # requests, together about as many spans as the SDKs keep
METHODS: dict[Signal, str] = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
RETRYABLE_CODES = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"})

# What an id is of, by its remainder modulo four.
TOOL, SEARCH, CHAT, RATING = range(4)
TABLES = {
    "otel_traces": ("SpanId", {TOOL, SEARCH, CHAT}),
    "otel_logs": ("SpanId", {RATING}),
    "span_facts": ("span_id", {TOOL, SEARCH, CHAT}),
    "tool_executions": ("span_id", {TOOL}),
    "exceptions": ("span_id", {TOOL}),
    "retrievals": ("span_id", {SEARCH}),
    "feedback": ("span_id", {RATING}),
    # Said once for each chat. A message body may be stored more than once; readers merge those, as this does.
    "(SELECT DISTINCT content, role FROM message_bodies)": ("content", {CHAT}),
}


def check_each_once(database: Database, acknowledged: set[int]) -> None:
    """Assert that every table has a row for every acknowledged id that belongs there, exactly one, and no other."""
    for table, (column, kinds) in TABLES.items():
        rows = database.query(f"SELECT lower({column}) AS id, count() AS n FROM {table} GROUP BY id")
        assert {int(row["id"], 16) for row in rows} == {id for id in acknowledged if id % 4 in kinds}, table
        assert [row for row in rows if row["n"] != 1] == [], table


@dataclass(frozen=True, slots=True)
class Request:
    """An export request and the ids that it brings."""

    signal: Signal
    ids: Sequence[int]
    body: bytes


def make_request(ids: Sequence[int], *, padding_chars: int = 0, now_ns: int = 0) -> Request:
    """Return spans, or log records, of these ids; all of one signal. The same arguments make the same bytes."""
    if ids[0] % 4 == RATING:
        return Request("logs", ids, _ratings(ids, now_ns))
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for id in ids:
        span_id = id.to_bytes(8, "big")
        span = spans.add(trace_id=bytes(8) + span_id, span_id=span_id, name=f"span {id % 4}")
        span.start_time_unix_nano, span.end_time_unix_nano = now_ns, now_ns + 1
        for key, value in _attributes(id, padding_chars).items():
            span.attributes.add(key=key).value.string_value = value
        if id % 4 == TOOL:
            _fail(span)
    return Request("traces", ids, request.SerializeToString())


def _attributes(id: int, padding_chars: int) -> dict[str, str]:
    padding = {"padding": (f"{id:x} " * (padding_chars // 8 + 1))[:padding_chars]} if padding_chars else {}
    match id % 4:
        case 0:
            return padding | {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
        case 1:
            return padding | {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": '[{"id": "a"}]'}
        case _:
            said = f'[{{"role": "user", "parts": [{{"type": "text", "content": "{id:x}"}}]}}]'
            return padding | {"gen_ai.operation.name": "chat", "gen_ai.input.messages": said}


def _fail(span: Span) -> None:
    event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
    event.attributes.add(key="exception.type").value.string_value = "TimeoutError"


def _ratings(ids: Sequence[int], now_ns: int) -> bytes:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for id in ids:
        span_id = id.to_bytes(8, "big")
        record = records.add(
            trace_id=bytes(8) + span_id, span_id=span_id, time_unix_nano=now_ns, event_name="gen_ai.evaluation.result"
        )
        for key, value in {"gen_ai.evaluation.name": "helpful", "gen_ai.evaluation.score.label": "yes"}.items():
            record.attributes.add(key=key).value.string_value = value
    return request.SerializeToString()


@dataclass(slots=True)
class Place:
    """Where the collector is at present. While there is none, at port 0, where nobody else can be either."""

    http_port: int = 0
    grpc_port: int = 0

    def move(self, http_port: int, grpc_port: int) -> None:
        """Be there from now on."""
        self.http_port, self.grpc_port = http_port, grpc_port

    @contextlib.contextmanager
    def at(self, http_port: int, grpc_port: int) -> Iterator[None]:
        """Be there until the block is left."""
        self.move(http_port, grpc_port)
        try:
            yield
        finally:
            self.move(0, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending: `delay_s` is how long the server asked to wait; None where it did not ask, or not answer."""

    what: str
    is_accepted: bool = False
    is_final: bool = False
    delay_s: float | None = None


@dataclass(slots=True)
class Exporter:
    """Sends requests of its own one after another, `pace_s` after each. Its counts may be read when its thread has ended.

    With `offered_per_s`, an application makes so many requests a second, whatever becomes of them: they wait in a queue of
    `QUEUE_LIMIT`, and those that it has no room for are never sent, as with an SDK.
    """

    number: int
    place: Place
    transport: Transport = "http"
    spans_per_request: int = 20
    padding_chars: int = 0
    timeout_s: float = TIMEOUT_S
    pace_s: float = 0.0
    offered_per_s: float = 0.0
    acknowledged: set[int] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    undelayed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    resent_count: int = 0
    ack_s: list[float] = field(default_factory=list)
    is_abandoned: bool = False
    _request_count: int = 0

    def run(self, stopping: threading.Event) -> None:
        """Send until told to stop; what is not answered by then is sent until it is."""
        begun_s = time.monotonic()
        with self._line() as line:
            while not stopping.is_set():
                if self.offered_per_s:
                    self._await_request(stopping, (time.monotonic() - begun_s) * self.offered_per_s)
                request = self.next_request()
                if self._deliver(line, request):
                    self.acknowledged.update(request.ids)
                stopping.wait(self.pace_s)

    def _await_request(self, stopping: threading.Event, made_count: float) -> None:
        self._request_count = max(self._request_count, int(made_count) - QUEUE_LIMIT)
        stopping.wait(max(0.0, (self._request_count + 1 - made_count) / self.offered_per_s))

    def next_request(self) -> Request:
        """Return a request that was never sent: two of spans, then one of log records."""
        self._request_count += 1
        first = self.number << 48 | self._request_count << 16
        if self._request_count % 3 == 0:
            ids: Sequence[int] = range(first + RATING, first + RATING + 4 * self.spans_per_request, 4)
        else:
            ids = [first + index // 3 * 4 + index % 3 for index in range(self.spans_per_request)]
        return make_request(ids, padding_chars=self.padding_chars, now_ns=time.time_ns())

    def _deliver(self, line: "Line", request: Request) -> bool:
        pause_s = FIRST_PAUSE_S
        while not self.is_abandoned:
            begun_s = time.monotonic()
            answer = line.send(request)
            self.answers[answer.what] += 1
            if answer.is_accepted:
                self.ack_s.append(time.monotonic() - begun_s)
                return True
            if answer.is_final:
                self.dropped[answer.what] += 1
                return False
            if answer.delay_s is None:
                self.undelayed[answer.what] += 1
            time.sleep(answer.delay_s or pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            self.resent_count += 1
        return False

    def _line(self) -> contextlib.AbstractContextManager["Line"]:
        return contextlib.closing(Line(self.place, self.transport, self.timeout_s))


class Line:
    """A connection that is made anew when it breaks or the collector has moved. For one thread."""

    def __init__(self, place: Place, transport: Transport, timeout_s: float = TIMEOUT_S) -> None:
        self._place = place
        self._transport = transport
        self._timeout_s = timeout_s
        self._port = 0
        self._http: http.client.HTTPConnection | None = None
        self._grpc: grpc.Channel | None = None

    def send(self, request: Request) -> Answer:
        """Send once and tell what came of it."""
        try:
            return self._post(request) if self._transport == "http" else self._call(request)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Answer(f"no answer: {type(error).__name__}")

    def close(self) -> None:
        """Hang up; the next request connects anew."""
        for connection in (self._http, self._grpc):
            if connection:
                connection.close()
        self._http = self._grpc = None

    def _move(self, port: int) -> None:
        if port != self._port:
            self.close()
            self._port = port

    def _post(self, request: Request) -> Answer:
        self._move(self._place.http_port)
        self._http = self._http or http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout_s)
        self._http.request("POST", f"/v1/{request.signal}", request.body, {"content-type": "application/x-protobuf"})
        response = self._http.getresponse()
        response.read()
        if response.will_close:
            self.close()
        delay = response.headers.get("retry-after")
        return Answer(
            f"HTTP {response.status}",
            is_accepted=response.status == 200,
            is_final=response.status not in RETRYABLE_STATUSES | {200},
            delay_s=float(delay) if delay else None,
        )

    def _call(self, request: Request) -> Answer:
        self._move(self._place.grpc_port)
        # Without a pool of its own, a channel would share the connection, and its backoff, of all others to the port.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 50)]
        self._grpc = self._grpc or grpc.insecure_channel(f"127.0.0.1:{self._port}", options)
        try:
            self._grpc.unary_unary(METHODS[request.signal])(request.body, timeout=self._timeout_s)
        except grpc.RpcError as error:
            return _refused(error)
        return Answer("gRPC OK", is_accepted=True)


def _refused(error: grpc.RpcError) -> Answer:
    """Return what a failed call tells the sender; one that the server never answered has no status of its own."""
    code = error.code().name
    trailers = dict(error.trailing_metadata() or ())
    if "grpc-status-details-bin" not in trailers and code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
        return Answer(f"no answer: {code}")
    delay_s = _retry_delay_s(trailers.get("grpc-status-details-bin", b""))
    is_retryable = code in RETRYABLE_CODES or (code == "RESOURCE_EXHAUSTED" and delay_s is not None)
    return Answer(f"gRPC {code}", is_final=not is_retryable, delay_s=delay_s)


def _retry_delay_s(details: bytes) -> float | None:
    for detail in status_pb2.Status.FromString(details).details:
        if detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            return float(delay.seconds + delay.nanos / 1e9)
    return None


@contextlib.contextmanager
def exporting(exporters: Sequence[Exporter]) -> Iterator[None]:
    """Keep all of them busy until the block is left, then wait until all that they sent is answered.

    A test that fails within the block has no collector left that would answer; then nothing is waited for.
    """
    stopping = threading.Event()
    threads = [threading.Thread(target=exporter.run, args=(stopping,)) for exporter in exporters]
    for thread in threads:
        thread.start()
    deadline_s = 0.0
    try:
        yield
        deadline_s = time.monotonic() + PATIENCE_S
    finally:
        stopping.set()
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        is_answered = not any(thread.is_alive() for thread in threads)
        for exporter in exporters:
            exporter.is_abandoned = True
        for thread in threads:
            thread.join()
    assert is_answered, "what was sent last was never acknowledged"


def all_acknowledged(exporters: Sequence[Exporter]) -> set[int]:
    """Return the ids of all of them; none may have been told to drop anything."""
    assert sum((exporter.dropped for exporter in exporters), Counter()) == {}
    return set().union(*(exporter.acknowledged for exporter in exporters))


def tell(exporters: Sequence[Exporter]) -> None:
    """Print what was acknowledged, how often each answer came and how fast, for the reader of a soak run."""
    ids = sum(len(exporter.acknowledged) for exporter in exporters)
    answers = sum((exporter.answers for exporter in exporters), Counter[str]())
    ack_ms = sorted(1000 * ack_s for exporter in exporters for ack_s in exporter.ack_s)
    p50, p99 = (ack_ms[int(len(ack_ms) * share)] for share in (0.5, 0.99))
    sys.stdout.write(f"{ids:,} acknowledged; p50 {p50:.0f} ms, p99 {p99:.0f} ms; {dict(answers)}\n")
