"""A second, tolerant look at a protobuf body that the parser refused.

The parser refuses a whole export request for one attribute with invalid UTF-8 or for one value nested too deep. Here
only what is wrong is touched: whatever parses is taken as it is, whatever does not is opened one level and looked at
again. Text that is not UTF-8 keeps its readable part; a value nested too deep is kept as the bytes of its protobuf
form; a span or log record that is no protobuf at all is cut out and counted. Fields unknown to this version stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.wire import LENGTH, end_of_number, varint
from schemas.errors import Undecodable

ITEMS = frozenset({Span.DESCRIPTOR.full_name, LogRecord.DESCRIPTOR.full_name})

VALUE = AnyValue.DESCRIPTOR.full_name
# The parser stops at 100 nested messages, and a level of a nested value takes three of them: nothing deeper can parse.
VALUE_DEPTH_LIMIT = 34
# A value within a span event has seven messages around it. It must parse with at least so many, here lists of one.
LISTS_AROUND_VALUE = 4


@dataclass(slots=True)
class Repair:
    """What was done to one body.

    `is_thorough`: everything was looked into, not only what does not parse by itself. That is needed where values are
    nested just so deep that it shows only from the outside.
    """

    body: bytes = b""
    is_thorough: bool = False
    mended_count: int = 0
    cut_count: int = 0


def repair(body: bytes, descriptor: Descriptor) -> Repair:
    """Return a body that parses as `descriptor`, with the number of texts or values mended and of items cut.

    Raises:
        Undecodable: the damage is outside of any span or log record.
    """
    for is_thorough in (False, True):
        result = Repair(is_thorough=is_thorough)
        result.body = _mend(body, descriptor, 0, result)
        if _parses(result.body, descriptor):
            return result
    raise Undecodable


def _mend(data: bytes, descriptor: Descriptor, depth: int, result: Repair) -> bytes:
    """Return `data` so that it parses; `depth` counts the values around it."""
    if descriptor.full_name == VALUE:
        return _mend_value(data, descriptor, depth, result)
    if not result.is_thorough and _parses(data, descriptor):
        return data
    return _mend_fields(data, descriptor, depth, result)


def _mend_value(data: bytes, descriptor: Descriptor, depth: int, result: Repair) -> bytes:
    if depth < VALUE_DEPTH_LIMIT:
        if _parses(_within_lists(data), descriptor):
            return data
        mended = _mend_fields(data, descriptor, depth + 1, result)
        if _parses(_within_lists(mended), descriptor):
            return mended
    result.mended_count += 1
    return bytes(AnyValue(bytes_value=data).SerializeToString())


def _mend_fields(data: bytes, descriptor: Descriptor, depth: int, result: Repair) -> bytes:
    return b"".join(
        _mend_field(head, value, descriptor.fields_by_number.get(number), depth, result)
        for number, head, value in _fields(data)
    )


def _mend_field(head: bytes, value: bytes | None, field: FieldDescriptor | None, depth: int, result: Repair) -> bytes:
    if value is None or field is None:
        return head + _delimited(value)
    if field.type == FieldDescriptor.TYPE_STRING:
        text = value.decode("utf-8", "replace").encode()
        result.mended_count += text != value
        return head + _delimited(text)
    if field.message_type is None:
        return head + _delimited(value)
    try:
        return head + _delimited(_mend(value, field.message_type, depth, result))
    except Undecodable:
        if field.message_type.full_name not in ITEMS:
            raise
        result.cut_count += 1
        return b""


def _parses(data: bytes, descriptor: Descriptor) -> bool:
    try:
        GetMessageClass(descriptor).FromString(data)
    except DecodeError:
        return False
    return True


def _within_lists(value: bytes) -> bytes:
    for _ in range(LISTS_AROUND_VALUE):
        value = b"\x2a" + _delimited(b"\x0a" + _delimited(value))
    return value


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield the number, the bytes before the value and the value of each field; the value of a number is None."""
    at = 0
    while at < len(data):
        key, after_key = varint(data, at)
        wire_type = key & 7
        if wire_type == LENGTH:
            size, start = varint(data, after_key)
            end = start + size
            head, value = data[at:after_key], data[start:end]
        else:
            end = end_of_number(data, after_key, wire_type)
            head, value = data[at:end], None
        if end > len(data) or key >> 3 == 0:
            raise Undecodable
        yield key >> 3, head, value
        at = end


def _delimited(value: bytes | None) -> bytes:
    if value is None:
        return b""
    size, prefix = len(value), bytearray()
    while size > 0x7F:
        prefix.append(size & 0x7F | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + value
