"""Exporters that send a key as their environment tells them are taken for its tenant, and nobody else is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest

from analyzer.assembly.conversations import assemble
from analyzer.load import batches, load
from collector_plugin.collector import Collector
from momus.doctor import examine
from schemas import settings
from schemas.database import Database

AGENT = """
import importlib, sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

protocol, conversation = sys.argv[1:]
exporter = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{protocol}.trace_exporter").OTLPSpanExporter()
spans = TracerProvider()
spans.add_span_processor(SimpleSpanProcessor(exporter))
said = '[{"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}]'
with spans.get_tracer("shop").start_as_current_span("chat small", attributes={
    "gen_ai.operation.name": "chat", "gen_ai.conversation.id": conversation, "gen_ai.input.messages": said,
    "tenant": "bank", "momus.tenant": "bank",
}):
    pass
spans.shutdown()
"""
PROTOCOLS = ("grpc", "http")


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Iterator[Collector]:
    chosen = settings.load(
        spool=tmp_path / "spool",
        segment_age_s=0.05,
        http_address="127.0.0.1:0",
        grpc_address="127.0.0.1:0",
        keys="shop:key-of-shop,bank:key-of-bank",
    )
    collector = Collector(chosen, database)
    collector.start()
    yield collector
    assert collector.stop()


def run_agent(collector: Collector, protocol: str, headers: str, scheme: str = "http", **more: str) -> str:
    """Return what the exporter complains of; `more` are variables of its environment."""
    port = collector.grpc_port if protocol == "grpc" else collector.http_port
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    env = {**inherited, **more, "OTEL_EXPORTER_OTLP_ENDPOINT": f"{scheme}://127.0.0.1:{port}"}
    if headers:
        env["OTEL_EXPORTER_OTLP_HEADERS"] = headers
    command = [sys.executable, "-W", "ignore", "-c", AGENT, protocol, "c-1"]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=60).stderr


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_exporter_with_a_key_writes_for_its_tenant(collector: Collector, database: Database, protocol: str) -> None:
    """Either header will do; that an attribute names another tenant changes nothing."""
    assert run_agent(collector, protocol, "Authorization=Bearer%20key-of-shop") == ""
    assert run_agent(collector, protocol, "x-api-key=key-of-bank") == ""
    assert collector.flush()
    for table, column in (("otel_traces", "Tenant"), ("span_facts", "tenant"), ("message_bodies", "tenant")):
        rows = database.query(f"SELECT {column} AS tenant, count() AS n FROM {table} GROUP BY tenant ORDER BY tenant")
        assert rows == [{"tenant": "bank", "n": 1}, {"tenant": "shop", "n": 1}], table


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("headers", ["", "x-api-key=wrong", "Authorization=key-of-shop"])
def test_an_exporter_without_a_key_is_told_and_stores_nothing(
    collector: Collector, database: Database, protocol: str, headers: str
) -> None:
    """It says so in its log, once: a refusal for good is not repeated."""
    complaint = run_agent(collector, protocol, headers)
    assert "UNAUTHENTICATED" in complaint or "401" in complaint
    assert collector.flush()
    assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 0}]
    assert collector.status()["requests_refused"] == 1


def test_feedback_finds_the_conversation_of_its_own_tenant(collector: Collector, database: Database) -> None:
    """Two tenants use the same id; each sees what its own users said."""
    for tenant, score in (("shop", 1), ("bank", 0)):
        run_agent(collector, "http", f"x-api-key=key-of-{tenant}")
        said = {"conversation_id": "c-1", "name": "thumb", "score": score, "user_id": f"user-of-{tenant}"}
        connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
        headers = {"content-type": "application/json", "x-api-key": f"key-of-{tenant}"}
        connection.request("POST", "/v1/feedback", orjson.dumps(said), headers)
        assert connection.getresponse().status == 200
        connection.close()
    assert collector.flush()
    traces = database.query("SELECT tenant, trace_id FROM span_facts")
    found = {}
    for row in traces:
        for batch in batches(database, row["tenant"], [row["trace_id"]], size=10):
            for conversation in assemble(load(database, batch)):
                found[row["tenant"]] = [(given.score, given.user_id) for given in conversation.feedback]
    assert found == {"shop": [(1.0, "user-of-shop")], "bank": [(0.0, "user-of-bank")]}


@pytest.mark.skipif(not shutil.which("openssl"), reason="the certificate is made with openssl")
def test_an_exporter_and_doctor_speak_tls_with_the_settings_alone(database: Database, tmp_path: Path) -> None:
    """With a certificate of our own making on both sides, which is its own authority."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=momus -keyout key.pem -out certificate.pem"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    addresses = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0"}
    files = {"tls_certificate": certificate, "tls_key": key, "tls_client_ca": certificate}
    chosen = settings.load(spool=tmp_path / "spool", **addresses, **files, keys="shop:key-of-shop")
    collector = Collector(chosen, database)
    collector.start()
    environment = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        # Where these are set, the HTTP exporter's library looks there instead.
        "REQUESTS_CA_BUNDLE": "",
        "CURL_CA_BUNDLE": "",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
    }
    try:
        complaints = [run_agent(collector, way, "x-api-key=key-of-shop", "https", **environment) for way in PROTOCOLS]
        there = {"database": "clickhouse://127.0.0.1:1/none", "http_address": f"127.0.0.1:{collector.http_port}"}
        health = examine(chosen.model_copy(update=there), now_ns=0, hours=1)
    finally:
        collector.stop()
    assert complaints == ["", ""]
    assert health.collector["requests"] == 2
    assert database.query("SELECT count() AS n FROM otel_traces") == [{"n": 2}]
