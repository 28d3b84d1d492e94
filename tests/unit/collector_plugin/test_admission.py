"""Nothing but a span without an identity and days beyond the limit is rejected; every admitted time can be stored."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.admission import (
    DAY_LIMIT,
    DAY_NS,
    FUTURE_NS,
    PAST_NS,
    SENT_END,
    SENT_START,
    SENT_TIME,
    admit,
)

NOW = 1_800_000_000 * 10**9
GOOD: dict[str, Any] = {
    "trace_id": b"t" * 16,
    "span_id": b"s" * 8,
    "start_time_unix_nano": NOW,
    "end_time_unix_nano": NOW,
}


def traces(*spans: Span) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add(spans=spans)
    return request


def spans_of(request: ExportTraceServiceRequest) -> list[Span]:
    return list(request.resource_spans[0].scope_spans[0].spans)


def good(**fields: Any) -> Span:
    return Span(**{**GOOD, **fields})


def test_a_good_request_is_not_changed() -> None:
    """So it can be stored byte by byte."""
    request = traces(good(parent_span_id=b"p" * 8, name="a"))
    before = request.SerializeToString()
    admission = admit(request, NOW)
    assert (admission.admitted_count, admission.rejected_count, admission.is_changed) == (1, 0, False)
    assert admission.notes() == []
    assert request.SerializeToString() == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"trace_id": b""}, "16 bytes, not 0"),
        ({"trace_id": b"abcd"}, "16 bytes, not 4"),
        ({"trace_id": bytes(16)}, "trace id is all zero"),
        ({"span_id": b"s" * 32}, "8 bytes, not 32"),
        ({"span_id": bytes(8)}, "span id is all zero"),
    ],
)
def test_one_span_without_identity_costs_only_itself(fields: dict[str, bytes], reason: str) -> None:
    """511 good spans around it stay, in order, and the sender is told why."""
    spans = [good(name=str(number)) for number in range(511)]
    request = traces(*spans[:200], good(**fields), *spans[200:])
    admission = admit(request, NOW)
    assert [span.name for span in spans_of(request)] == [span.name for span in spans]
    assert (admission.admitted_count, admission.rejected_count) == (511, 1)
    assert reason in admission.notes()[0]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_any_times_become_possible_ones_and_what_was_sent_is_kept(start_ns: int, end_ns: int) -> None:
    """Both lie within the bounds, in order; a time that was changed stands in an attribute."""
    request = traces(good(start_time_unix_nano=start_ns, end_time_unix_nano=end_ns))
    admission = admit(request, NOW)
    (span,) = spans_of(request)
    assert NOW - PAST_NS <= span.start_time_unix_nano <= span.end_time_unix_nano <= NOW + FUTURE_NS
    sent = {pair.key: int(pair.value.string_value) for pair in span.attributes}
    assert sent.get(SENT_START, span.start_time_unix_nano) == start_ns
    assert sent.get(SENT_END, span.end_time_unix_nano) == end_ns
    assert admission.rejected_count == 0
    assert admission.is_changed == bool(sent)


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "kept"),
    [
        (NOW, 0, (NOW, NOW)),
        (0, NOW, (NOW, NOW)),
        (NOW, NOW - 10, (NOW, NOW)),
        (0, 0, (NOW, NOW)),
        (NOW - 5, NOW, (NOW - 5, NOW)),
        (NOW + 100 * 366 * 86_400 * 10**9, NOW, (NOW, NOW)),
    ],
)
def test_the_possible_one_of_two_times_is_kept(start_ns: int, end_ns: int, kept: tuple[int, int]) -> None:
    """A span that is not ended, ends before it starts, or has one wild clock stays where it was."""
    request = traces(good(start_time_unix_nano=start_ns, end_time_unix_nano=end_ns))
    admit(request, NOW)
    (span,) = spans_of(request)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == kept


def test_a_wild_event_clock_is_set_to_its_spans_start() -> None:
    """Also where the span's own times are good."""
    request = traces(good(events=[Span.Event(name="e", time_unix_nano=2**63)]))
    assert admit(request, NOW).notes()
    (span,) = spans_of(request)
    assert span.events[0].time_unix_nano == NOW


def test_an_unusable_parent_makes_a_root() -> None:
    """Zeros mean no parent, silently; another length is told."""
    request = traces(good(parent_span_id=bytes(8)), good(parent_span_id=b"abc"))
    admission = admit(request, NOW)
    assert [span.parent_span_id for span in spans_of(request)] == [b"", b""]
    assert len(admission.notes()) == 1


def test_spans_beyond_the_days_of_a_request_are_rejected() -> None:
    """Each day is a partition of every table; the first days are kept, and a span of one of them also at the end."""
    days = [*range(DAY_LIMIT + 3), 0]
    request = traces(*[good(name=str(day), start_time_unix_nano=NOW - day * DAY_NS) for day in days])
    admission = admit(request, NOW)
    assert [span.name for span in spans_of(request)] == [*map(str, range(DAY_LIMIT)), "0"]
    assert (admission.admitted_count, admission.rejected_count) == (DAY_LIMIT + 1, 3)
    assert f"3 x span rejected: a request may name {DAY_LIMIT} days" in admission.notes()[0]


def test_log_records_beyond_the_days_of_a_request_are_rejected() -> None:
    """As spans are."""
    request = ExportLogsServiceRequest()
    logs = [LogRecord(time_unix_nano=NOW - day * DAY_NS) for day in range(DAY_LIMIT + 1)]
    request.resource_logs.add().scope_logs.add(log_records=logs)
    admission = admit(request, NOW)
    assert (admission.admitted_count, admission.rejected_count) == (DAY_LIMIT, 1)
    assert "1 x log record rejected" in admission.notes()[0]


def test_events_beyond_the_days_of_a_request_are_set_to_their_spans_start() -> None:
    """The span is kept, and what was sent."""
    events = [Span.Event(name="exception", time_unix_nano=NOW - day * DAY_NS) for day in range(DAY_LIMIT + 1)]
    request = traces(good(events=events))
    assert admit(request, NOW).rejected_count == 0
    (span,) = spans_of(request)
    last = span.events[DAY_LIMIT]
    assert last.time_unix_nano == NOW
    assert (last.attributes[0].key, last.attributes[0].value.string_value) == (
        SENT_TIME,
        str(NOW - DAY_LIMIT * DAY_NS),
    )
    assert len({event.time_unix_nano for event in span.events}) == DAY_LIMIT


def test_log_records_without_ids_or_clock_are_kept() -> None:
    """Without ids they cannot use, with the time they were observed or received."""
    request = ExportLogsServiceRequest()
    logs = [
        LogRecord(trace_id=b"short", span_id=bytes(8), time_unix_nano=NOW),
        LogRecord(time_unix_nano=0, observed_time_unix_nano=NOW - 1),
        LogRecord(time_unix_nano=2**63, observed_time_unix_nano=2**63),
    ]
    request.resource_logs.add().scope_logs.add(log_records=logs)
    admission = admit(request, NOW)
    kept = request.resource_logs[0].scope_logs[0].log_records
    assert [(log.trace_id, log.span_id, log.time_unix_nano) for log in kept] == [
        (b"", b"", NOW),
        (b"", b"", NOW - 1),
        (b"", b"", NOW),
    ]
    assert (admission.admitted_count, admission.rejected_count) == (3, 0)


def test_notes_are_few_and_count() -> None:
    """A thousand bad spans make one sentence."""
    assert admit(traces(*[good(trace_id=b"")] * 1000), NOW).notes() == [
        "1000 x span rejected: the trace id must have 16 bytes, not 0."
    ]
