"""Make the rows of a segment. The same requests always give the same rows in the same blocks, whoever asks and when.

A block is what one INSERT per table carries: consecutive spans and log records whose rows reach `BLOCK_BYTES` of JSON.
It may end within a request, since a small request can have many rows. A segment of the usual size is one block: an
insert costs the engine some 50 ms, whatever is in it.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from collector_plugin.dialects import read_log, read_span
from collector_plugin.flatten import flatten_logs, flatten_traces
from collector_plugin.otlp.requests import as_logs, as_traces
from collector_plugin.spool.segment_format import StoredRequest
from schemas.as_json import JsonLines
from schemas.records import LogRecord, Record, Span, SpanFacts
from schemas.rows import batch_rows, log_row, span_row

log = logging.getLogger(__name__)

Row = dict[str, Any]  # Any: a row has values of every column type
BLOCK_BYTES = 64 * 1024 * 1024  # of all tables; a block holds at most one item's rows more


@dataclass(slots=True)
class Block:
    """Rows by table, in JSON, and what was met on the way to them.

    Rows are written as JSON at once: as Python's objects they would take five times the memory. `contents` names the
    messages and tools among them, each of which is there once. `dialects` counts the spans and log records that each dialect recognised, `unknown_spans` the spans that none did by
    (scope name, span name). `unread_count` is of spans and log records that are stored, but whose dialect failed; `lost`
    are requests that could not even be flattened.
    """

    tables: dict[str, JsonLines] = field(default_factory=dict)
    contents: set[tuple[object, ...]] = field(default_factory=set)
    dialects: Counter[str] = field(default_factory=Counter)
    unknown_spans: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_count: int = 0
    lost: list[StoredRequest] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """The JSON of all tables."""
        return sum(len(rows.text) for rows in self.tables.values())


def blocks(requests: Iterable[StoredRequest], segment: str) -> Iterator[Block]:
    """Yield the rows of a segment's requests, block by block."""
    block = Block()
    for request in requests:
        for item in _items(block, request):
            if block.size_bytes >= BLOCK_BYTES:
                yield block
                block = Block()
            _add_item(block, item, segment, request.received_ns)
    if block.tables or block.lost:
        yield block


def _items(block: Block, request: StoredRequest) -> list[Span] | list[LogRecord]:
    try:
        return _flatten(request)
    except Exception:  # one request that meets a fault of ours must not keep a whole segment from being written
        log.exception("an export request received at %d cannot be flattened; it is set aside", request.received_ns)
        block.lost.append(request)
        return []


def _add_item(block: Block, item: Span | LogRecord, segment: str, received_ns: int) -> None:
    if isinstance(item, Span):
        _add(block, "otel_traces", [span_row(item, segment, received_ns)])
    else:
        _add(block, "otel_logs", [log_row(item, segment, received_ns)])
    for table, rows in batch_rows(_read(block, item), segment, received_ns, block.contents).items():
        _add(block, table, rows)


def _flatten(request: StoredRequest) -> list[Span] | list[LogRecord]:
    if request.kind == "traces":
        return flatten_traces(as_traces(request.body), request.tenant)
    return flatten_logs(as_logs(request.body), request.tenant)


def _add(block: Block, table: str, rows: Iterable[Row]) -> None:
    if table not in block.tables:
        block.tables[table] = JsonLines()
    block.tables[table].extend(rows)


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
