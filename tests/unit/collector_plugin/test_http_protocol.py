"""A body reaches the receiver whole, and no faster than it is taken."""

import asyncio

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from collector_plugin.receivers.http_protocol import UNTAKEN_LIMIT_BYTES, DeadlineProtocol

READ_BYTES = 256 * 1024  # what asyncio reads at once
BODY = bytes(range(251)) * 20_000


async def _sent_to_one_who_waits() -> tuple[int, bytes]:
    """Send `BODY` to an app that takes nothing until reading has stopped; return how much lay there, and what it took."""
    may_take, taken = asyncio.Event(), bytearray()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await may_take.wait()
        while (message := await receive())["more_body"]:
            taken.extend(message["body"])
        taken.extend(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    protocols: list[DeadlineProtocol] = []

    def protocol() -> DeadlineProtocol:
        protocols.append(DeadlineProtocol(config, ServerState(), {}, loop))
        return protocols[-1]

    async with await loop.create_server(protocol, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY)
        while not protocols or not protocols[0].flow or not protocols[0].flow.read_paused:
            await asyncio.sleep(0.001)
        untaken_bytes = len(protocols[0].cycle.body)
        may_take.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    return untaken_bytes, bytes(taken)


def test_what_nobody_takes_stops_the_reading_and_is_whole_in_the_end() -> None:
    """Little more than the limit is ever held for one who takes his time; nothing of it is lost or moved."""
    untaken_bytes, taken = asyncio.run(asyncio.wait_for(_sent_to_one_who_waits(), 20))
    assert UNTAKEN_LIMIT_BYTES < untaken_bytes <= UNTAKEN_LIMIT_BYTES + READ_BYTES
    assert taken == BODY
