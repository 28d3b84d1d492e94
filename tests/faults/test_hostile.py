"""What hostile or broken clients send costs the collector bounded memory, and nobody else an answer."""

import contextlib
import gzip
import http.client
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.faults.database_proxy import DatabaseProxy
from tests.faults.exporter import Line, Place, Transport, make_request
from tests.faults.processes import Collector

MIB = 1024 * 1024
LIMIT_BYTES = 64 * MIB
HALF_OPEN_COUNT = 300
REFUSED_CAP_BYTES = 200 * MIB
TAKEN_CAP_BYTES = 512 * MIB  # the largest request that is taken, as bytes, as protobuf and as rows at once
TIME_NS = 1_790_000_000_000_000_000
PREFACES = {"http_port": b"POST /v1/traces HTTP/1.1\r\n", "grpc_port": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}
TRANSPORTS: tuple[Transport, ...] = ("http", "grpc")


def field(number: int, data: bytes, length: int = 0) -> bytes:
    """A field of protobuf, by its own account of `length` bytes."""
    rest, varint = length or len(data), b""
    while rest > 0x7F:
        varint, rest = varint + bytes([rest & 0x7F | 0x80]), rest >> 7
    return bytes([number << 3 | 2]) + varint + bytes([rest]) + data


def request_of(attributes: Mapping[str, str]) -> bytes:
    """A request of one span that has these."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    span.start_time_unix_nano = span.end_time_unix_nano = TIME_NS
    for key, value in attributes.items():
        span.attributes.add(key=key).value.string_value = value
    return bytes(request.SerializeToString())


def bomb() -> bytes:
    """A gibibyte in five megabytes: a field that a newer OTLP might have, which every decoder must take."""
    return gzip.compress(field(15, b"", 1024 * MIB)) + gzip.compress(bytes(4 * MIB), 1) * 256


def deep() -> bytes:
    """A value within a value, five thousand times; protobuf itself ends at a hundred."""
    value = field(1, b"x")
    for _ in range(5000):
        value = field(5, field(1, value))  # AnyValue.array_value.values
    attribute = field(9, field(1, b"k") + field(2, value))
    ids = field(1, b"t" * 16) + field(2, b"s" * 8)
    return field(1, field(2, field(2, ids + attribute)))


def far_index() -> bytes:
    """A list of one message that is, by its own account, the five millionth."""
    return request_of({"openinference.span.kind": "LLM", "llm.input_messages.5000000.message.content": "x"})


def wide() -> bytes:
    """A thousand attributes of 64 KiB each: almost the limit, and nothing wrong with it."""
    return request_of({f"k{number}": f"{number:05}" * 13_000 for number in range(1000)})


def crowd() -> bytes:
    """Empty spans: two bytes each on the wire, and 175 in memory."""
    return field(1, field(2, field(2, b"") * (30 * MIB)))


# In order of the memory that they may take, as a process tells only the most that it ever had.
BODIES: dict[str, tuple[Callable[[], bytes], str, int, int]] = {
    "a list with a far index": (far_index, "identity", 200, REFUSED_CAP_BYTES),
    "a deep value": (deep, "identity", 200, REFUSED_CAP_BYTES),
    "a byte too many": (lambda: bytes(LIMIT_BYTES + 1), "identity", 413, REFUSED_CAP_BYTES),
    "a bomb": (bomb, "gzip", 413, REFUSED_CAP_BYTES),
    "a crowd of spans": (crowd, "identity", 413, REFUSED_CAP_BYTES),
    "a wide span": (wide, "identity", 200, TAKEN_CAP_BYTES),
}


@pytest.mark.slow
def test_hostile_clients_cost_bounded_memory_and_block_nobody(tmp_path: Path, proxy: DatabaseProxy) -> None:
    """Beside 300 half-open connections on each port, each body gets the right answer and the next client another."""
    collector = Collector(tmp_path, database=proxy.dsn)
    assert_served(collector, 1)
    collector.drain()  # what it needs at all is there now
    base_bytes = collector.peak_bytes()
    with half_open(collector):
        assert_served(collector, 2)
        tell("half-open connections", collector, base_bytes)
        for number, (name, (make, coding, status, cap_bytes)) in enumerate(BODIES.items(), start=3):
            assert post(collector, make(), coding) == status, name
            assert_served(collector, number)
            collector.drain()
            tell(name, collector, base_bytes)
            assert collector.peak_bytes() - base_bytes < cap_bytes, name
    assert collector.stop() == 0


def assert_served(collector: Collector, number: int) -> None:
    """Both ports take a valid request; each time needs a number of its own."""
    place = Place()
    place.move(**collector.said)
    for index, transport in enumerate(TRANSPORTS):
        with contextlib.closing(Line(place, transport)) as line:
            assert line.send(make_request([number << 20 | index << 16], now_ns=TIME_NS)).is_accepted


@contextlib.contextmanager
def half_open(collector: Collector) -> Iterator[None]:
    """Begin requests on many connections to both ports and never go on."""
    with ExitStack() as connections:
        for port, preface in PREFACES.items():
            for _ in range(HALF_OPEN_COUNT):
                connection = socket.create_connection(("127.0.0.1", collector.said[port]), 10)
                connections.enter_context(connection).sendall(preface)
        yield


def post(collector: Collector, body: bytes, coding: str) -> int:
    """Send a body and return the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", collector.said["http_port"], timeout=60)
    with contextlib.closing(connection):
        headers = {"content-type": "application/x-protobuf", "content-encoding": coding}
        connection.request("POST", "/v1/traces", body, headers)
        with connection.getresponse() as response:
            return response.status


def tell(what: str, collector: Collector, base_bytes: int) -> None:
    """Print how much more memory than at first it had by now, at most."""
    sys.stdout.write(f"{what}: +{(collector.peak_bytes() - base_bytes) >> 20} MiB\n")
