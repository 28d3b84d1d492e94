"""Make the rows of a segment. The same requests always give the same rows in the same blocks, whoever asks and when.

    raw_blocks      otel_traces, otel_logs: what was received
    record_blocks   span_facts, message_bodies, ...: what dialects read in it

A block is what one INSERT per table carries: rows of consecutive spans and log records that reach `BLOCK_BYTES` of JSON.
It may end within a request, since a small request can have many rows. A segment of the usual size is one block: an
insert costs the engine some 50 ms, whatever is in it, and blocks of an eighth made merges more frequent, which took more
memory than the blocks had saved.
"""

import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from collector_plugin.dialects import read_log, read_span
from collector_plugin.flatten import flatten_logs, flatten_traces
from collector_plugin.otlp.requests import as_logs, as_traces
from collector_plugin.raw_rows import LOG_COLUMNS, SPAN_COLUMNS, log_lines, span_lines
from collector_plugin.spool.segment_format import StoredRequest
from schemas.as_json import JsonLines, JsonStream
from schemas.records import LogRecord, Record, Span, SpanFacts
from schemas.rows import batch_rows

log = logging.getLogger(__name__)

BLOCK_BYTES = 64 * 1024 * 1024  # of all tables; a block holds at most one item's rows more
_RAW_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "traces": ("otel_traces", SPAN_COLUMNS),
    "logs": ("otel_logs", LOG_COLUMNS),
}


@dataclass(slots=True)
class Block:
    """Rows by table, in JSON, and what was met on the way to them.

    Rows are written as JSON at once: as Python's objects they would take five times the memory. Where a `JsonStream` is
    in its tables, a block is whole only when that was taken. `contents` names the
    messages and tools among them, each of which is there once. `dialects` counts the spans and log records that each
    dialect recognised, `unknown_spans` the spans that none did by (scope name, span name). `unread_count` is of spans and
    log records whose dialect failed; `lost` are requests that could not be flattened to their end.
    """

    tables: dict[str, JsonLines | JsonStream] = field(default_factory=dict)
    contents: set[tuple[object, ...]] = field(default_factory=set)
    dialects: Counter[str] = field(default_factory=Counter)
    unknown_spans: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_count: int = 0
    lost: list[StoredRequest] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """The JSON of all tables."""
        return sum(rows.size_bytes for rows in self.tables.values())

    @property
    def is_full(self) -> bool:
        """Whether the next item belongs to another block."""
        return self.size_bytes >= BLOCK_BYTES

    def add(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Append rows of a table."""
        lines = self.tables.get(table)
        if not isinstance(lines, JsonLines):
            lines = self.tables[table] = JsonLines()
        lines.extend(rows)


def raw_blocks(requests: Iterable[StoredRequest], segment: str) -> Iterator[Block]:
    """Yield the spans of a segment's requests as they were received, then the log records, block by block.

    The rows of a block are made as they are taken, and requests of spans are asked for as late; what nobody took is passed
    over when the next block is asked for. What could not be flattened stands in the last block.
    """
    lost: list[StoredRequest] = []
    logs = deque[StoredRequest]()
    for kind, of_kind in (("traces", _traces(requests, logs)), ("logs", _popped(logs))):
        table, columns = _RAW_TABLES[kind]
        lines = _raw_lines(of_kind, segment, lost)
        for first in lines:
            rows = JsonStream(columns, _up_to_full(first, lines))
            yield Block({table: rows})
            rows.pass_over()
    if lost:
        yield Block(lost=lost)


def record_blocks(
    requests: Iterable[StoredRequest], segment: str, give_way: Callable[[], None] = lambda: None
) -> Iterator[Block]:
    """Yield what dialects read in a segment's requests, block by block; calls `give_way` before each item."""
    block = Block()
    for request in requests:
        for item in _items(request):
            give_way()
            if block.is_full:
                yield block
                block = Block()
            rows_by_table = batch_rows(_read(block, item), segment, request.received_ns, block.contents)
            for table, rows in rows_by_table.items():
                block.add(table, rows)
    if block != Block():
        yield block


def _traces(requests: Iterable[StoredRequest], logs: deque[StoredRequest]) -> Iterator[StoredRequest]:
    """Yield those of spans, and put the others into `logs`."""
    for request in requests:
        if request.kind == "traces":
            yield request
        else:
            logs.append(request)


def _popped(requests: deque[StoredRequest]) -> Iterator[StoredRequest]:
    while requests:
        yield requests.popleft()


def _raw_lines(requests: Iterator[StoredRequest], segment: str, lost: list[StoredRequest]) -> Iterator[bytes]:
    """Yield the rows of requests of one kind."""
    for request in requests:
        try:
            yield from _lines_of(request, segment)
        except Exception:  # one request that meets a fault of ours must not keep a whole segment from being written
            log.exception("an export request received at %d cannot be flattened; it is set aside", request.received_ns)
            lost.append(request)


def _lines_of(request: StoredRequest, segment: str) -> Iterator[bytes]:
    if request.kind == "traces":
        return span_lines(as_traces(request.body), request.tenant, segment, request.received_ns)
    return log_lines(as_logs(request.body), request.tenant, segment, request.received_ns)


def _up_to_full(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `first` and as many others as belong into its block."""
    yield first
    size_bytes = len(first)
    while size_bytes < BLOCK_BYTES and (line := next(others, None)) is not None:
        yield line
        size_bytes += len(line)


def _items(request: StoredRequest) -> Iterator[Span | LogRecord]:
    """Yield what the request holds; one that cannot be flattened to its end is told of, and kept, by `raw_blocks`."""
    with contextlib.suppress(Exception):
        if request.kind == "traces":
            yield from flatten_traces(as_traces(request.body), request.tenant)
        else:
            yield from flatten_logs(as_logs(request.body), request.tenant)


def _read(block: Block, item: Span | LogRecord) -> list[Record]:
    """Return what the dialects read; a dialect that fails costs the records of this one item, which is stored raw."""
    try:
        records = read_span(item) if isinstance(item, Span) else read_log(item)
    except Exception:
        log.exception("no dialect could read trace %s span %s of %r", item.trace_id, item.span_id, item.scope_name)
        block.unread_count += 1
        return []
    for record in records:
        if isinstance(record, SpanFacts):
            if record.dialect:
                block.dialects[record.dialect] += 1
            elif isinstance(item, Span):
                block.unknown_spans[item.scope_name, item.name] += 1
    return records
