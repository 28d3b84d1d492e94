"""What the raw lane writes is what flattening gives, value for value."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector_plugin.flatten import flatten_logs, flatten_traces
from collector_plugin.raw_rows import LOG_COLUMNS, SPAN_COLUMNS, log_lines, span_lines
from schemas.as_json import JsonLines, JsonStream
from schemas.database import Database
from schemas.otel_rows import log_row, span_row

RECEIVED_NS = 1_790_000_000 * 10**9 + 1

texts = st.text(max_size=8) | st.sampled_from(["", "\0", '"', "\\N", "\n", "😀"])
keys = st.sampled_from(["", "service.name", "a", "a#2", "a.b"])
numbers = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(0, 2**32 - 1)
times = st.integers(0, 2**64 - 1) | st.integers(0, 2**62)
ids = st.binary(max_size=16)
scalars = st.one_of(
    st.just(AnyValue()),
    st.builds(AnyValue, string_value=texts),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, int_value=numbers),
    st.builds(AnyValue, double_value=st.floats()),
    st.builds(AnyValue, bytes_value=st.binary(max_size=5)),
)


def nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda items: AnyValue(array_value=ArrayValue(values=items))),
        st.lists(st.builds(KeyValue, key=keys, value=inner), max_size=3).map(
            lambda pairs: AnyValue(kvlist_value=KeyValueList(values=pairs))
        ),
    )


values = st.recursive(scalars, nested, max_leaves=4)
attributes = st.lists(st.builds(KeyValue, key=keys, value=values), max_size=4)
around = {
    "resource": st.builds(Resource, attributes=attributes),
    "schema_url": texts,
}
scope = {
    "scope": st.builds(InstrumentationScope, name=texts, version=texts, attributes=attributes),
    "schema_url": texts,
}
spans = st.builds(
    Span,
    trace_id=ids,
    span_id=ids,
    parent_span_id=ids,
    trace_state=texts,
    flags=counts,
    name=texts,
    kind=st.integers(-1, 9),
    start_time_unix_nano=times,
    end_time_unix_nano=times,
    attributes=attributes,
    dropped_attributes_count=counts,
    dropped_events_count=counts,
    dropped_links_count=counts,
    events=st.lists(st.builds(Span.Event, name=texts, time_unix_nano=times, attributes=attributes), max_size=2),
    links=st.lists(
        st.builds(Span.Link, trace_id=ids, span_id=ids, trace_state=texts, attributes=attributes), max_size=2
    ),
    status=st.builds(Status, code=st.integers(-1, 4), message=texts),
)
logs = st.builds(
    LogRecord,
    time_unix_nano=times,
    observed_time_unix_nano=times,
    trace_id=ids,
    span_id=ids,
    flags=counts,
    severity_text=texts,
    severity_number=st.integers(-5, 300),
    event_name=texts,
    body=values,
    attributes=attributes,
    dropped_attributes_count=counts,
)
of_traces = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            **around,
            scope_spans=st.lists(st.builds(ScopeSpans, **scope, spans=st.lists(spans, max_size=2)), max_size=2),
        ),
        max_size=2,
    ),
)
of_logs = st.builds(
    ExportLogsServiceRequest,
    resource_logs=st.lists(
        st.builds(
            ResourceLogs,
            **around,
            scope_logs=st.lists(st.builds(ScopeLogs, **scope, log_records=st.lists(logs, max_size=2)), max_size=2),
        ),
        max_size=2,
    ),
)
WITH_DATABASE = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def stored(database: Database, table: str, rows: JsonLines | JsonStream) -> list[dict[str, Any]]:
    """Return what the engine makes of rows, in the order given: without an order of theirs they come as one block."""
    database.command(f"TRUNCATE TABLE {table}")
    database.insert(table, rows)
    # Rows with equal sorting keys keep their order in a part; others are sorted the same way in both.
    return database.query(f"SELECT * FROM {table} ORDER BY toDate(Timestamp)")


@WITH_DATABASE
@given(request=of_traces, tenant=texts)
def test_rows_of_spans_are_those_of_flattened_spans(
    database: Database, request: ExportTraceServiceRequest, tenant: str
) -> None:
    """Whatever types, repeated keys, times, enums and nesting a span has."""
    direct = JsonStream(SPAN_COLUMNS, span_lines(request, tenant, "segment", RECEIVED_NS))
    by_way_of_spans = JsonLines()
    by_way_of_spans.extend(span_row(span, "segment", RECEIVED_NS) for span in flatten_traces(request, tenant))
    assert stored(database, "otel_traces", direct) == stored(database, "otel_traces", by_way_of_spans)


@WITH_DATABASE
@given(request=of_logs, tenant=texts)
def test_rows_of_log_records_are_those_of_flattened_records(
    database: Database, request: ExportLogsServiceRequest, tenant: str
) -> None:
    """Likewise, with bodies of any shape."""
    direct = JsonStream(LOG_COLUMNS, log_lines(request, tenant, "segment", RECEIVED_NS))
    by_way_of_records = JsonLines()
    by_way_of_records.extend(log_row(log, "segment", RECEIVED_NS) for log in flatten_logs(request, tenant))
    assert stored(database, "otel_logs", direct) == stored(database, "otel_logs", by_way_of_records)
