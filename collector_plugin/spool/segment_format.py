"""The bytes of a segment: a sequence of records, each one export request as it was admitted, and an index at the end.

    segment  = record* index?
    record   = header tenant keys body
    header   = magic "MoM2" | CRC32 | body length | received_ns | kind | tenant length | key count   (28 bytes, LE)
    index    = a record of kind 0: the keys of all records, and as body its own length and "MoMi"

The CRC covers everything after itself. Reading never fails for what is in the file: where the file ends within a
record, the rest is a torn tail, which was never acknowledged; what lies between two good records, or is complete but
fails its CRC, is corrupt and handed out as bytes.

The index is written when all records are durable. It spares reading a whole segment only to know its keys; a segment
without one is read.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Literal

from collector_plugin.spool.recent import KEY_BYTES

Kind = Literal["traces", "logs"]

MAGIC = b"MoM2"
HEADER = struct.Struct("<4sIIQBHIx")
# What was written before spans had keys of their own: with a digest of 16 bytes in place of the key count, and no keys. An
# upgrade finds it where the database was away; what of it is sent again is stored again.
FORMER_MAGIC = b"MoM1"
FORMER_HEADER = struct.Struct("<4sIIQBH16xx")
FORMS = {MAGIC: HEADER, FORMER_MAGIC: FORMER_HEADER}
MAGIC_START = b"MoM"
CHECKED_FROM = 8  # after the magic and the CRC itself
INDEX_NUMBER = 0
KIND_NUMBERS: dict[Kind, int] = {"traces": 1, "logs": 2}
KINDS = {number: kind for kind, number in KIND_NUMBERS.items()}
INDEX_END = struct.Struct("<I4s")
INDEX_MAGIC = b"MoMi"

# Bytes to be written one after the other.
Pieces = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """One export request in the spool.

    `keys` are what it is recognised by when it is sent again, 8 bytes each: of every span, or one of the whole request.
    """

    kind: Kind
    body: bytes
    received_ns: int
    keys: bytes
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """The keys of all records of a segment, in order."""

    keys: bytes


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


@dataclass(frozen=True, slots=True)
class _Header:
    """What the header of a record says, with places in the data instead of lengths."""

    crc: int
    kind: int
    received_ns: int
    tenant_at: int
    keys_at: int
    body_at: int
    end: int


def encode(request: StoredRequest) -> Pieces:
    """Return the record of one request; its body is not copied."""
    return _record(KIND_NUMBERS[request.kind], request.tenant.encode(), request.keys, request.body, request.received_ns)


def encode_index(keys: bytes) -> Pieces:
    """Return the index of a segment whose records have these keys."""
    size_bytes = HEADER.size + len(keys) + INDEX_END.size
    return _record(INDEX_NUMBER, b"", keys, INDEX_END.pack(size_bytes, INDEX_MAGIC), 0)


def _record(kind: int, tenant: bytes, keys: bytes, body: bytes, received_ns: int) -> Pieces:
    header = HEADER.pack(MAGIC, 0, len(body), received_ns, kind, len(tenant), len(keys) // KEY_BYTES)
    checked = b"".join((header[CHECKED_FROM:], tenant, keys))
    crc = zlib.crc32(body, zlib.crc32(checked))
    return b"".join((MAGIC, struct.pack("<I", crc), checked)), body


def decode(data: bytes) -> Iterator[StoredRequest | Index | Corrupt | TornTail]:
    """Yield all records of a segment in order, and what is not one in its place; nothing of `data` is passed over."""
    at = 0
    while at < len(data):
        found = _record_at(data, at)
        if found:
            record, at = found
            yield record
            continue
        following = _next_record(data, at + 1)
        yield _fragment(data, at, following)
        at = following


def decode_file(file: BinaryIO) -> Iterator[StoredRequest | Index | Corrupt | TornTail]:
    """Yield what `decode` yields of a whole file; one record is in memory at a time, and from the first damage on the rest.

    Raises:
        OSError: it cannot be read.
    """
    size_bytes, at = file.seek(0, os.SEEK_END), 0
    file.seek(0)
    while at < size_bytes:
        start = file.read(HEADER.size)
        header = _header_at(start, 0)
        # A damaged length may be any: nothing is asked for that is not there.
        is_whole = header is not None and at + header.end <= size_bytes
        record = start + file.read(header.end - len(start)) if header and is_whole else start
        found = _record_at(record, 0)
        if found is None:
            for item in decode(record + file.read()):
                yield replace(item, offset=at + item.offset) if isinstance(item, Corrupt | TornTail) else item
            return
        at += found[1]
        del record
        yield found[0]


def index_bytes(end: bytes) -> int:
    """Return how long the index is of a segment with these last bytes, at least 8; 0 where it has none."""
    size_bytes, magic = INDEX_END.unpack(end[-INDEX_END.size :])
    return int(size_bytes) if magic == INDEX_MAGIC else 0


def _header_at(data: bytes, at: int) -> _Header | None:
    """Return what the header says that begins at `at`; None where there is none."""
    form = FORMS.get(data[at : at + len(MAGIC)])
    if form is None or len(data) - at < form.size:
        return None
    _, crc, body_bytes, received_ns, kind, tenant_bytes, *rest = form.unpack_from(data, at)
    tenant_at = at + form.size
    keys_at = tenant_at + tenant_bytes
    body_at = keys_at + sum(rest) * KEY_BYTES  # the former header has no key count
    return _Header(crc, kind, received_ns, tenant_at, keys_at, body_at, body_at + body_bytes)


def _record_at(data: bytes, at: int) -> tuple[StoredRequest | Index, int] | None:
    """Return the record that begins at `at` and the place after it; None where there is no intact one."""
    header = _header_at(data, at)
    if header is None or header.end > len(data):
        return None
    if zlib.crc32(memoryview(data)[at + CHECKED_FROM : header.end]) != header.crc:
        return None
    keys = data[header.keys_at : header.body_at]
    if header.kind == INDEX_NUMBER:
        return Index(keys), header.end
    if header.kind not in KINDS:
        return None
    tenant = data[header.tenant_at : header.keys_at].decode()
    body = data[header.body_at : header.end]
    return StoredRequest(KINDS[header.kind], body, header.received_ns, keys, tenant), header.end


def _next_record(data: bytes, at: int) -> int:
    """Return where the next intact record begins, or the end of the data."""
    while (at := data.find(MAGIC_START, at)) >= 0:
        if _record_at(data, at):
            return at
        at += 1
    return len(data)


def _fragment(data: bytes, at: int, end: int) -> Corrupt | TornTail:
    if end == len(data) and _ends_within_record(data, at):
        return TornTail(at, end - at)
    return Corrupt(at, data[at:end])


def _ends_within_record(data: bytes, at: int) -> bool:
    if len(data) - at < FORMS.get(data[at : at + len(MAGIC)], HEADER).size:
        return True
    header = _header_at(data, at)
    return header is not None and header.end > len(data)
