"""momus as its users meet it: a process that serves, and commands in other terminals."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from opentelemetry.sdk.trace.export import SpanExporter

from momus.demo.agent import play
from momus.demo.scenarios import SCENARIOS

MOMUS = [sys.executable, "-m", "momus"]


@dataclass
class Served:
    """A running `momus serve`: its environment, and the addresses that it printed."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    http: str
    grpc: str
    sql: str

    def run(self, *command: str, code: int = 0) -> str:
        """Run a momus command in another process, as from another terminal."""
        done = subprocess.run([*MOMUS, *command], env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def json(self, *command: str) -> Any:
        """The JSON that a command prints; a list of its lines where it prints several."""
        lines = [json.loads(line) for line in self.run(*command).splitlines()]
        return lines[0] if len(lines) == 1 else lines


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    environment = {
        **os.environ,
        "MOMUS_DATABASE": f"chdb://{folder}/database",
        "MOMUS_SPOOL": f"{folder}/spool",
        "MOMUS_GRPC_ADDRESS": "127.0.0.1:0",
        "MOMUS_HTTP_ADDRESS": "127.0.0.1:0",
        "MOMUS_CLICKHOUSE_ADDRESS": "127.0.0.1:0",
        "MOMUS_ANALYZE_INTERVAL_S": "0",
        "MOMUS_SEGMENT_AGE_S": "0.2",
        "COLUMNS": "200",
    }
    with subprocess.Popen([*MOMUS, "serve"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        urls = dict(re.findall(r"(OTLP/HTTP|OTLP/gRPC|SQL)\s+(http://\S+)", said))
        yield Served(process, environment, urls["OTLP/HTTP"], urls["OTLP/gRPC"], urls["SQL"])
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        assert process.wait(30) == 0
        assert "Stopped." in rest


@pytest.fixture(scope="module")
def exporter(served: Served) -> SpanExporter:
    """The SDK's own exporter, told nothing but where to send."""
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = served.http
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    finally:
        del os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]


@pytest.fixture(scope="module")
def issues(served: Served, exporter: SpanExporter) -> list[dict[str, Any]]:
    """The issues after the demo's agent was received and analysed from another process."""
    count = play(exporter)
    for _ in range(100):
        if served.json("sql", "--json", "SELECT uniqExact(conversation_id) AS n FROM span_facts")["n"] == count:
            break
    report = served.json("analyze", "--json")
    assert report["analysed_count"] == count
    found: list[dict[str, Any]] = served.json("issues", "--json")
    return found


def test_every_fault_that_was_put_into_the_traffic_is_found_and_nothing_else(
    served: Served, issues: list[dict[str, Any]]
) -> None:
    """The scripted agent's faults, by family, are what the conversations of each family's issues count."""
    put_in: dict[str, int] = {}
    for scenario in SCENARIOS:
        put_in[scenario.fault] = put_in.get(scenario.fault, 0) + scenario.customers
    rows = served.json(
        "sql",
        "--json",
        "SELECT family, uniqExact(conversation_id) AS n FROM findings WHERE is_root AND issue_id != '' GROUP BY family",
    )
    assert {row["family"]: row["n"] for row in rows} == {family: n for family, n in put_in.items() if family != "none"}


def test_issues_are_ranked_and_every_one_has_its_quotes_and_traces(
    served: Served, issues: list[dict[str, Any]]
) -> None:
    """Rank 1 has the highest score; each quote stands verbatim in the payload of the span it names."""
    assert [issue["rank"] for issue in issues] == list(range(1, len(issues) + 1))
    scores = [issue["score"] for issue in issues]
    assert scores == sorted(scores, reverse=True)
    client = clickhouse_connect.get_client(dsn=served.sql + "/momus")
    for issue in issues:
        shown = served.json("show", "--json", issue["issue_id"])
        assert shown["evidence"]
        for row in shown["evidence"]:
            (span,) = client.query(
                "SELECT concat(toString(SpanAttributes), toString(Events.Attributes), StatusMessage) FROM otel_traces WHERE TraceId = {t:String} AND SpanId = {s:String}",
                parameters={"t": row["trace_id"], "s": row["span_id"]},
            ).result_rows
            assert _letters(row["quote"]) in _letters(span[0])


def _letters(text: str) -> str:
    """Only letters and digits: a payload escapes quotes, once for each level of JSON it is packed into."""
    return re.sub(r"[\W_]|\\[nt]", "", text.replace("\\n", " "))


def test_a_second_analysis_looks_only_at_what_is_new_and_keeps_every_id(
    served: Served, issues: list[dict[str, Any]]
) -> None:
    """Nothing new: nothing is analysed, and issues keep their ids and numbers."""
    report = served.json("analyze", "--json")
    assert report["analysed_count"] == 0
    again = {issue["issue_id"]: issue["conversation_count"] for issue in served.json("issues", "--json")}
    assert again == {issue["issue_id"]: issue["conversation_count"] for issue in issues}


def test_results_say_that_no_model_was_asked(served: Served, issues: list[dict[str, Any]]) -> None:
    """In every row and on screen."""
    assert {issue["method"] for issue in issues} == {"detectors"}
    assert "without a model" in served.run("issues")
    rows = served.json("sql", "--json", "SELECT DISTINCT method, summary_by FROM conversations")
    assert rows == {"method": "detectors", "summary_by": "extractive"}


def test_issues_conversations_and_traces_are_shown_by_the_beginning_of_their_ids(
    served: Served, issues: list[dict[str, Any]]
) -> None:
    """One command finds all three nouns; an ambiguous or unknown name says what to do."""
    row = served.json(
        "sql", "--json", "SELECT conversation_id, trace_id, issue_id FROM findings WHERE issue_id != '' LIMIT 1"
    )
    assert (
        served.json("show", "--json", row["conversation_id"])["conversation"]["conversation_id"]
        == row["conversation_id"]
    )
    assert served.json("show", "--json", row["trace_id"][:20])["trace_id"] == row["trace_id"]
    assert served.json("show", "--json", "1")["issue"]["rank"] == 1
    assert "is the beginning of several" in served.run("show", "chat-0", code=1)
    assert "`momus issues` lists issues" in served.run("show", "no-such-thing", code=1)


def test_a_person_can_ask_but_not_change(served: Served) -> None:
    """`momus sql` reads within limits and refuses to write in one sentence."""
    for statement in ("DROP TABLE otel_traces", "INSERT INTO otel_traces (TraceId) VALUES ('x')", "SELEC 1"):
        said = served.run("sql", statement, code=1)
        assert said.startswith("momus: ")
        assert "Traceback" not in said
    assert served.json("sql", "--json", "SELECT 1 AS one") == {"one": 1}


def test_doctor_sees_what_listens_and_what_is_recognised(served: Served, issues: list[dict[str, Any]]) -> None:
    """From another process, through the endpoint of the one that serves."""
    addressed = {
        **served.environment,
        "MOMUS_HTTP_ADDRESS": served.http.removeprefix("http://"),
        "MOMUS_GRPC_ADDRESS": served.grpc.removeprefix("http://"),
        "MOMUS_CLICKHOUSE_ADDRESS": served.sql.removeprefix("http://"),
    }
    done = subprocess.run([*MOMUS, "doctor", "--json"], env=addressed, capture_output=True, text=True, timeout=60)
    health = json.loads(done.stdout)
    assert done.returncode == 0
    assert all(listener["is_answering"] for listener in health["listeners"])
    assert health["dialects"][0]["dialect"] == "otel_genai"
    assert health["faults"] == []


def test_a_second_server_on_the_same_folder_says_who_has_it(served: Served) -> None:
    """One process has the embedded database; the other names it and ends."""
    done = subprocess.run([*MOMUS, "serve"], env=served.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert str(served.process.pid) in done.stderr


def test_the_demo_finds_its_faults_and_leaves_other_peoples_folders_alone(tmp_path: Path) -> None:
    """`momus demo` in one process; a folder that it did not make is not emptied."""
    done = subprocess.run(
        [*MOMUS, "demo", "--folder", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stderr
    for expected in (
        "No tool for: change delivery address",
        "search_help finds nothing",
        "refund_order",
        "Repeats track_parcel",
    ):
        assert expected in done.stdout
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    refused = subprocess.run(
        [*MOMUS, "demo", "--folder", str(tmp_path / "mine")], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_server_whose_output_nobody_reads_any_more_still_stops(tmp_path: Path) -> None:
    """A closed pipe, as a service manager that went away leaves behind, does not keep the process."""
    environment = {
        **os.environ,
        "MOMUS_DATABASE": f"chdb://{tmp_path}/database",
        "MOMUS_SPOOL": f"{tmp_path}/spool",
        "MOMUS_GRPC_ADDRESS": "127.0.0.1:0",
        "MOMUS_HTTP_ADDRESS": "127.0.0.1:0",
        "MOMUS_CLICKHOUSE_ADDRESS": "127.0.0.1:0",
    }
    with subprocess.Popen(
        [*MOMUS, "serve"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
