"""A raw gRPC client gets what the OTLP specification says, whatever it sends; and the next one is served.

https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from collector_plugin.receivers import grpc_receiver, http_receiver, intake
from collector_plugin.receivers.grpc_receiver import METHODS
from collector_plugin.receivers.room import FEW, Room

LIMIT_BYTES = 8_000_000
ids = iter(range(1, 10**9))


def traces(count: int = 1, attribute: str = "") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now_ns = time.time_ns()
    for _ in range(count):
        span = spans.add(name="s", start_time_unix_nano=now_ns, end_time_unix_nano=now_ns)
        span.trace_id, span.span_id = next(ids).to_bytes(16, "big"), next(ids).to_bytes(8, "big")
        span.attributes.add(key="k").value.string_value = attribute
    return request


def logs() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=time.time_ns())
    record.body.string_value = str(next(ids))
    return request


def has_retry_info(edge_answer: Any) -> bool:
    status = edge_answer.status
    return status is not None and any(detail.Is(RetryInfo.DESCRIPTOR) for detail in status.details)


@pytest.fixture(autouse=True)
def serves_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test a valid request is answered on both ports, and nothing is left in the room."""
    yield
    if "edge" in request.fixturenames:
        edge = request.getfixturevalue("edge")
        edge.stored()
        assert edge.call(traces().SerializeToString()).code == "ok"
        assert edge.post(traces().SerializeToString()).code == "ok"
        wait_for(lambda: edge.intake.room.taken_bytes == 0)
        edge.stored()


def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


@pytest.mark.parametrize(
    ("signal", "body", "count"),
    [
        ("traces", traces(3), 3),
        ("logs", logs(), 1),
        ("metrics", ExportMetricsServiceRequest(resource_metrics=[{}]), 0),  # type: ignore[list-item]  # protobuf takes dicts
    ],
)
def test_every_signal_is_taken(edge: Any, signal: str, body: Any, count: int) -> None:
    """The answer has no partial_success, so it has no bytes; metrics are not stored."""
    answer = edge.call(body.SerializeToString(), signal)
    assert (answer.code, answer.body, len(edge.stored())) == ("ok", b"", count)


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
@pytest.mark.parametrize("body", [b"", b"\x0a\x00"], ids=["no bytes", "an empty resource"])
def test_an_empty_request_succeeds(edge: Any, signal: str, body: bytes) -> None:
    """As the specification asks."""
    answer = edge.call(body, signal)
    assert (answer.code, answer.body, edge.stored()) == ("ok", b"", [])


@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
@pytest.mark.parametrize("body", [b"\xff" * 300, traces(8).SerializeToString()[:-20]], ids=["garbage", "cut off"])
def test_what_cannot_be_decoded_is_an_invalid_argument(edge: Any, signal: str, body: bytes) -> None:
    """Not to be repeated: a Status without RetryInfo."""
    answer = edge.call(body, signal)
    assert (answer.code, has_retry_info(answer)) == ("INVALID_ARGUMENT", False)
    assert answer.status.message


def test_a_call_without_a_message_is_an_invalid_argument(edge: Any) -> None:
    """Its stream ends at once."""
    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc.port}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.stream_unary(next(iter(METHODS)))(iter(()), timeout=20)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("size_bytes", [LIMIT_BYTES + 2000, 3 * LIMIT_BYTES])
@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_too_large_is_resource_exhausted_and_final(edge: Any, size_bytes: int, compression: Any) -> None:
    """By its length or when inflated; with a RetryInfo an exporter would send it for ever."""
    answer = edge.call(traces(1, "x" * size_bytes).SerializeToString(), compression=compression)
    assert (answer.code, has_retry_info(answer), edge.stored()) == ("RESOURCE_EXHAUSTED", False, [])


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages_are_taken(edge: Any, compression: Any) -> None:
    """What gRPC undoes by itself."""
    assert edge.call(traces(5).SerializeToString(), compression=compression).code == "ok"
    assert len(edge.stored()) == 5


@pytest.mark.parametrize("method", ["Import", "export", ""])
def test_an_unknown_method_is_unimplemented(edge: Any, method: str) -> None:
    """Not to be repeated."""
    assert edge.call(b"", method=method).code == "UNIMPLEMENTED"


def test_unknown_fields_are_ignored(edge: Any) -> None:
    """In the request and in a span: a newer exporter is no fault."""
    request = traces()
    request.resource_spans[0].scope_spans[0].spans[0].MergeFromString(b"\xf8\x7f\x01")
    assert edge.call(request.SerializeToString() + b"\xfa\x7f\x03new").code == "ok"
    assert len(edge.stored()) == 1


def test_a_partial_success_counts_what_was_rejected(edge: Any) -> None:
    """The answer is a success, so that nothing is repeated, and says why."""
    request = traces(3)
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b""
    partial = ExportTraceServiceResponse.FromString(edge.call(request.SerializeToString()).body).partial_success
    assert partial.rejected_spans == 1
    assert "16 bytes" in partial.error_message
    assert len(edge.stored()) == 2


def test_a_full_spool_is_unavailable_with_a_delay(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """UNAVAILABLE with RetryInfo, as overload must be told."""
    monkeypatch.setattr(edge.spool, "_limit_bytes", 50)
    answer = edge.call(traces().SerializeToString())
    assert (answer.code, has_retry_info(answer)) == ("UNAVAILABLE", True)


def test_busy_decoders_are_unavailable_with_a_delay(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that would wait too long for its turn is asked to come again, on both transports."""
    monkeypatch.setattr(intake, "TURN_OF_FEW_DEADLINE_S", 0.1)
    with ExitStack() as taken:
        for _ in range(intake.DECODER_COUNT):
            taken.enter_context(edge.intake._turn(None))
        answer = edge.call(traces().SerializeToString())
        assert (answer.code, has_retry_info(answer)) == ("UNAVAILABLE", True)
        assert edge.post(traces().SerializeToString()).code == "503"


def test_a_few_are_given_more_time_than_a_crowd(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no time for a crowd, a request among few is taken all the same, and one among many is not."""
    monkeypatch.setattr(intake, "TURN_DEADLINE_S", 0.0)
    with ExitStack() as others:
        in_hand(edge, others, FEW - 1, 1)
        assert [edge.send(traces().SerializeToString(), way).code for way in ("http", "grpc")] == ["ok", "ok"]
        in_hand(edge, others, 1, 1)
        assert [edge.send(traces().SerializeToString(), way).code for way in ("http", "grpc")] == ["503", "UNAVAILABLE"]


def in_hand(edge: Any, until: ExitStack, count: int, size_bytes: int) -> None:
    """Have so many other requests wait to be decoded."""
    for _ in range(count):
        place = until.enter_context(edge.intake.room.place())
        place.take(size_bytes)
        place.is_whole = True


def test_a_body_that_would_wait_too_long_is_refused_before_it_is_read(edge: Any) -> None:
    """With a delay, to a client that is still sending; it may end its body, and the connection serves its next request."""
    body = traces(1, "x" * 6_000_000).SerializeToString()
    fields = ["Host: localhost", "Content-Type: application/x-protobuf", f"Content-Length: {len(body)}"]
    head = "\r\n".join(("POST /v1/traces HTTP/1.1", *fields, "\r\n")).encode()
    with socket.create_connection(("127.0.0.1", edge.http.port), timeout=20) as client, ExitStack() as others:
        in_hand(edge, others, FEW, intake.DOOR_BYTES // FEW + 1)
        client.sendall(head + body[:100])
        refused = HTTPResponse(client, method="POST")
        refused.begin()
        assert (refused.status, refused.getheader("retry-after")) == (503, "2")
        assert Status.FromString(refused.read()).details[0].Is(RetryInfo.DESCRIPTOR)
        others.close()
        client.sendall(body[100:] + head + body)
        taken = HTTPResponse(client, method="POST")
        taken.begin()
        assert (taken.status, taken.read()) == (200, b"")
    assert len(edge.stored()) == 1


def test_a_call_that_would_wait_too_long_is_refused_before_its_message(edge: Any) -> None:
    """It has none yet, and is told at once; and one whose message others came before is told when it comes."""
    may_send = threading.Event()

    def message() -> Iterator[bytes]:
        may_send.wait()
        yield traces().SerializeToString()

    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc.port}") as channel, ExitStack() as others:
        export = channel.stream_unary(next(iter(METHODS)))
        earlier = export.future(message(), timeout=20)
        wait_for(lambda: edge.grpc._exports._call_count == 1)
        in_hand(edge, others, FEW, intake.DOOR_BYTES // FEW + 1)
        assert export.future(message(), timeout=20).exception().code() == grpc.StatusCode.UNAVAILABLE
        may_send.set()
        assert earlier.exception().code() == grpc.StatusCode.UNAVAILABLE
    assert edge.stored() == []


def test_four_senders_of_large_bodies_are_never_refused(edge: Any) -> None:
    """One request after the other each, of 5 MB: together more than the door has room for."""
    codes: list[str] = []

    def send() -> None:
        for _ in range(3):
            codes.append(edge.post(traces(1_000, "x" * 5_000).SerializeToString()).code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 4 * len(traces(1_000, "x" * 5_000).SerializeToString()) > intake.DOOR_BYTES
    assert codes == ["ok"] * 12


def test_a_full_room_is_unavailable_with_a_delay(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of all requests in hand are bounded, those that only inflating makes too."""
    monkeypatch.setattr(edge.intake, "room", Room(100_000))
    body = traces(1, "x" * 200_000).SerializeToString()
    answer = edge.call(body)
    assert (answer.code, has_retry_info(answer)) == ("UNAVAILABLE", True)
    assert [edge.send(body, way).code for way in ("http", "gzip")] == ["503", "503"]
    assert edge.intake.room.taken_bytes == 0


def test_a_client_that_gave_up_is_not_stored_twice(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its deadline passes while the collector is busy; what it sends again in another batch is stored once."""
    first, second = traces(2), traces(2)
    turn = edge.intake._turn(None)
    others = edge.intake._turn(None)
    with turn, others:
        assert edge.call(first.SerializeToString(), timeout=0.3).code == "DEADLINE_EXCEEDED"
    second.MergeFrom(first)
    assert edge.call(second.SerializeToString()).code == "ok"
    wait_for(lambda: edge.intake.room.taken_bytes == 0)
    spans = [(span.trace_id, span.span_id) for span in edge.stored()]
    assert len(spans) == len(set(spans)) == 4


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), "UNAUTHENTICATED"),
        ((("x-api-key", "wrong"),), "UNAUTHENTICATED"),
        ((("x-api-key", "key-of-shop"),), "ok"),
        ((("authorization", "Bearer key-of-shop"),), "ok"),
    ],
)
@pytest.mark.parametrize("signal", ["traces", "logs", "metrics"])
def test_keys_come_as_metadata(locked_edge: Any, metadata: Any, code: str, signal: str) -> None:
    """In either header; without one no method is served, known or not."""
    assert locked_edge.call(b"", signal, metadata=metadata).code == code
    unknown = "UNIMPLEMENTED" if code == "ok" else code
    assert locked_edge.call(b"", signal, "Import", metadata=metadata).code == unknown


class HalfOpen:
    """Calls that begin and never send their message, all over one connection."""

    def __init__(self, port: int, count: int) -> None:
        self._held = threading.Event()
        self._channels = [grpc.insecure_channel(f"127.0.0.1:{port}", options=[("n", n)]) for n in range(3)]
        self.calls = [
            self._channels[number % 3].stream_unary(next(iter(METHODS))).future(self._silent())
            for number in range(count)
        ]

    def _silent(self) -> Iterator[bytes]:
        self._held.wait()
        yield from ()

    def close(self) -> None:
        self._held.set()
        for call in self.calls:
            call.cancel()
        for channel in self._channels:
            channel.close()


def test_half_open_clients_keep_nobody_waiting(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 connections on each port that say nothing, and 60 calls without their message; a valid one is answered."""
    monkeypatch.setattr(http_receiver, "CHUNK_DEADLINE_S", 2.0)
    half_open = HalfOpen(edge.grpc.port, 60)
    clients = [
        socket.create_connection(("127.0.0.1", port), timeout=10)
        for port in (edge.grpc.port, edge.http.port)
        for _ in range(300)
    ]
    try:
        wait_for(lambda: edge.grpc._exports._call_count == 60)
        assert edge.call(traces().SerializeToString()).code == "ok"
        assert edge.post(traces().SerializeToString()).code == "ok"
    finally:
        half_open.close()
        for client in clients:
            client.close()


def test_a_call_that_never_sends_its_message_is_ended(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And asked to come again, as a slow body over HTTP is."""
    monkeypatch.setattr(grpc_receiver, "MESSAGE_DEADLINE_S", 0.2)
    half_open = HalfOpen(edge.grpc.port, 1)
    assert half_open.calls[0].exception(timeout=10).code() == grpc.StatusCode.UNAVAILABLE
    half_open.close()


def test_calls_beyond_the_limit_are_unavailable(edge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a delay; once the others are gone there is room again."""
    monkeypatch.setattr(grpc_receiver, "CALL_LIMIT", 3)
    half_open = HalfOpen(edge.grpc.port, 3)
    wait_for(lambda: edge.grpc._exports._call_count == 3)
    answer = edge.call(traces().SerializeToString())
    assert (answer.code, has_retry_info(answer)) == ("UNAVAILABLE", True)
    half_open.close()
    wait_for(lambda: edge.grpc._exports._call_count == 0)
