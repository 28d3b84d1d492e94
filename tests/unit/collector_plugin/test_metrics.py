"""What /metrics says is what happened, in the format that Prometheus reads."""

import re
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.collector import Collector
from collector_plugin.metrics import BOUNDS_S, Histogram, counter_by, exposition, gauge
from schemas import settings
from schemas.database import Database

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\[\\n"])*"\})? (\d+(?:\.\d+)?(?:e-?\d+)?)')


def samples(text: str) -> dict[str, float]:
    """Read the text as strictly as Prometheus does: name and labels to number, each once, after its TYPE."""
    found: dict[str, float] = {}
    typed = ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("#"):
            typed = line.split()[2]
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1] in (typed, f"{typed}_bucket", f"{typed}_sum", f"{typed}_count")
        assert match[1] + (match[2] or "") not in found
        found[match[1] + (match[2] or "")] = float(match[3])
    return found


@given(st.lists(st.floats(0, 100)))
def test_a_histogram_counts_what_does_not_exceed_each_bound(durations_s: list[float]) -> None:
    """Against the obvious way to count; the last bucket has them all."""
    histogram = Histogram()
    for duration_s in durations_s:
        histogram.observe(duration_s)
    found = samples(exposition([], {("t", "Time."): histogram}))
    for bound in BOUNDS_S:
        assert found[f't_bucket{{le="{bound:g}"}}'] == sum(duration_s <= bound for duration_s in durations_s)
    assert found['t_bucket{le="+Inf"}'] == found["t_count"] == len(durations_s)
    assert found["t_sum"] == pytest.approx(sum(durations_s))


@given(st.text())
def test_a_label_cannot_break_out_of_its_quotes(value: str) -> None:
    """Whatever it is."""
    text = exposition(
        [counter_by("reason", "refused_total", "Refused.", {value: 3}), gauge("after", "After.", 0.5)], {}
    )
    assert list(samples(text).values()) == [3, 0.5]


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Iterator[Collector]:
    addresses = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0"}
    collector = Collector(settings.load(spool=tmp_path, segment_age_s=0.05, **addresses), database)
    collector.start()
    yield collector
    collector.stop()


def ask(collector: Collector, method: str, path: str, body: bytes = b"", content_type: str = "") -> str:
    connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
    connection.request(method, path, body, {"content-type": content_type} if content_type else {})
    content = connection.getresponse().read().decode()
    connection.close()
    return content


def test_everything_that_happens_is_counted(collector: Collector, database: Database) -> None:
    """Received, refused by reason, read by which dialect, written to which table; and none of a client's own names."""
    before = samples(ask(collector, "GET", "/metrics"))
    assert before["momus_requests_total"] == before["momus_spool_segments"] == before["momus_spool_age_seconds"] == 0
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add().scope_spans.add()
    for number, attributes in enumerate([{"gen_ai.operation.name": "chat"}, {}, {}], 1):
        span = group.spans.add(trace_id=bytes([number]) * 16, span_id=bytes([number]) * 8, name="a client's own name")
        span.start_time_unix_nano = span.end_time_unix_nano = 1_790_000_000 * 10**9
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    body = request.SerializeToString()
    for sent in (body, body, b"\xff"):
        ask(collector, "POST", "/v1/traces", sent, "application/x-protobuf")
    ask(collector, "POST", "/v1/feedback", b'{"name": "n", "response_id": "r", "score": 1}', "application/json")
    assert collector.flush()
    text = ask(collector, "GET", "/metrics")
    found = samples(text)
    expected = {
        "momus_requests_total": 2,
        "momus_requests_resent_total": 1,
        "momus_items_total": 3,
        "momus_items_resent_total": 3,
        "momus_feedback_total": 1,
        "momus_receiving_bytes": 0,
        'momus_refused_total{reason="bad_request"}': 1,
        'momus_rows_total{table="otel_traces"}': 3,
        'momus_rows_total{table="feedback"}': 1,
        'momus_dialect_items_total{dialect="otel_genai"}': 1,
        "momus_unknown_spans_total": 2,
        "momus_spool_bytes": 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["momus_insert_duration_seconds_count"] >= 3
    assert found["momus_insert_duration_seconds_sum"] > 0
    assert "client" not in text
