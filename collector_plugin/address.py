"""Read `host:port`."""

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
