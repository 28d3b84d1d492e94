"""A body reaches the receiver whole, and no faster than it is taken; the rest of a refused one keeps no other waiting."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from collector_plugin.receivers import http_protocol
from collector_plugin.receivers.http_protocol import UNTAKEN_LIMIT_BYTES, DeadlineProtocol

READ_BYTES = 256 * 1024  # what asyncio reads at once
BODY = bytes(range(251)) * 20_000
REQUEST = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY


class Connection:
    """A client of one connection, and the server's end of it, in one event loop."""

    reader: StreamReader
    writer: StreamWriter
    protocol: DeadlineProtocol

    async def status(self) -> int:
        """Read an answer without a body and return its status."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])


@asynccontextmanager
async def connected(app: ASGIApp) -> AsyncIterator[Connection]:
    """Connect to an app that is served by our protocol."""
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    config.load()
    loop, connection = asyncio.get_running_loop(), Connection()

    def protocol() -> DeadlineProtocol:
        connection.protocol = DeadlineProtocol(config, ServerState(), {}, loop)
        return connection.protocol

    async with await loop.create_server(protocol, "127.0.0.1", 0) as server:
        connection.reader, connection.writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield connection
        connection.writer.close()


async def answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def take_all(receive: Receive) -> bytes:
    taken = bytearray()
    while (message := await receive())["more_body"]:
        taken.extend(message["body"])
    return bytes(taken + message["body"])


def test_what_nobody_takes_stops_the_reading_and_is_whole_in_the_end() -> None:
    """Little more than the limit is ever held for one who takes his time; nothing of it is lost or moved."""
    taken: list[bytes] = []

    async def send_to_one_who_waits() -> int:
        may_take = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await may_take.wait()
            taken.append(await take_all(receive))
            await answer(send, 200)

        async with connected(app) as connection:
            connection.writer.write(REQUEST)
            while not hasattr(connection, "protocol") or not connection.protocol.flow.read_paused:
                await asyncio.sleep(0.001)
            untaken_bytes = len(connection.protocol.cycle.body)
            may_take.set()
            assert await connection.status() == 200
        return untaken_bytes

    untaken_bytes = asyncio.run(asyncio.wait_for(send_to_one_who_waits(), 20))
    assert UNTAKEN_LIMIT_BYTES < untaken_bytes <= UNTAKEN_LIMIT_BYTES + READ_BYTES
    assert taken == [BODY]


def test_the_rest_of_a_refused_body_is_read_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at once, so that others come first; but all of it, and what follows it is the next request."""
    monkeypatch.setattr(http_protocol, "REST_PAUSE_S", 0.01)
    seen: list[tuple[bool, bytes]] = []

    async def send_twice() -> list[int]:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            taken = await take_all(receive) if seen else b""
            await answer(send, 200 if seen else 503)
            seen.append((connection.protocol.flow.read_paused, taken))

        async with connected(app) as connection:
            connection.writer.write(REQUEST + REQUEST)
            return [await connection.status(), await connection.status()]

    assert asyncio.run(asyncio.wait_for(send_twice(), 20)) == [503, 200]
    assert seen == [(True, b""), (False, BODY)]
