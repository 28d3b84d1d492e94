"""Where in an export request text of any length may stand, span by span and log record by log record."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.requests import Request


class Texts(NamedTuple):
    """What one resource, scope, span or log record says: its attributes and body, and fields that are text.

    `own` are its own attributes, to which what happens to the rest can be added.
    """

    own: Any  # protobuf's repeated field has no type
    pairs: list[KeyValue]
    bodies: list[AnyValue]
    fields: list[tuple[Any, str]]  # a message and the name of its field


def texts_of(request: Request, *, larger_than: int = -1) -> Iterator[Texts]:
    """Yield the texts of each resource, scope, span and log record; metrics have none that is kept.

    Args:
        request: to look into.
        larger_than: pass over what takes no more bytes than this.
    """
    match request:
        case ExportTraceServiceRequest():
            for spans in request.resource_spans:
                yield from _texts([spans.resource], _of_others, larger_than)
                for traced in spans.scope_spans:
                    yield from _texts([traced.scope], _of_others, larger_than)
                    yield from _texts(traced.spans, _of_span, larger_than)
        case ExportLogsServiceRequest():
            for logs in request.resource_logs:
                yield from _texts([logs.resource], _of_others, larger_than)
                for logged in logs.scope_logs:
                    yield from _texts([logged.scope], _of_others, larger_than)
                    yield from _texts(logged.log_records, _of_log, larger_than)


def _texts(messages: Iterable[Any], read: Callable[[Any], Texts], larger_than: int) -> Iterator[Texts]:
    return (read(message) for message in messages if message.ByteSize() > larger_than)


def leaves(values: Iterable[AnyValue]) -> Iterator[AnyValue]:
    """Yield every value that is neither a list nor a map, within these at any depth."""
    for value in values:
        match value.WhichOneof("value"):
            case "array_value":
                yield from leaves(value.array_value.values)
            case "kvlist_value":
                yield from leaves(pair.value for pair in value.kvlist_value.values)
            case _:
                yield value


def _of_others(message: Any) -> Texts:  # a resource or a scope
    return Texts(message.attributes, list(message.attributes), [], [])


def _of_span(span: Span) -> Texts:
    pairs = [*span.attributes]
    fields: list[tuple[Any, str]] = [(span, "name"), (span.status, "message")]
    for event in span.events:
        pairs += event.attributes
        fields.append((event, "name"))
    for link in span.links:
        pairs += link.attributes
    return Texts(span.attributes, pairs, [], fields)


def _of_log(log: LogRecord) -> Texts:
    return Texts(log.attributes, list(log.attributes), [log.body] if log.HasField("body") else [], [])
