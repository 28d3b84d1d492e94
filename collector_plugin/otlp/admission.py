"""Decide, span by span and log record by log record, what of an export request is kept.

Only what could never be found again is rejected, a span without a usable identity, and what lies on more days than one
request may name. Everything else is kept; a clock that cannot be right is set to something that can, and what was sent
is kept beside it in an attribute.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.requests import Request
from collector_plugin.otlp.span_keys import keep_only

TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8
NO_TRACE_ID = bytes(TRACE_ID_BYTES)
NO_SPAN_ID = bytes(SPAN_ID_BYTES)

DAY_NS = 86_400 * 10**9
# Tables are partitioned by day, so a clock gone wild would make a part for every day it names. Ten years leave room for
# imports of old traces, one year for recordings and clocks that are ahead.
PAST_NS = 3_653 * DAY_NS
FUTURE_NS = 366 * DAY_NS
# Within these bounds a request may still name thousands of days, each of which costs a part in every table.
DAY_LIMIT = 100

SENT_START = "momus.sent.start_time_unix_nano"
SENT_END = "momus.sent.end_time_unix_nano"
SENT_TIME = "momus.sent.time_unix_nano"

NOTE_LIMIT = 5
_TIMES = struct.Struct("<QQ")
_TOO_MANY_DAYS = f"a request may name {DAY_LIMIT} days, and this one names more; send the days in several requests"


@dataclass(slots=True)
class Admission:
    """What was kept of a request, which is changed in place, and what the exporter should be told.

    `identities` has for each span that was kept, in order, what `span_keys` makes its key of: as it was sent, because a
    clock that is set right is set by the time of receipt, which is another when the span is sent again.
    """

    admitted_count: int = 0
    rejected_count: int = 0
    is_changed: bool = False
    identities: list[bytes] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    days: set[int] = field(default_factory=set)

    def takes_day(self, time_ns: int) -> bool:
        """Tell whether the day of `time_ns` is one of the first `DAY_LIMIT` that the request names."""
        if len(self.days) < DAY_LIMIT:
            self.days.add(time_ns // DAY_NS)
        return time_ns // DAY_NS in self.days

    def notes(self) -> list[str]:
        """Return a sentence for each kind of fault, the most frequent first, at most `NOTE_LIMIT` of them."""
        return [f"{count} x {fault}." for fault, count in self.faults.most_common(NOTE_LIMIT)]


def admit(request: Request, now_ns: int) -> Admission:
    """Remove from `request` what can never be stored and mend what can; metrics are taken as they are.

    Args:
        request: changed in place.
        now_ns: when the request was received, in nanoseconds since 1970; the measure of which clocks are possible.
    """
    admission = Admission()
    match request:
        case ExportTraceServiceRequest():
            for spans in (group.spans for parent in request.resource_spans for group in parent.scope_spans):
                _keep(spans, [_admit_span(span, now_ns, admission) for span in spans], admission)
        case ExportLogsServiceRequest():
            for logs in (group.log_records for parent in request.resource_logs for group in parent.scope_logs):
                _keep(logs, [_admit_log(log, now_ns, admission) for log in logs], admission)
        case ExportMetricsServiceRequest():
            admission.admitted_count = len(request.resource_metrics)
    return admission


def _keep(items: Any, verdicts: list[bool], admission: Admission) -> None:  # protobuf's repeated field has no type
    rejected_count = verdicts.count(False)
    if rejected_count:
        keep_only(items, verdicts)
        admission.is_changed = True
    admission.rejected_count += rejected_count
    admission.admitted_count += len(verdicts) - rejected_count


def _admit_span(span: Span, now_ns: int, admission: Admission) -> bool:
    # A field of a protobuf message takes as long to read as all else that is done with it.
    trace_id, span_id = span.trace_id, span.span_id
    start_ns, end_ns = span.start_time_unix_nano, span.end_time_unix_nano
    if fault := _identity_fault(trace_id, span_id):
        admission.faults[f"span rejected: {fault}"] += 1
        return False
    _note(admission, _mend_parent(span))
    _note(admission, _mend_times(span, start_ns, end_ns, now_ns))
    if not admission.takes_day(span.start_time_unix_nano):
        admission.faults[f"span rejected: {_TOO_MANY_DAYS}"] += 1
        return False
    _note(admission, _mend_events(span, now_ns, admission))
    admission.identities.append(trace_id + span_id + _TIMES.pack(start_ns, end_ns))
    return True


def _identity_fault(trace_id: bytes, span_id: bytes) -> str:
    if len(trace_id) != TRACE_ID_BYTES:
        return f"the trace id must have {TRACE_ID_BYTES} bytes, not {len(trace_id)}"
    if len(span_id) != SPAN_ID_BYTES:
        return f"the span id must have {SPAN_ID_BYTES} bytes, not {len(span_id)}"
    if trace_id == NO_TRACE_ID:
        return "the trace id is all zero"
    if span_id == NO_SPAN_ID:
        return "the span id is all zero"
    return ""


def _mend_parent(span: Span) -> Iterator[str]:
    if span.parent_span_id == NO_SPAN_ID:
        # Some SDKs write zeros for "no parent"; that is not worth a warning, but it must not name a parent.
        span.parent_span_id = b""
        yield ""
    elif len(span.parent_span_id) not in (0, SPAN_ID_BYTES):
        span.parent_span_id = b""
        yield f"span kept as a root: its parent's id must have {SPAN_ID_BYTES} bytes"


def _mend_times(span: Span, start_ns: int, end_ns: int, now_ns: int) -> Iterator[str]:
    if is_possible(start_ns, now_ns) and start_ns <= end_ns and is_possible(end_ns, now_ns):
        return
    possible = [time_ns for time_ns in (start_ns, end_ns) if is_possible(time_ns, now_ns)]
    span.start_time_unix_nano = possible[0] if possible else now_ns
    span.end_time_unix_nano = max(span.start_time_unix_nano, *possible) if possible else now_ns
    if start_ns != span.start_time_unix_nano:
        _keep_sent(span.attributes, SENT_START, start_ns)
    if end_ns != span.end_time_unix_nano:
        _keep_sent(span.attributes, SENT_END, end_ns)
    yield "span kept with another time: its clock is impossible or it ends before it starts"


def _mend_events(span: Span, now_ns: int, admission: Admission) -> Iterator[str]:
    for event in span.events:
        if not is_possible(event.time_unix_nano, now_ns) or not admission.takes_day(event.time_unix_nano):
            _keep_sent(event.attributes, SENT_TIME, event.time_unix_nano)
            event.time_unix_nano = span.start_time_unix_nano
            yield "span event kept with its span's start: its clock is impossible, or names a day too many"


def _admit_log(log: LogRecord, now_ns: int, admission: Admission) -> bool:
    _note(admission, _mend_log_ids(log))
    _note(admission, _mend_log_times(log, now_ns))
    if admission.takes_day(log.time_unix_nano):
        return True
    admission.faults[f"log record rejected: {_TOO_MANY_DAYS}"] += 1
    return False


def _mend_log_ids(log: LogRecord) -> Iterator[str]:
    if log.trace_id == NO_TRACE_ID or len(log.trace_id) not in (0, TRACE_ID_BYTES):
        log.trace_id = b""
        yield f"log record kept without its trace: the trace id must have {TRACE_ID_BYTES} bytes, not all zero"
    if log.span_id == NO_SPAN_ID or len(log.span_id) not in (0, SPAN_ID_BYTES):
        log.span_id = b""
        yield f"log record kept without its span: the span id must have {SPAN_ID_BYTES} bytes, not all zero"


def _mend_log_times(log: LogRecord, now_ns: int) -> Iterator[str]:
    sent_ns = log.time_unix_nano
    if log.observed_time_unix_nano and not is_possible(log.observed_time_unix_nano, now_ns):
        log.observed_time_unix_nano = now_ns
        yield "log record kept with the time it was received: the clock it was observed by is impossible"
    if is_possible(sent_ns, now_ns):
        return
    log.time_unix_nano = log.observed_time_unix_nano or now_ns
    if sent_ns == 0:
        # Zero is how OTLP says "unknown"; the observed time is then the one to use.
        yield ""
        return
    _keep_sent(log.attributes, SENT_TIME, sent_ns)
    yield "log record kept with another time: its clock is impossible"


def is_possible(time_ns: int, now_ns: int) -> bool:
    """Tell whether a clock that is right or nearly so can have shown `time_ns` for what is received at `now_ns`."""
    return now_ns - PAST_NS <= time_ns <= now_ns + FUTURE_NS


def _keep_sent(attributes: Any, key: str, time_ns: int) -> None:  # protobuf's repeated field has no type
    # As text: OTLP's times are unsigned and do not fit its signed attribute.
    attributes.add(key=key).value.string_value = str(time_ns)


def _note(admission: Admission, faults: Iterable[str]) -> None:
    """Record changes; an empty fault is a change that the exporter need not hear of."""
    for fault in faults:
        admission.is_changed = True
        if fault:
            admission.faults[fault] += 1
