"""Exporters that lost the answer send again: as it was, in other batches, and after the collector was killed."""

import contextlib
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.database import Database
from tests.faults.database_proxy import DatabaseProxy
from tests.faults.exporter import RATING, Line, Place, Request, check_each_once, make_request
from tests.faults.processes import Collector

pytestmark = pytest.mark.slow
SPANS = 24
TIME_NS = 1_790_000_000_000_000_000


def requests(count: int) -> Iterator[Request]:
    """Requests of spans alone: a log record has no id, so it is known again only in its own request."""
    for number in range(count):
        first = (number + 1) << 16
        yield make_request([first + index // 3 * 4 + index % 3 for index in range(SPANS)], now_ns=TIME_NS)


def post_and_hang_up(port: int, request: Request) -> None:
    """Send a whole request and break the connection once it was read, before the answer can be."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        head = f"POST /v1/{request.signal} HTTP/1.1\r\nhost: momus\r\ncontent-type: application/x-protobuf\r\n"
        connection.sendall(f"{head}content-length: {len(request.body)}\r\n\r\n".encode() + request.body)
        connection.recv(1)  # the answer is on its way, and is never read
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def batched_anew(rng: random.Random, sent: list[Request]) -> Iterator[Request]:
    """The spans of all requests in another order and in batches of other sizes."""
    ids = [id for request in sent for id in request.ids]
    rng.shuffle(ids)
    while ids:
        size = rng.randint(1, 3 * SPANS)
        yield make_request(ids[:size], now_ns=TIME_NS)
        ids = ids[size:]


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_what_is_sent_again_is_stored_once(
    tmp_path: Path, proxy: DatabaseProxy, database: Database, count: int
) -> None:
    """Each request is sent, the answer lost, and all of it sent again: before and after a kill, in other batches."""
    rng = random.Random(11)
    sent = list(requests(count))
    collector = Collector(tmp_path, database=proxy.dsn)
    for request in sent:
        post_and_hang_up(collector.said["http_port"], request)
    for transport in ("http", "grpc"):
        place = Place()
        place.move(**collector.said)
        line = Line(place, transport)
        assert all(line.send(request).is_accepted for request in batched_anew(rng, sent))
        line.close()
        collector.kill()
        collector = Collector(tmp_path, database=proxy.dsn)
    place = Place()
    place.move(**collector.said)
    line = Line(place, "http")
    assert all(line.send(request).is_accepted for request in sent)
    assert all(line.send(request).is_accepted for request in batched_anew(rng, sent))
    line.close()
    collector.drain()
    assert collector.stop() == 0
    check_each_once(database, {id for request in sent for id in request.ids})


def test_logs_sent_again_as_they_were_are_stored_once(tmp_path: Path, proxy: DatabaseProxy, database: Database) -> None:
    """A log record has no id; the request that holds it is known by its bytes, also after a kill."""
    request = make_request([RATING + 4 * n + (1 << 16) for n in range(SPANS)], now_ns=TIME_NS)
    collector = Collector(tmp_path, database=proxy.dsn)
    send_twice(collector, request)
    collector.kill()
    collector = Collector(tmp_path, database=proxy.dsn)
    send_twice(collector, request)
    collector.drain()
    assert collector.stop() == 0
    check_each_once(database, set(request.ids))


def send_twice(collector: Collector, request: Request) -> None:
    """Have a request acknowledged two times."""
    place = Place()
    place.move(**collector.said)
    with contextlib.closing(Line(place, "http")) as line:
        assert line.send(request).is_accepted
        assert line.send(request).is_accepted
