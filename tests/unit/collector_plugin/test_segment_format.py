"""A segment can be cut off or damaged at any byte and still gives back every record that is intact."""

import io
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector_plugin.spool.recent import KEY_BYTES
from collector_plugin.spool.segment_format import Corrupt, StoredRequest, TornTail, decode, decode_file, encode


def encode_formerly(request: StoredRequest) -> bytes:
    """Return a record as it was written before spans had keys of their own."""
    tenant = request.tenant.encode()
    kind = {"traces": 1, "logs": 2}[request.kind]
    head = struct.pack("<IQBH16sx", len(request.body), request.received_ns, kind, len(tenant), b"digest of 16 byt")
    checked = head + tenant + request.body
    return b"MoM1" + struct.pack("<I", zlib.crc32(checked)) + checked


def record_of(request: StoredRequest) -> bytes:
    """Return a record as it is written today."""
    return b"".join(encode(request))


requests = st.builds(
    StoredRequest,
    kind=st.sampled_from(["traces", "logs"]),
    body=st.binary(max_size=200),
    received_ns=st.integers(0, 2**64 - 1),
    keys=st.binary(max_size=5).map(lambda seed: seed * KEY_BYTES),
    tenant=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(requests, max_size=5))
def test_what_is_encoded_is_decoded_in_order(stored: list[StoredRequest]) -> None:
    """Reading a segment gives back its requests, nothing else."""
    assert list(decode(b"".join(map(record_of, stored)))) == stored


@given(st.lists(requests, min_size=1, max_size=4), st.data())
def test_a_cut_segment_gives_all_records_before_the_cut(stored: list[StoredRequest], data: st.DataObject) -> None:
    """After a crash at any byte, whole records are read and the torn one is told as such."""
    records = [record_of(request) for request in stored]
    whole = b"".join(records)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, records[: count + 1])) for count in range(len(records))]
    intact = [request for request, end in zip(stored, ends, strict=True) if end <= cut]
    found = list(decode(whole[:cut]))
    assert [item for item in found if isinstance(item, StoredRequest)] == intact
    torn = cut - max([0, *(end for end in ends if end <= cut)])
    assert [item.size_bytes for item in found if isinstance(item, TornTail)] == ([torn] if torn else [])
    assert not [item for item in found if isinstance(item, Corrupt)]


@given(st.lists(requests, min_size=3, max_size=5), st.data())
def test_a_flipped_bit_costs_only_its_record(stored: list[StoredRequest], data: st.DataObject) -> None:
    """A damaged record is handed out as bytes, and every other one is read."""
    records = [bytearray(record_of(request)) for request in stored]
    victim = data.draw(st.integers(0, len(records) - 2))
    at = data.draw(st.integers(0, len(records[victim]) - 1))
    records[victim][at] ^= 1 << data.draw(st.integers(0, 7))
    found = list(decode(b"".join(records)))
    read = [item for item in found if isinstance(item, StoredRequest)]
    assert read == [request for index, request in enumerate(stored) if index != victim]
    assert b"".join(item.data for item in found if isinstance(item, Corrupt)) == bytes(records[victim])


def test_a_record_that_is_complete_but_wrong_at_the_end_is_corrupt() -> None:
    """Only a record that was not written to its end may be taken for torn; a complete one was perhaps acknowledged."""
    record = bytearray(record_of(StoredRequest("traces", b"body", 1, bytes(KEY_BYTES))))
    record[-1] ^= 1
    assert list(decode(bytes(record))) == [Corrupt(0, bytes(record))]


@given(st.lists(st.tuples(requests, st.booleans()), min_size=1, max_size=5), st.data())
def test_what_was_written_formerly_is_read(stored: list[tuple[StoredRequest, bool]], data: st.DataObject) -> None:
    """Records of before an upgrade, mixed with new ones, up to where the file was cut off; they come without keys."""
    records = [encode_formerly(request) if is_former else record_of(request) for request, is_former in stored]
    *before, last = [replace(request, keys=b"") if is_former else request for request, is_former in stored]
    assert list(decode(b"".join(records))) == [*before, last]
    torn_bytes = data.draw(st.integers(1, len(records[-1]) - 1))
    *read, torn = decode(b"".join((*records[:-1], records[-1][:torn_bytes])))
    assert read == before
    assert torn == TornTail(sum(map(len, records[:-1])), torn_bytes)


@given(st.lists(st.tuples(requests, st.booleans()), max_size=5), st.binary(max_size=60), st.data())
def test_a_file_is_read_as_its_bytes_are(
    stored: list[tuple[StoredRequest, bool]], rubbish: bytes, data: st.DataObject
) -> None:
    """Record by record, whatever is damaged, cut off or put between."""
    records = [encode_formerly(request) if is_former else record_of(request) for request, is_former in stored]
    records.insert(data.draw(st.integers(0, len(records))), rubbish)
    written = bytearray(b"".join(records))
    if written and data.draw(st.booleans()):
        written[data.draw(st.integers(0, len(written) - 1))] ^= data.draw(st.integers(1, 255))
    kept = bytes(written[: data.draw(st.integers(0, len(written)))])
    assert list(decode_file(io.BytesIO(kept))) == list(decode(kept))


@pytest.mark.parametrize("field", range(3))
def test_a_damaged_length_costs_only_its_record(field: int) -> None:
    """Whatever it says: what is not there is not asked for."""
    first, second = (StoredRequest("traces", body, 1, bytes(KEY_BYTES)) for body in (b"first", b"second"))
    record = bytearray(record_of(first))
    at = (8, 21, 23)[field]  # of the body, the tenant, the keys
    record[at : at + 2] = b"\xff\xff"
    if field == 0:
        record[at : at + 4] = b"\xff\xff\xff\x7f"
    elif field == 2:
        record[at : at + 4] = b"\xff\xff\xff\xff"
    found = list(decode_file(io.BytesIO(bytes(record) + record_of(second))))
    assert found == [Corrupt(0, bytes(record)), second]
