"""Who may send, and on whose behalf: keys and their tenants.

A key is 1 to 512 printable ASCII characters and belongs to one tenant. Only the SHA-256 of a key is held in memory, and a
keys file may hold nothing else either (`sha256:<64 hex digits>`). The key alone says for which tenant a request is
stored; nothing that the request contains can.
"""

import base64
import binascii
import hashlib
import hmac
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from schemas.errors import SettingsError, Unauthenticated
from schemas.settings import Settings

KEY_LIMIT_CHARS = 512
TENANT_LIMIT_CHARS = 200
_HASH = re.compile(r"sha256:([0-9a-fA-F]{64})")


class Keys:
    """The keys of a collector. Without any, everybody may send, for the tenant without a name."""

    def __init__(self, keys: Iterable[tuple[str, str]] = ()) -> None:
        """Take pairs of key, or `sha256:` and its hash, and tenant.

        Raises:
            SettingsError: a key or tenant cannot be one, or a key has two tenants; keys are not told.
        """
        self._tenants: dict[bytes, str] = {}
        for key, tenant in keys:
            if self._tenants.setdefault(_hash_of(key, tenant), _checked(tenant)) != tenant:
                raise SettingsError(f"One key belongs to two tenants, {tenant!r} is one of them. Give each its own.")

    def __bool__(self) -> bool:
        """Whether there is a key, so that nothing is answered without one."""
        return bool(self._tenants)

    @property
    def tenants(self) -> frozenset[str]:
        """All tenants that have a key."""
        return frozenset(self._tenants.values())

    def tenant(self, headers: Mapping[str, str]) -> str:
        """Return on whose behalf a request with these headers, or gRPC metadata, comes.

        Args:
            headers: names in lower case. `x-api-key` is looked at first, then `authorization`.

        Raises:
            Unauthenticated: it has no key of ours.
        """
        if not self._tenants:
            return ""
        given = hashlib.sha256(_given(headers).encode("utf-8", "surrogatepass")).digest()
        # All are compared, each in constant time: how long a refusal takes tells nothing of any key.
        found = [tenant for hash_, tenant in self._tenants.items() if hmac.compare_digest(hash_, given)]
        if not found:
            raise Unauthenticated
        return found[0]


def plain_key(settings: Settings) -> str:
    """Return a key of these settings to send to a collector of the same settings; empty if none is known in plain.

    Raises:
        SettingsError: the keys cannot be read.
    """
    known = (*_listed(settings.keys.get_secret_value()), *_in_file(settings.keys_file))
    return next((key for key, _ in known if not _HASH.fullmatch(key)), "")


def keys_of(settings: Settings) -> Keys:
    """Read the keys that the settings hold or name.

    Raises:
        SettingsError: they cannot be read; no key is told.
    """
    return Keys([*_listed(settings.keys.get_secret_value()), *_in_file(settings.keys_file)])


def _listed(text: str) -> Iterable[tuple[str, str]]:
    for item in filter(None, map(str.strip, text.split(","))):
        tenant, colon, key = item.partition(":")
        if not colon:
            raise SettingsError("MOMUS_KEYS must be `tenant:key,...`; `:key` is for the tenant without a name.")
        yield key, tenant


def _in_file(path: Path | None) -> Iterable[tuple[str, str]]:
    if path is None:
        return
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"MOMUS_KEYS_FILE {path} cannot be read: {error.strerror}.") from None
    except ValueError:  # its text would show the line, which holds a key
        raise SettingsError(f'MOMUS_KEYS_FILE {path} is not TOML with lines `"key" = "tenant"`.') from None
    if not table:
        raise SettingsError(f"MOMUS_KEYS_FILE {path} holds no key, so that everybody could send.")
    for key, tenant in table.items():
        if not isinstance(tenant, str):
            raise SettingsError(f'MOMUS_KEYS_FILE {path} must have only lines `"key" = "tenant"`, quotes included.')
        yield key, tenant


def _hash_of(key: str, tenant: str) -> bytes:
    if hashed := _HASH.fullmatch(key):
        return bytes.fromhex(hashed[1])
    if key.startswith("sha256:"):
        # Taken for a key, a hash that was copied badly would let in whoever saw it.
        raise SettingsError(f"The hash of a key of tenant {tenant!r} must be `sha256:` and 64 hex digits.")
    if not (0 < len(key) <= KEY_LIMIT_CHARS and key.isascii() and key.isprintable() and " " not in key):
        raise SettingsError(
            f"The key of tenant {tenant!r} must have 1 to {KEY_LIMIT_CHARS} printable ASCII characters and no space."
        )
    return hashlib.sha256(key.encode()).digest()


def _checked(tenant: str) -> str:
    if len(tenant) > TENANT_LIMIT_CHARS or not tenant.isprintable():
        raise SettingsError(f"The tenant {tenant!r} must have at most {TENANT_LIMIT_CHARS} printable characters.")
    return tenant


def _given(headers: Mapping[str, str]) -> str:
    """Return the key that came with a request, empty if none did."""
    if key := headers.get("x-api-key", "").strip():
        return key
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            # The SDKs of Langfuse know no other way, and curl and Prometheus like it: the password is the key.
            return _password(value.strip())
        case _:
            return ""


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
