"""The bytes of a segment: a sequence of records, each one export request as it was admitted.

    segment  = record*
    record   = header tenant body
    header   = magic "MoM1" | CRC32 | body length | received_ns | kind | tenant length | digest      (40 bytes, LE)

The CRC covers everything after itself. Reading never fails for what is in the file: where the file ends within a
record, the rest is a torn tail, which was never acknowledged; what lies between two good records, or is complete but
fails its CRC, is corrupt and handed out as bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from collector_plugin.spool.recent import DIGEST_BYTES

Kind = Literal["traces", "logs"]

MAGIC = b"MoM1"
HEADER = struct.Struct(f"<4sIIQBH{DIGEST_BYTES}sx")
CHECKED_FROM = 8  # after the magic and the CRC itself
KIND_NUMBERS: dict[Kind, int] = {"traces": 1, "logs": 2}
KINDS = {number: kind for kind, number in KIND_NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """One export request in the spool. `digest` names it by the content that was sent, `body` is what was admitted."""

    kind: Kind
    body: bytes
    received_ns: int
    digest: bytes
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Corrupt:
    """Bytes of a segment that are no record, at `offset`."""

    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class TornTail:
    """The end of a segment whose last record was not written to its end."""

    offset: int
    size_bytes: int


def encode(request: StoredRequest) -> bytes:
    """Return the record of one request."""
    tenant = request.tenant.encode()
    kind = KIND_NUMBERS[request.kind]
    header = HEADER.pack(MAGIC, 0, len(request.body), request.received_ns, kind, len(tenant), request.digest)
    checked = header[CHECKED_FROM:] + tenant + request.body
    return MAGIC + struct.pack("<I", zlib.crc32(checked)) + checked


def decode(data: bytes) -> Iterator[StoredRequest | Corrupt | TornTail]:
    """Yield all records of a segment in order, and what is not one in its place; nothing of `data` is passed over."""
    at = 0
    while at < len(data):
        found = _record_at(data, at)
        if found:
            request, at = found
            yield request
            continue
        following = _next_record(data, at + 1)
        yield _fragment(data, at, following)
        at = following


def _record_at(data: bytes, at: int) -> tuple[StoredRequest, int] | None:
    """Return the record that begins at `at` and the place after it; None where there is no intact one."""
    if data[at : at + len(MAGIC)] != MAGIC or len(data) - at < HEADER.size:
        return None
    _, crc, body_bytes, received_ns, kind, tenant_bytes, digest = HEADER.unpack_from(data, at)
    body_at = at + HEADER.size + tenant_bytes
    end = body_at + body_bytes
    if end > len(data) or kind not in KINDS or zlib.crc32(memoryview(data)[at + CHECKED_FROM : end]) != crc:
        return None
    tenant = data[at + HEADER.size : body_at].decode()
    return StoredRequest(KINDS[kind], data[body_at:end], received_ns, digest, tenant), end


def _next_record(data: bytes, at: int) -> int:
    """Return where the next intact record begins, or the end of the data."""
    while (at := data.find(MAGIC, at)) >= 0:
        if _record_at(data, at):
            return at
        at += 1
    return len(data)


def _fragment(data: bytes, at: int, end: int) -> Corrupt | TornTail:
    if end == len(data) and _ends_within_record(data, at):
        return TornTail(at, end - at)
    return Corrupt(at, data[at:end])


def _ends_within_record(data: bytes, at: int) -> bool:
    rest = len(data) - at
    if rest < HEADER.size:
        return True
    _, _, body_bytes, _, _, tenant_bytes, _ = HEADER.unpack_from(data, at)
    return bool(data.startswith(MAGIC, at) and rest < HEADER.size + tenant_bytes + body_bytes)
