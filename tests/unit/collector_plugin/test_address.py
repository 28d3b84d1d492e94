"""An address that other machines can reach is refused where nothing keeps strangers out."""

import asyncio
import socket
from pathlib import Path

import pytest

from collector_plugin.collector import Collector
from collector_plugin.receivers.address import listen, refuse_exposed
from schemas import settings
from schemas.database import Database
from schemas.errors import SettingsError


@pytest.mark.parametrize("address", ["127.0.0.1:4318", "127.9.9.9:0", "[::1]:4318", "localhost:4318"])
def test_loopback_is_open_to_nobody_else(address: str) -> None:
    """By any of its names."""
    refuse_exposed(address, "MOMUS_HTTP_ADDRESS")


@pytest.mark.parametrize("address", ["0.0.0.0:4318", "[::]:4318", "192.0.2.7:4318", "[2001:db8::7]:4318", "0:4318"])
def test_an_open_address_is_refused_in_one_sentence(address: str) -> None:
    """Which says what to set."""
    with pytest.raises(SettingsError, match=r"MOMUS_HTTP_ADDRESS .* MOMUS_KEYS .* --insecure"):
        refuse_exposed(address, "MOMUS_HTTP_ADDRESS")


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "127.0.0.1:70000", "127.0.0.1:", ":4318", "no such host:1", "127.0.0.1:-1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Ports are not taken modulo 65536, and a host that is not said is not every host."""
    with pytest.raises(SettingsError, match="MOMUS_GRPC_ADDRESS"):
        refuse_exposed(address, "MOMUS_GRPC_ADDRESS")


@pytest.mark.parametrize("open_to_all", ["http_address", "grpc_address"])
def test_a_collector_listens_beyond_loopback_only_with_keys_or_when_told(
    database: Database, tmp_path: Path, open_to_all: str
) -> None:
    """On either transport."""
    addresses = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0", open_to_all: "0.0.0.0:0"}
    with pytest.raises(SettingsError, match=f"MOMUS_{open_to_all.upper()} 0.0.0.0:0 is open"):
        Collector(settings.load(spool=tmp_path, **addresses), database)
    for leave in ({"keys": "shop:secret"}, {"insecure": True}):
        collector = Collector(settings.load(spool=tmp_path, **addresses, **leave), database)
        collector.start()
        collector.stop()


def test_small_answers_are_sent_at_once() -> None:
    """Connections do not wait to fill a packet, as those of a socket that does not say what it speaks would."""
    listener, accepted = listen("127.0.0.1:0", "MOMUS_HTTP_ADDRESS"), []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def connect() -> None:
        async with await asyncio.start_server(answer, sock=listener):
            reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            await reader.read()
            writer.close()

    asyncio.run(connect())
    assert accepted == [1]


def test_an_address_that_is_taken_is_told_in_one_sentence() -> None:
    """Which says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"^MOMUS_X {address} cannot be listened on: .*set MOMUS_X to another"):
            listen(address, "MOMUS_X")
