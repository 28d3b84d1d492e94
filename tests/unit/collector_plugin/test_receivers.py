"""Both receivers give the answer that OTLP prescribes to anything a client may send, and serve the next one."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

import grpc
import orjson
import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector_plugin.otlp.requests import as_traces
from collector_plugin.receivers import http_protocol, http_receiver
from collector_plugin.receivers.grpc_receiver import SERVICES, STATUS_KEY, GrpcReceiver
from collector_plugin.receivers.http_receiver import HttpReceiver
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.room import Room
from collector_plugin.spool.spool import Spool
from schemas.errors import SettingsError

LIMIT = 30_000_000
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
FULL_BYTES = 100_000_000


@dataclass
class Edge:
    """Both receivers in front of a spool, without a database."""

    http: HttpReceiver
    grpc: GrpcReceiver
    intake: Intake
    spool: Spool

    def stored_names(self) -> list[str]:
        """Return the names of all spans that were stored since the last call."""
        names = []
        self.spool.seal()
        while segment := self.spool.next_segment(0):
            for request in self.spool.read(segment):
                for parent in as_traces(request.body).resource_spans:
                    names += [span.name for group in parent.scope_spans for span in group.spans]
            self.spool.remove(segment, [])
        return names

    def post(
        self,
        body: bytes | Iterator[bytes] | None,
        content_type: str | None = PROTOBUF,
        path: str = "/v1/traces",
        method: str = "POST",
        **headers: str,
    ) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.http.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            sent["content-type"] = content_type
        connection.request(method, path, body, sent, encode_chunked=not isinstance(body, bytes | None))
        response = connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]  # read before the connection is closed
        connection.close()
        return response

    def call(self, body: bytes, signal: str = "traces", **options: Any) -> bytes:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc.port}", options=[("grpc.max_send_message_length", -1)]) as to:
            answer: bytes = to.unary_unary(f"/{SERVICES[signal]}/Export")(body, timeout=20, **options)  # type: ignore[index]  # a test's own name
            return answer


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    spool = Spool(tmp_path_factory.mktemp("spool"), limit_bytes=FULL_BYTES)
    intake = Intake(spool, limit_bytes=LIMIT)
    edge = Edge(HttpReceiver("127.0.0.1:0", intake, intake.counts), GrpcReceiver("127.0.0.1:0", intake), intake, spool)
    edge.http.start()
    edge.grpc.start()
    yield edge
    edge.http.stop(1)
    edge.grpc.stop(1)
    spool.close()


@pytest.fixture(autouse=True)
def nothing_left(edge: Edge) -> Iterator[None]:
    yield
    edge.stored_names()
    assert not edge.spool.torn_count + edge.spool.corrupt_count


ids = iter(range(1, 10**9))


def batch(*names: str, **fields: Any) -> ExportTraceServiceRequest:
    """Return a request of its own with a span for each name; `fields` are set on the first."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    now_ns = time.time_ns()
    for name in names or ("a",):
        span = group.spans.add(name=name, start_time_unix_nano=now_ns, end_time_unix_nano=now_ns + 1)
        span.trace_id, span.span_id = next(ids).to_bytes(16, "big"), next(ids).to_bytes(8, "big")
    for field, value in fields.items():
        setattr(group.spans[0], field, value)
    return request


def with_attribute(value: str) -> ExportTraceServiceRequest:
    request = batch("bad", "good")
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k").value.string_value = value
    return request


def invalid_utf8() -> bytes:
    return with_attribute("QQQQ").SerializeToString().replace(b"QQQQ", b"\xff\xfe\xfd\xfc")


def json_span(**fields: Any) -> bytes:
    span = {"traceId": f"{next(ids):032x}", "spanId": f"{next(ids):016x}", "name": "j", **fields}
    span |= dict.fromkeys(("startTimeUnixNano", "endTimeUnixNano"), str(time.time_ns()))
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


ACCEPTED: dict[str, tuple[Callable[[], bytes], list[str], int]] = {
    "one span": (lambda: batch("a").SerializeToString(), ["a"], 0),
    "no bytes": (lambda: b"", [], 0),
    "no spans": (lambda: ExportTraceServiceRequest(resource_spans=[{}]).SerializeToString(), [], 0),  # type: ignore[list-item]  # protobuf takes dicts
    "trace id too short": (lambda: batch("bad", "good", trace_id=b"abc").SerializeToString(), ["good"], 1),
    "trace id all zero": (lambda: batch("bad", "good", trace_id=bytes(16)).SerializeToString(), ["good"], 1),
    "span id too long": (lambda: batch("bad", "good", span_id=b"s" * 32).SerializeToString(), ["good"], 1),
    "invalid UTF-8": (invalid_utf8, ["bad", "good"], 0),
    "a hundred years away": (
        lambda: batch("odd", "good", end_time_unix_nano=5 * 10**18).SerializeToString(),
        ["odd", "good"],
        0,
    ),
    "ends before it starts": (lambda: batch("odd", end_time_unix_nano=1).SerializeToString(), ["odd"], 0),
    "20 MB in one attribute": (lambda: with_attribute("x" * 20_000_000).SerializeToString(), ["bad", "good"], 0),
    "NUL": (lambda: with_attribute("a\0b").SerializeToString(), ["bad", "good"], 0),
    "unknown fields": (lambda: batch("a").SerializeToString() + b"\xf8\x7f\x01", ["a"], 0),
}
REFUSED: dict[str, bytes] = {
    "garbage": b"\xff" * 300,
    "truncated": batch(*"abcdefgh").SerializeToString()[:-20],
}


@pytest.mark.parametrize("case", ACCEPTED)
@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_what_can_be_kept_is_kept(edge: Edge, case: str, transport: str) -> None:
    """The bad span costs only itself, and the answer says how many were rejected."""
    body, names, rejected_count = ACCEPTED[case][0](), *ACCEPTED[case][1:]
    if transport == "http":
        response = edge.post(body)
        assert (response.status, response.getheader("content-type")) == (200, PROTOBUF)
        answer = ExportTraceServiceResponse.FromString(response.body)  # type: ignore[attr-defined]  # see `post`
    else:
        answer = ExportTraceServiceResponse.FromString(edge.call(body))
    assert answer.partial_success.rejected_spans == rejected_count
    assert bool(answer.partial_success.error_message) >= bool(rejected_count)
    assert edge.stored_names() == names


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_over_http(edge: Edge, case: str) -> None:
    """400, so that it is not repeated, with a Status; the next request is served."""
    response = edge.post(REFUSED[case])
    assert (response.status, response.getheader("content-type")) == (400, PROTOBUF)
    assert Status.FromString(response.body).code == code_pb2.INVALID_ARGUMENT  # type: ignore[attr-defined]  # see `post`
    assert response.getheader("retry-after") is None
    assert edge.post(batch().SerializeToString()).status == 200


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_over_grpc(edge: Edge, case: str) -> None:
    """INVALID_ARGUMENT with a Status; the next call is served."""
    with pytest.raises(grpc.RpcError) as refused:
        edge.call(REFUSED[case])
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    trailers = dict(refused.value.trailing_metadata())
    assert Status.FromString(trailers[STATUS_KEY]).code == code_pb2.INVALID_ARGUMENT
    edge.call(batch().SerializeToString())


def test_json_is_answered_in_json(edge: Edge) -> None:
    """Success, partial success and refusal."""
    response: Any = edge.post(json_span(futureField={"a": 1}), JSON + "; charset=utf-8")
    assert (response.status, response.getheader("content-type"), response.body) == (200, JSON, b"{}")
    response = edge.post(json_span(traceId="ab"), JSON)
    partial = orjson.loads(response.body)["partialSuccess"]
    assert (response.status, partial["rejectedSpans"]) == (200, "1")
    assert "16 bytes" in partial["errorMessage"]
    response = edge.post(json_span(kind="SPAN_KIND_CLIENT"), JSON)
    assert (response.status, response.getheader("content-type")) == (400, JSON)
    assert orjson.loads(response.body)["code"] == code_pb2.INVALID_ARGUMENT
    assert edge.stored_names() == ["j"]


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)]
)
def test_compressed_bodies_are_taken(edge: Edge, coding: str, compress: Callable[[bytes], bytes]) -> None:
    """In one piece and in chunks."""
    assert edge.post(compress(batch("a").SerializeToString()), content_encoding=coding).status == 200
    compressed = compress(batch("b").SerializeToString())
    pieces = iter([compressed[at : at + 7] for at in range(0, len(compressed), 7)])
    assert edge.post(pieces, content_encoding=coding).status == 200
    assert edge.stored_names() == ["a", "b"]


def test_compressed_calls_are_taken(edge: Edge) -> None:
    """As the SDKs send them with OTEL_EXPORTER_OTLP_COMPRESSION=gzip."""
    edge.call(batch("a").SerializeToString(), compression=grpc.Compression.Gzip)
    assert edge.stored_names() == ["a"]


def test_what_is_too_large_is_refused_for_good(edge: Edge) -> None:
    """By its length, as it comes, when inflated, over gRPC; never with a word about trying again."""
    body = with_attribute("x" * LIMIT).SerializeToString()
    bomb = gzip.compress(bytes(10 * LIMIT), 1)
    pieces = iter([body[at : at + 1_000_000] for at in range(0, len(body), 1_000_000)])
    for response in (edge.post(body), edge.post(pieces), edge.post(bomb, content_encoding="gzip")):
        assert (response.status, response.getheader("retry-after")) == (413, None)
    calls: list[tuple[bytes, dict[str, Any]]] = [
        (body, {}),
        (body * 2, {}),
        (bytes(10 * LIMIT), {"compression": grpc.Compression.Gzip}),
    ]
    for sent, options in calls:
        with pytest.raises(grpc.RpcError) as refused:
            edge.call(sent, **options)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        # Where gRPC itself refuses there are no details; in ours there must be no RetryInfo.
        status = Status.FromString(dict(refused.value.trailing_metadata()).get(STATUS_KEY, b""))
        assert not [detail for detail in status.details if detail.Is(RetryInfo.DESCRIPTOR)]
    assert edge.post(batch().SerializeToString()).status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"content_type": None}, 415),
        ({"content_type": "text/plain"}, 415),
        ({"method": "GET"}, 405),
        ({"method": "OPTIONS"}, 405),
        ({"path": "/v2/traces"}, 404),
        ({"content_encoding": "br"}, 400),
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:4318"}, 403),
    ],
)
def test_other_requests_are_refused_with_a_status(edge: Edge, request_: dict[str, str], status: int) -> None:
    """In the encoding of the request, JSON where it has none."""
    response: Any = edge.post(batch().SerializeToString(), **request_)
    assert response.status == status
    if response.getheader("content-type") == PROTOBUF:
        assert Status.FromString(response.body).message
    else:
        assert orjson.loads(response.body)["message"]


@pytest.mark.parametrize("host", ["localhost", "localhost:4318", "127.0.0.1", "127.0.0.1:9", "[::1]:4318", "[::1]"])
def test_loopback_may_be_called_by_any_of_its_names(edge: Edge, host: str) -> None:
    """The check is for pages that made a name of theirs point here."""
    assert edge.post(batch().SerializeToString(), host=host).status == 200


def test_a_foreign_page_gets_no_leave_to_read(edge: Edge) -> None:
    """No CORS header is ever sent."""
    response = edge.post(batch().SerializeToString(), origin="http://evil.example")
    assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control")]


def test_the_path_of_langfuse_is_served_too(edge: Edge) -> None:
    """Its users change only the host."""
    assert edge.post(batch("a").SerializeToString(), path="/api/public/otel/v1/traces").status == 200
    assert edge.stored_names() == ["a"]


def test_metrics_are_accepted_and_not_stored(edge: Edge) -> None:
    """So that an exporter with all three signals has no errors."""
    body = ExportMetricsServiceRequest(resource_metrics=[{}]).SerializeToString()  # type: ignore[list-item]  # protobuf takes dicts
    assert edge.post(body, path="/v1/metrics").status == 200
    assert edge.call(body, "metrics") == b""
    assert edge.post(b'{"resourceMetrics": [{}]}', JSON, "/v1/metrics").status == 200
    assert edge.spool.waiting_bytes == 0


def test_a_request_sent_again_is_acknowledged_and_not_stored(edge: Edge) -> None:
    """Also when it comes the other way or with another compression."""
    body = batch("a").SerializeToString()
    before = edge.intake.counts()["requests_resent"]
    for _ in range(2):
        assert edge.post(body).status == 200
        assert edge.post(gzip.compress(body), content_encoding="gzip").status == 200
        edge.call(body)
    assert edge.stored_names() == ["a"]
    assert edge.intake.counts()["requests_resent"] == before + 5


def test_a_full_spool_asks_to_try_again(edge: Edge) -> None:
    """503 with Retry-After, UNAVAILABLE with RetryInfo; once drained all is well."""
    big = [with_attribute("x" * (LIMIT - 1000)).SerializeToString() for _ in range(4)]
    responses = [edge.post(body) for body in big]
    assert [response.status for response in responses] == [200, 200, 200, 503]
    assert int(responses[-1].getheader("retry-after") or 0) > 0
    with pytest.raises(grpc.RpcError) as refused:
        edge.call(big[-1])
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    delay = RetryInfo()
    assert Status.FromString(dict(refused.value.trailing_metadata())[STATUS_KEY]).details[0].Unpack(delay)
    assert delay.retry_delay.seconds > 0
    edge.stored_names()
    assert edge.post(big[-1]).status == 200


def test_half_open_clients_block_nobody_and_are_closed(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 that stop within their headers and 100 that stop within their body; a valid one is answered at once."""
    monkeypatch.setattr(http_protocol, "HEADERS_DEADLINE_S", 2.0)
    monkeypatch.setattr(http_receiver, "CHUNK_DEADLINE_S", 2.0)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PROTOBUF}\r\nContent-Length: 1000\r\n"
    clients = [socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall((head + ("\r\nabc" if number % 2 else "")).encode())
    begun_s = time.monotonic()
    assert edge.post(batch().SerializeToString()).status == 200
    assert time.monotonic() - begun_s < 1.5
    answers = [b"".join(iter(lambda client=client: client.recv(4096), b"")) for client in clients]  # type: ignore[misc]  # a default
    assert set(answers[::2]) == {b""}
    assert {answer[:12] for answer in answers[1::2]} == {b"HTTP/1.1 503"}
    for client in clients:
        client.close()


def test_a_silent_client_is_closed(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that connects and never says anything."""
    monkeypatch.setattr(http_protocol, "HEADERS_DEADLINE_S", 0.2)
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) as client:
        assert client.recv(1) == b""


def test_headers_without_end_are_cut_off(edge: Edge) -> None:
    """They would fill the memory long before their deadline."""
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) as client:
        client.sendall(b"POST /v1/traces HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
            client.sendall(b"x: y\r\n" * 20_000_000)


def test_what_is_no_http_is_answered_with_a_status(edge: Edge) -> None:
    """Also where nothing could be parsed; then the connection is closed, and the next one is served."""
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert f"content-length: {len(body)}".encode() in head
    assert orjson.loads(body)["code"] == code_pb2.INVALID_ARGUMENT
    assert edge.post(batch().SerializeToString()).status == 200


def test_connections_beyond_the_limit_are_closed_at_once(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there are not disturbed, and once they are gone there is room again."""
    monkeypatch.setattr(http_protocol, "CONNECTION_LIMIT", 3)
    clients = [socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) for _ in range(3)]
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) as beyond:
        assert beyond.recv(1) == b""
    for client in clients:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        client.close()
    wait_for(lambda: is_served(edge))


def is_served(edge: Edge) -> bool:
    try:
        return edge.post(batch().SerializeToString()).status == 200
    except (OSError, HTTPException):
        return False


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait for what another client did to be seen."""
    for _ in range(400):
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it never came to be")


def test_bodies_are_refused_for_now_when_memory_is_taken(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what a refused body took is given back."""
    monkeypatch.setattr(edge.intake, "room", Room(LIMIT))
    body = with_attribute("x" * 1_000_000).SerializeToString()
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=10) as hog:
        head = f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PROTOBUF}\r\n"
        hog.sendall(f"{head}Content-Length: {LIMIT}\r\n\r\n".encode() + bytes(LIMIT - 500_000))
        wait_for(lambda: edge.intake.room.taken_bytes == LIMIT - 500_000)
        response = edge.post(body)
        assert (response.status, response.getheader("retry-after")) == (503, "2")
    wait_for(lambda: edge.intake.room.taken_bytes == 0)
    assert edge.post(body).status == 200


def test_many_clients_at_once_are_all_stored(edge: Edge) -> None:
    """Over one kept-alive connection each, on both transports."""
    answers: list[bool] = []

    def send(number: int) -> None:
        for index in range(10):
            name = f"{number}-{index}"
            body = batch(name).SerializeToString()
            answers.append(edge.call(body) == b"" if number % 2 else edge.post(body).status == 200)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 160
    assert sorted(edge.stored_names()) == sorted(f"{number}-{index}" for number in range(16) for index in range(10))


def test_health_shows_the_counters(edge: Edge) -> None:
    """As JSON, for people and probes."""
    response: Any = edge.post(None, None, "/healthz", "GET")
    assert response.status == 200
    assert orjson.loads(response.body)["requests"] >= 0


@pytest.mark.parametrize("receiver", [HttpReceiver, GrpcReceiver])
@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "nowhere", "127.0.0.1:99999"])
def test_an_address_that_cannot_be_had_is_named(edge: Edge, receiver: Any, address: str) -> None:
    """A second collector on the same port must not silently take half of the calls."""
    port = edge.http.port if receiver is HttpReceiver else edge.grpc.port
    arguments = (edge.intake, edge.intake.counts) if receiver is HttpReceiver else (edge.intake,)
    with pytest.raises(SettingsError, match=r"MOMUS_(HTTP|GRPC)_ADDRESS"):
        receiver(address.format(port=port), *arguments)
