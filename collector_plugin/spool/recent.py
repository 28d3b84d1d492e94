"""Which export requests were accepted of late, so that a request sent again is recognised.

An exporter that lost our answer sends the very same bytes again. Their digest is known while the request is in a
segment of the spool, and afterwards from a journal beside the segments: 16 bytes each, rewritten when it has grown to
twice what is remembered. A request that comes again after `RECENT_LIMIT` others is taken for a new one.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from collector_plugin.spool.durable import sync_data

DIGEST_BYTES = 16
RECENT_LIMIT = 65_536


def digest_of(kind: str, tenant: str, body: bytes) -> bytes:
    """Return the name of a request by its content; 16 bytes.

    The body is the decompressed one: gzip writes the time into its header, so the bytes on the wire may differ.
    """
    digest = hashlib.blake2b(f"{kind}\0{tenant}\0".encode(), digest_size=DIGEST_BYTES)
    digest.update(body)
    return digest.digest()


class Journal:
    """The digests of requests whose segments are gone, oldest first. Not safe for use by several threads."""

    def __init__(self, path: Path, limit: int = RECENT_LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._count = len(self._read_all())

    def read(self) -> list[bytes]:
        """Return the digests, oldest first, at most as many as are remembered."""
        return self._read_all()[-self._limit :]

    def append(self, digests: Iterable[bytes]) -> None:
        """Add digests durably.

        Raises:
            OSError: the disk refused; nothing of what was there before is lost.
        """
        added = list(digests)
        with self._path.open("ab") as file:
            # A crash or a full disk may have left half a digest; whatever follows it would never be read right.
            file.truncate(file.tell() - file.tell() % DIGEST_BYTES)
            file.write(b"".join(added))
            file.flush()
            sync_data(file.fileno())
        self._count += len(added)
        if self._count > 2 * self._limit:
            self._rewrite(self.read())

    def _read_all(self) -> list[bytes]:
        data = self._path.read_bytes() if self._path.exists() else b""
        return [data[at : at + DIGEST_BYTES] for at in range(0, len(data) - DIGEST_BYTES + 1, DIGEST_BYTES)]

    def _rewrite(self, digests: list[bytes]) -> None:
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(b"".join(digests))
            file.flush()
            sync_data(file.fileno())
        temporary.replace(self._path)
        self._count = len(digests)
