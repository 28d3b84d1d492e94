"""The exporters of the OpenTelemetry SDK, pointed here by OTEL_EXPORTER_OTLP_ENDPOINT alone, are taken as they are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector_plugin.collector import Collector
from collector_plugin.spool.spool import Spool
from schemas import settings
from schemas.database import Database
from schemas.errors import SettingsError

AGENT = """
import importlib, logging, sys
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, conversation = sys.argv[1:]
exporter = lambda signal, name: getattr(
    importlib.import_module(f"opentelemetry.exporter.otlp.proto.{protocol}.{signal}_exporter"), name)()
spans = TracerProvider()
spans.add_span_processor(BatchSpanProcessor(exporter("trace", "OTLPSpanExporter")))
tracer = spans.get_tracer("shop")
with tracer.start_as_current_span("chat small", attributes={
    "gen_ai.operation.name": "chat", "gen_ai.conversation.id": conversation, "gen_ai.response.finish_reasons": ["stop"],
}):
    try:
        with tracer.start_as_current_span("execute_tool lookup", attributes={
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup", "price": 1.5, "n": 2**62, "ok": True,
        }):
            raise TimeoutError("the shop did not answer")
    except TimeoutError:
        pass
spans.shutdown()
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(exporter("_log", "OTLPLogExporter")))
logging.getLogger().addHandler(LoggingHandler(logger_provider=logs))
logging.getLogger("agent").warning("said %s", conversation)
logs.shutdown()
metrics = MeterProvider([PeriodicExportingMetricReader(exporter("metric", "OTLPMetricExporter"))])
metrics.get_meter("shop").create_counter("orders").add(1)
metrics.shutdown()
"""


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Iterator[Collector]:
    chosen = settings.load(spool=tmp_path, http_address="127.0.0.1:0", grpc_address="127.0.0.1:0")
    collector = Collector(chosen, database)
    collector.start()
    yield collector
    assert collector.stop()


def run_agent(collector: Collector, protocol: str, compression: str) -> str:
    port = collector.grpc_port if protocol == "grpc" else collector.http_port
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    env = {**inherited, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}", "OTEL_SERVICE_NAME": "agent"}
    if compression:
        env["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression
    command = [sys.executable, "-W", "ignore", "-c", AGENT, protocol, f"{protocol}-{compression}"]
    # An exporter tells its failures on stderr only.
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=60).stderr


@pytest.mark.parametrize("compression", ["", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_an_sdk_exporter_needs_only_the_endpoint(
    collector: Collector, database: Database, protocol: str, compression: str
) -> None:
    """Spans, with what the dialects read from them, and logs can be queried; nothing is complained of."""
    errors = [line for line in run_agent(collector, protocol, compression).splitlines() if "said" not in line]
    assert errors == []
    assert collector.flush()
    spans = database.query(
        "SELECT SpanName, ServiceName, SpanAttributes, StatusCode FROM otel_traces ORDER BY SpanName"
    )
    assert [span["SpanName"] for span in spans] == ["chat small", "execute_tool lookup"]
    assert {span["ServiceName"] for span in spans} == {"agent"}
    assert spans[0]["SpanAttributes"]["gen_ai.response.finish_reasons"] == '["stop"]'
    assert [spans[1]["SpanAttributes"][key] for key in ("price", "n", "ok")] == ["1.5", str(2**62), "true"]
    assert spans[1]["StatusCode"] == "Error"
    (chat,) = database.query("SELECT conversation_id, trace_id FROM span_facts WHERE role = 'llm'")
    assert chat["conversation_id"] == f"{protocol}-{compression}"
    (execution,) = database.query("SELECT name, status, trace_id FROM tool_executions")
    assert (execution["name"], execution["status"], execution["trace_id"]) == ("lookup", "error", chat["trace_id"])
    assert {row["type"] for row in database.query("SELECT type FROM exceptions")} == {"TimeoutError"}
    assert {row["Body"] for row in database.query("SELECT Body FROM otel_logs")} == {f"said {protocol}-{compression}"}


def test_the_status_tells_what_was_done(collector: Collector, database: Database) -> None:
    """Counters that a person can add up."""
    run_agent(collector, "http", "")
    assert collector.flush()
    status = collector.status()
    assert (status["requests"], status["requests_refused"], status["requests_resent"]) == (3, 0, 0)
    assert (status["items_accepted"], status["items_rejected"]) == (4, 0)
    assert (status["bytes_waiting"], status["behind_s"], status["last_error"]) == (0, 0.0, "")
    assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 2}]


def test_what_was_acknowledged_before_a_stop_is_written_after_the_next_start(
    database: Database, tmp_path: Path
) -> None:
    """A collector that had no time to drain leaves its spool to the next one."""
    chosen = settings.load(spool=tmp_path, http_address="127.0.0.1:0", grpc_address="127.0.0.1:0", segment_age_s=60)
    first = Collector(chosen, database)
    first._http.start()  # only receive: nothing may be written yet
    run_agent(first, "http", "gzip")
    first.stop(drain_s=0)
    assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 0}]
    second = Collector(chosen, database)
    second.start()
    assert second.stop()
    assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 2}]


def test_a_collector_that_cannot_have_its_address_lets_go_of_its_spool(
    collector: Collector, database: Database, tmp_path: Path
) -> None:
    """So that it can be started again with another one."""
    taken = f"127.0.0.1:{collector.grpc_port}"
    for addresses in ({"grpc_address": taken}, {"http_address": f"127.0.0.1:{collector.http_port}"}):
        free = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0"}
        with pytest.raises(SettingsError, match="cannot be listened on"):
            Collector(settings.load(spool=tmp_path / "second", **{**free, **addresses}), database)
    Spool(tmp_path / "second").close()
