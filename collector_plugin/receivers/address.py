"""Read `host:port`, and tell who can reach it."""

import socket
from ipaddress import ip_address

from schemas.errors import SettingsError

LAST_PORT = 65_535


def split_address(address: str, variable: str) -> tuple[str, int]:
    """Return host and port of an address such as 127.0.0.1:4318, [::1]:4318 or localhost:0.

    Raises:
        SettingsError: it is not one; the message names the `variable` it came from.
    """
    host, _, port = address.rpartition(":")
    # Sockets take the port modulo 65536 without a word.
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise SettingsError(f"{variable} must be host:port with a port up to {LAST_PORT}, not {address!r}.")
    return host.strip("[]"), int(port)


def listen(address: str, variable: str) -> socket.socket:
    """Return a socket that listens on an address.

    Raises:
        SettingsError: it cannot be had; the message says why.
    """
    host, port = split_address(address, variable)
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(where[:2], family=family, backlog=1024)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise SettingsError(
            f"{variable} {address} cannot be listened on: {reason}. Stop what has it, or set {variable} to another."
        ) from error
    # asyncio sets TCP_NODELAY only on sockets that say they are TCP; without it a small answer takes 40 ms.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())


def refuse_exposed(address: str, variable: str) -> None:
    """Refuse an address that other machines can reach; for a collector that would take anything from anybody.

    Raises:
        SettingsError: the address is no address, or not on loopback alone.
    """
    host, _ = split_address(address, variable)
    try:
        found = {str(where[0]) for *_, where in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise SettingsError(f"{variable} {address} cannot be listened on: {error}") from error
    if not all(ip_address(name).is_loopback for name in found):
        raise SettingsError(
            f"{variable} {address} is open to other machines and nothing keeps strangers out: set MOMUS_KEYS or "
            "MOMUS_KEYS_FILE (or MOMUS_TLS_CLIENT_CA), or let everybody in with --insecure (MOMUS_INSECURE=true)."
        )
