"""What the rules take out never reaches the disk: neither spans, nor logs, nor feedback, on either transport's way in."""

import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.collector import Collector
from collector_plugin.otlp.requests import as_traces
from collector_plugin.receivers.intake import Intake
from collector_plugin.redaction.rules import read_rules
from collector_plugin.redaction.scrub import Scrubber
from collector_plugin.spool.spool import Spool
from schemas.database import Database
from schemas.errors import SettingsError
from schemas.settings import load

MAIL = "ada.lovelace@example.org"
ADDRESSES: dict[str, Any] = {"grpc_address": "127.0.0.1:0", "http_address": "127.0.0.1:0"}
RULES = 'builtin = ["email"]\nkeys = ["*password*"]\n'


@pytest.fixture
def rules_file(tmp_path: Path) -> Path:
    """Rules for addresses and passwords."""
    path = tmp_path / "redaction.toml"
    path.write_text(RULES)
    return path


def traced(text: str) -> bytes:
    """A request whose span says `text`."""
    request = ExportTraceServiceRequest()
    now_ns = time.time_ns()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=now_ns, end_time_unix_nano=now_ns)
    )
    span.attributes.add(key="text").value.string_value = text
    return bytes(request.SerializeToString())


def on_disk(folder: Path) -> bytes:
    """All bytes of the spool."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_nothing_that_was_taken_out_is_on_disk(tmp_path: Path, rules_file: Path) -> None:
    """Spans, log records and comments are there without it; what was done is counted."""
    spool = Spool(tmp_path / "spool")
    scrubber = Scrubber(read_rules(rules_file))
    intake = Intake(spool, limit_bytes=1_000_000, scrubber=scrubber)
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = f"from {MAIL}"
    intake.accept("traces", traced(f"to {MAIL}"))
    intake.accept("logs", logs.SerializeToString())
    intake.accept_feedback(b'{"name": "thumb", "conversation_id": "c", "comment": "write to %s"}' % MAIL.encode())
    spool.close()
    stored = on_disk(tmp_path / "spool")
    assert MAIL.encode() not in stored
    for left in (b"to [redacted:email]", b"from [redacted:email]", b"write to [redacted:email]"):
        assert left in stored
    assert scrubber.counts().redacted == {"email": 3}


def test_a_resent_request_is_known_although_it_is_stored_otherwise(tmp_path: Path, rules_file: Path) -> None:
    """An exporter that lost our answer sends what it sent before, not what we made of it."""
    with_rules = Intake(Spool(tmp_path / "spool"), limit_bytes=1_000_000, scrubber=Scrubber(read_rules(rules_file)))
    body = traced(MAIL)
    for _ in range(3):
        with_rules.accept("traces", body)
    assert with_rules.counts()["items_accepted"] == 1


def test_a_long_value_is_cut_before_it_is_spooled(tmp_path: Path) -> None:
    """Redaction comes first, so that no half of an address is left at the cut."""
    spool = Spool(tmp_path / "spool")
    path = tmp_path / "redaction.toml"
    path.write_text(RULES)
    scrubber = Scrubber(read_rules(path), value_limit_bytes=1_000)
    intake = Intake(spool, limit_bytes=1_000_000, scrubber=scrubber)
    intake.accept("traces", traced("x " * 495 + MAIL + " y" * 500))
    spool.seal()
    segment = spool.next_segment(0)
    assert segment is not None
    (stored,) = spool.read(segment)
    (text, *marks) = as_traces(stored.body).resource_spans[0].scope_spans[0].spans[0].attributes
    assert b"lovelace" not in stored.body
    assert text.value.string_value.endswith("…[cut: kept 1000 of 2006 bytes]")
    assert [mark.key for mark in marks] == ["momus.redacted", "momus.cut"]
    assert scrubber.counts().cut == 1


def test_without_rules_and_long_values_a_request_is_kept_to_the_byte(tmp_path: Path) -> None:
    """Also fields that this version of OTLP does not know."""
    spool = Spool(tmp_path / "spool")
    unknown = traced(MAIL) + b"\x9a\x3f\x05hello"
    Intake(spool, limit_bytes=1_000_000, scrubber=Scrubber(value_limit_bytes=1_000_000)).accept("traces", unknown)
    spool.close()
    assert unknown in on_disk(tmp_path / "spool")


def test_a_collector_with_unusable_rules_does_not_start(tmp_path: Path, database: Database) -> None:
    """It would store what it was told not to."""
    path = tmp_path / "redaction.toml"
    path.write_text('builtin = ["e-mail"]')
    settings = load(spool=tmp_path / "spool", redaction_file=path, **ADDRESSES)
    with pytest.raises(SettingsError, match="no built-in pattern with 'e-mail'"):
        Collector(settings, database)
    assert not (tmp_path / "spool").exists()


def test_what_was_taken_out_is_in_no_table_and_counted(tmp_path: Path, rules_file: Path, database: Database) -> None:
    """The span says so to its readers, /metrics to its operators."""
    collector = Collector(load(spool=tmp_path / "spool", redaction_file=rules_file, **ADDRESSES), database)
    collector.start()
    try:
        connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
        sent = traced(f'{{"user_password": "x", "mail": "{MAIL}"}}')
        connection.request("POST", "/v1/traces", sent, {"content-type": "application/x-protobuf"})
        assert connection.getresponse().status == 200
        connection.close()
        assert collector.flush()
        assert 'momus_values_redacted_total{pattern="email"} 1' in collector.metrics()
        assert collector.status()["values_redacted"] == {"email": 1, "key": 1}
    finally:
        collector.stop()
    (row,) = database.query("SELECT SpanAttributes FROM otel_traces")
    assert row["SpanAttributes"] == {
        "text": '{"user_password":"[redacted]","mail":"[redacted:email]"}',
        "momus.redacted": "email 1, key 1",
    }
