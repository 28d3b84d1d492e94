"""`momus inspect` reads what exporters send, in any encoding, and says what it did not understand."""

import gzip
import json
from pathlib import Path

import pytest

from collector_plugin.otlp.requests import decode
from momus.inspect import inspect, to_json
from schemas.errors import NotFound, Undecodable

TRACES = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "scope": {"name": "mine"},
                    "spans": [
                        {
                            "traceId": "ab" * 16,
                            "spanId": "cd" * 8,
                            "name": "chat m",
                            "startTimeUnixNano": "1790000000000000000",
                            "endTimeUnixNano": "1790000001000000000",
                            "attributes": [
                                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                                {"key": "gen_ai.conversation.id", "value": {"stringValue": "k"}},
                            ],
                        },
                        {
                            "traceId": "ab" * 16,
                            "spanId": "ce" * 8,
                            "name": "GET /orders",
                            "startTimeUnixNano": "1790000000000000000",
                            "endTimeUnixNano": "1790000001000000000",
                        },
                        {"traceId": "00" * 16, "spanId": "cf" * 8, "name": "lost"},
                    ],
                }
            ]
        }
    ]
}
LOGS = {
    "resourceLogs": [
        {
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": "1790000000500000000",
                            "traceId": "ab" * 16,
                            "spanId": "cd" * 8,
                            "eventName": "gen_ai.user.message",
                            "body": {
                                "kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "hello"}}]}
                            },
                        }
                    ]
                }
            ]
        }
    ]
}


@pytest.fixture
def bodies(tmp_path: Path) -> dict[str, Path]:
    """One trace and its log record in every encoding that is read."""
    traces, logs = json.dumps(TRACES).encode(), json.dumps(LOGS).encode()
    written = {
        "a.json": traces,
        "b.json": logs,
        "traces.pb": decode("traces", traces, "json").request.SerializeToString(),
        "001_logs.pb": decode("logs", logs, "json").request.SerializeToString(),
        "traces.pb.gz": gzip.compress(decode("traces", traces, "json").request.SerializeToString()),
    }
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in written}


@pytest.mark.parametrize("names", [("a.json", "b.json"), ("traces.pb", "001_logs.pb"), ("traces.pb.gz", "b.json")])
def test_every_encoding_gives_the_same_conversation(bodies: dict[str, Path], names: tuple[str, ...]) -> None:
    """Protobuf or JSON, gzipped or not, logs told from traces by content or by name."""
    found = inspect(bodies[name] for name in names)
    (conversation,) = [to_json(c) for c in found.conversations]
    assert conversation["conversation_id"] == "k"
    assert [(m["role"], m["content"]) for m in conversation["messages"]] == [("user", "hello")]


def test_what_is_not_understood_is_named(bodies: dict[str, Path]) -> None:
    """Spans of no dialect, model calls without messages, spans that ingest would reject."""
    found = inspect([bodies["a.json"]])
    assert found.unknown == {("mine", "GET /orders"): 1}
    assert found.unread == {("otel_genai", "chat m"): 1}
    assert found.rejected_count == 1
    assert "trace id" in found.notes[0]


def test_a_file_that_is_no_request_is_named_with_the_reason(tmp_path: Path) -> None:
    """One sentence, with the path."""
    broken = tmp_path / "broken.json"
    broken.write_text('{"resourceSpans": 7}')
    with pytest.raises(Undecodable, match=r"broken\.json"):
        inspect([broken])
    with pytest.raises(NotFound, match=r"missing\.pb"):
        inspect([tmp_path / "missing.pb"])


def test_a_file_is_what_it_holds_whatever_its_name(bodies: dict[str, Path], tmp_path: Path) -> None:
    """Traces in a file called logs are read as traces; a body without records is said to hold none."""
    misnamed = tmp_path / "my_logs.bin"
    misnamed.write_bytes(bodies["traces.pb"].read_bytes())
    assert inspect([misnamed]).span_count == 2
    empty = tmp_path / "empty.pb"
    empty.write_bytes(b"")
    assert inspect([empty]).notes == ["empty.pb holds no spans and no log records."]
