"""What is written and read again is what it was."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.database import Database
from schemas.records import (
    Document,
    Feedback,
    LogRecord,
    MessageBody,
    Record,
    Retrieval,
    Span,
    SpanEvent,
    SpanException,
    SpanFacts,
    SpanLink,
    ToolDefinition,
    ToolExecution,
    ToolRequest,
)
from schemas.rows import (
    CONTENT_TABLES,
    batch_rows,
    exception_from_row,
    facts_from_rows,
    feedback_from_row,
    log_from_row,
    log_row,
    retrieval_from_row,
    scope_of,
    span_from_row,
    span_row,
    tool_execution_from_row,
)

WITH_DATABASE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

texts = st.text(max_size=20) | st.sampled_from(
    ["\0", "'", '"', "\\", "\\N", "\n\t\r", "𝕄 😀", "{a:String}", "$$", "-- "]
)
names = st.text(min_size=1, max_size=8)
times = st.integers(0, 2**62) | st.just(2**62)
counts = st.integers(0, 2**32 - 1)
attributes = st.dictionaries(texts, texts, max_size=3)
scores = st.none() | st.floats(allow_nan=False, allow_infinity=False)
calls = st.builds(ToolRequest, id=texts, name=texts, arguments=texts)
bodies = st.builds(
    MessageBody,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=texts,
    tool_calls=st.lists(calls, max_size=2).map(tuple),
    tool_call_id=texts,
    name=texts,
)
conversations = st.lists(bodies, max_size=3).map(tuple)
statuses = st.sampled_from(["ok", "error", "unknown"])
of_a_span = {"trace_id": names, "span_id": names, "tenant": texts, "service_name": texts}
facts = st.builds(
    SpanFacts,
    **of_a_span,
    dialect=names,
    role=st.sampled_from(["llm", "agent", "tool", "other"]),
    start_ns=times,
    end_ns=times,
    source=st.sampled_from(["span", "event", "log"]),
    ordinal=st.integers(0, 99),
    name=texts,
    status=statuses,
    conversation_id=texts,
    input_tokens=st.integers(-(2**63), 2**63 - 1),
    cost_usd=st.floats(0, 1e12),
    tools_offered=st.lists(st.builds(ToolDefinition, name=texts, description=texts, parameters=texts), max_size=2).map(
        tuple
    ),
    input=conversations,
    output=conversations,
    is_increment=st.booleans(),
    linked_trace_ids=st.lists(names, max_size=2).map(tuple),
    dropped_attributes_count=counts,
    is_truncated=st.booleans(),
)
tool_executions = st.builds(
    ToolExecution, **of_a_span, name=texts, start_ns=times, arguments=texts, result=st.none() | texts, status=statuses
)
retrievals = st.builds(
    Retrieval,
    **of_a_span,
    start_ns=times,
    query=st.none() | texts,
    documents=st.lists(st.builds(Document, id=texts, content=texts, score=scores), max_size=3).map(tuple),
)
exceptions = st.builds(
    SpanException,
    **of_a_span,
    time_ns=times,
    type=texts,
    message=texts,
    stacktrace=texts,
    source=st.sampled_from(["event", "status", "llm", "tool", "log"]),
    http_status=st.integers(0, 999),
)
feedbacks = st.builds(Feedback, time_ns=times, name=texts, trace_id=names, score=scores, label=texts, comment=texts)
spans = st.builds(
    lambda duration_ns, start_ns, **rest: Span(start_ns=start_ns, end_ns=start_ns + duration_ns, **rest),
    **of_a_span,
    name=texts,
    start_ns=times,
    duration_ns=st.integers(0, 2**61),
    trace_state=texts,
    flags=counts,
    kind=st.sampled_from(["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"]),
    resource_attributes=attributes,
    scope_name=texts,
    scope_attributes=attributes,
    attributes=attributes,
    attribute_types=attributes,
    status_code=st.sampled_from(["Unset", "Ok", "Error"]),
    status_message=texts,
    events=st.lists(st.builds(SpanEvent, name=texts, time_ns=times, attributes=attributes), max_size=2).map(tuple),
    links=st.lists(
        st.builds(SpanLink, trace_id=names, span_id=names, trace_state=texts, attributes=attributes), max_size=2
    ).map(tuple),
    dropped_attributes_count=counts,
    dropped_events_count=counts,
    dropped_links_count=counts,
)
logs = st.builds(
    LogRecord,
    time_ns=times,
    observed_ns=times,
    trace_id=texts,
    flags=counts,
    severity_number=st.integers(0, 24),
    event_name=texts,
    body=texts,
    resource_attributes=attributes,
    scope_attributes=attributes,
    attributes=attributes,
    attribute_types=attributes,
    dropped_attributes_count=counts,
)


def store(database: Database, *records: Record) -> None:
    for table in ("span_facts", "message_bodies", "tool_definitions", "tool_executions", "retrievals"):
        database.command(f"TRUNCATE TABLE {table}")
    for table in ("exceptions", "feedback"):
        database.command(f"TRUNCATE TABLE {table}")
    for table, rows in batch_rows(records, "segment", 7).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": 7}
        database.insert(table, [row | written for row in rows])


def load_facts(database: Database, trace_id: str) -> list[SpanFacts]:
    rows = database.query("load_span_facts", trace_ids=[trace_id], conversation_ids=[], scopes=[])
    hashes = [hash_ for row in rows for hash_ in row["input_hashes"] + row["output_hashes"]]
    bodies = database.query("load_message_bodies", scopes=[row["scope"] for row in rows], hashes=hashes)
    tools = database.query("load_tool_definitions", hashes=[row["tools_hash"] for row in rows])
    return facts_from_rows(rows, bodies, tools)


@WITH_DATABASE
@given(facts=facts)
def test_facts_survive_the_database(database: Database, facts: SpanFacts) -> None:
    """Facts read from span_facts, message_bodies and tool_definitions equal the facts written."""
    store(database, facts)
    assert load_facts(database, facts.trace_id) == [facts]


@WITH_DATABASE
@given(execution=tool_executions, retrieval=retrievals, exception=exceptions, feedback=feedbacks)
def test_other_records_survive_the_database(
    database: Database,
    execution: ToolExecution,
    retrieval: Retrieval,
    exception: SpanException,
    feedback: Feedback,
) -> None:
    """A tool execution, retrieval, exception and feedback read back equal those written."""
    store(database, execution, retrieval, exception, feedback)
    (row,) = database.query("load_tool_executions", trace_ids=[execution.trace_id])
    assert tool_execution_from_row(row) == execution
    (row,) = database.query("load_retrievals", trace_ids=[retrieval.trace_id])
    assert retrieval_from_row(row) == retrieval
    (row,) = database.query("load_exceptions", trace_ids=[exception.trace_id])
    assert exception_from_row(row) == exception
    (row,) = database.query("load_feedback", trace_ids=[feedback.trace_id], conversation_ids=[], response_ids=[])
    assert feedback_from_row(row) == feedback


@WITH_DATABASE
@given(span=spans, log=logs)
def test_spans_and_logs_survive_the_database(database: Database, span: Span, log: LogRecord) -> None:
    """A span and a log record read from otel_traces and otel_logs equal those written, to the nanosecond."""
    database.command("TRUNCATE TABLE otel_traces")
    database.command("TRUNCATE TABLE otel_logs")
    database.insert("otel_traces", [span_row(span, "segment", 7)])
    database.insert("otel_logs", [log_row(log, "segment", 7)])
    assert [span_from_row(row) for row in database.query("SELECT * FROM otel_traces")] == [span]
    assert [log_from_row(row) for row in database.query("SELECT * FROM otel_logs")] == [log]


def test_repeated_history_is_stored_once(database: Database) -> None:
    """A hundred calls that each repeat the conversation so far store each message once, across batches too."""
    said = tuple(MessageBody("user", f"message {index}") for index in range(100))
    call = SpanFacts("t", "s", "d", "llm", 1, conversation_id="c")
    for segment, halves in (("1", range(1, 51)), ("2", range(51, 101))):
        batch = batch_rows((replace(call, span_id=str(n), input=said[:n]) for n in halves), segment, 7)
        assert len(batch["message_bodies"]) == max(halves)
        for table, rows in batch.items():
            database.insert(table, rows)
    database.command("OPTIMIZE TABLE message_bodies FINAL")
    assert database.query("SELECT count() AS n FROM message_bodies") == [{"n": 100}]
    assert sorted(len(facts.input) for facts in load_facts(database, "t")) == list(range(1, 101))


def test_a_missing_body_marks_the_facts_truncated(database: Database) -> None:
    """Where a message is stored no longer the others are still read, and the facts say that something is missing."""
    facts = SpanFacts("t", "s", "d", "llm", 1, input=(MessageBody("user", "kept"), MessageBody("assistant", "gone")))
    store(database, facts)
    database.command("DELETE FROM message_bodies WHERE content = 'gone'")
    (loaded,) = load_facts(database, "t")
    assert loaded == replace(facts, input=facts.input[:1], is_truncated=True)


def test_invalid_text_becomes_a_replacement_character(database: Database) -> None:
    """A lone surrogate, which UTF-8 cannot hold, is stored as U+FFFD, and its body is found by its hash."""
    facts = SpanFacts("t", "s", "d", "llm", 1, name="a\ud800b", input=(MessageBody("user", "x\udfff"),))
    store(database, facts)
    (loaded,) = load_facts(database, "t")
    assert loaded.name == "a\ufffdb"
    assert loaded.input == (MessageBody("user", "x\ufffd"),)


def test_numbers_beyond_the_column_become_the_nearest(database: Database) -> None:
    """A token count of 2**70 is stored as the largest the column takes instead of costing the batch."""
    store(database, SpanFacts("t", "s", "d", "llm", 1, input_tokens=2**70))
    assert load_facts(database, "t")[0].input_tokens == 2**63 - 1


def test_scope_is_the_same_for_every_call_of_a_conversation() -> None:
    """Calls without a conversation id share a scope by their first message, however long the history and its prompt."""
    first = (MessageBody("system", "today is Monday"), MessageBody("user", "hi"))
    later = (MessageBody("system", "today is Tuesday"), *first[1:], MessageBody("assistant", "hello"))
    call = SpanFacts("t1", "s", "d", "llm", 1, service_name="shop")
    assert scope_of(replace(call, input=first)) == scope_of(replace(call, trace_id="t2", input=later))
    assert scope_of(replace(call, input=first)) != scope_of(replace(call, service_name="bank", input=first))
    assert scope_of(call) == "t1"
    assert scope_of(replace(call, input=first, conversation_id="c")) == "c"


def test_rows_are_the_same_on_every_call() -> None:
    """Rows depend on the record alone, so that a replayed segment is cut as before."""
    facts = SpanFacts("t", "s", "d", "llm", 1, input=(MessageBody("user", "hi"),), output=(MessageBody("user", "hi"),))
    assert batch_rows([facts], "1", 7) == batch_rows([facts], "1", 7) == batch_rows([replace(facts)], "1", 7)
    assert [len(rows) for rows in batch_rows([facts, facts], "1", 7).values()] == [1, 2]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"SpanKind": "SPAN_KIND_CLIENT", "StatusCode": "STATUS_CODE_ERROR"},
            {"kind": "Client", "status_code": "Error"},
        ),
        ({"SpanKind": "Server", "StatusCode": "Ok"}, {"kind": "Server", "status_code": "Ok"}),
        ({"Duration": -5}, {"end_ns": 1_500_000_000}),
        (
            {"SpanAttributes": {"otel.scope.name": "lib", "otel.scope.version": "2"}},
            {"scope_name": "lib", "scope_version": "2"},
        ),
        (
            {"SpanAttributes": {"a": {"b": 1, "c": ["x"]}, "d": True}},
            {"attributes": {"a.b": "1", "a.c": '["x"]', "d": "true"}},
        ),
        ({"Timestamp": "1970-01-01 00:00:01.5"}, {"start_ns": 1_500_000_000}),
    ],
)
def test_tables_of_other_writers_are_read(row: dict[str, object], expected: dict[str, object]) -> None:
    """Every generation of the Collector's otel_traces is understood: spellings, missing columns, JSON attributes."""
    least = {"Timestamp": "1970-01-01 00:00:01.500000000", "TraceId": "t", "SpanId": "s", "SpanName": "n"}
    span = span_from_row({**least, **row})
    assert {name: getattr(span, name) for name in expected} == expected


def test_spans_are_found_by_trace_with_and_without_the_lookup(database: Database) -> None:
    """All spans of the traces asked for come in order of time, also where nothing fed the lookup."""
    day_ns = 86_400_000_000_000
    spans = [Span("t", f"s{day}", "n", day * day_ns + 1, day * day_ns + 2) for day in range(3)]
    database.insert("otel_traces", [span_row(span, "1", 7) for span in (*spans, replace(spans[0], trace_id="other"))])
    assert [span_from_row(row) for row in database.query("load_spans", trace_ids=["t"])] == spans
    database.command("TRUNCATE TABLE otel_traces_trace_id_ts")
    assert [span_from_row(row) for row in database.query("load_spans", trace_ids=["t"])] == spans


def test_changed_traces_name_what_they_speak_of(database: Database) -> None:
    """A trace that received anything from the moment on is named once, with its conversations, scopes and answers."""
    call = SpanFacts("t", "s", "d", "llm", 1, tenant="a", conversation_id="c", response_id="r")
    store(database, call, ToolExecution("t", "s2", "search", 1, tenant="a"), Feedback(1, "thumb", conversation_id="c2"))
    assert database.query("changed_traces", since_ns=7) == [
        {"tenant": "", "trace_id": "", "last_written_ns": 7, "conversation_ids": ["c2"], "scopes": [], "response_ids": []},
        {"tenant": "a", "trace_id": "t", "last_written_ns": 7, "conversation_ids": ["c"], "scopes": ["c"], "response_ids": ["r"]},
    ]  # fmt: skip
    assert database.query("changed_traces", since_ns=8) == []
