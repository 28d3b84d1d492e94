"""Deleting a user from another terminal, while a collector runs and has not written everything yet."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MOMUS = [sys.executable, "-m", "momus"]
BODY = "I'm sorry, I can't cancel your subscription for you."


def export(number: int, user: str) -> dict[str, Any]:
    """A request with one model call of a user."""
    now_ns = time.time_ns()
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.conversation.id": f"talk-{number}",
        "user.id": user,
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": f"{user} asks: cancel it"}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": BODY}]),
    }
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in said.items()]
    span = {"traceId": f"{number:032x}", "spanId": f"{number:016x}", "name": "chat", "attributes": attributes}
    span |= {"startTimeUnixNano": str(now_ns), "endTimeUnixNano": str(now_ns + 1000)}
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "test"}, "spans": [span]}]}]}


def post(address: str, path: str, sent: object) -> None:
    """Send JSON, and have it accepted."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("POST", path, json.dumps(sent), {"content-type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


def run(environment: dict[str, str], *command: str, code: int = 0) -> str:
    """What a momus command prints in another terminal."""
    done = subprocess.run([*MOMUS, *command], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_user_is_deleted_through_a_running_momus(tmp_path: Path) -> None:
    """Also what was acknowledged a moment ago; others stay, a second time finds nothing, and the log is two lines more."""
    environment = {
        **os.environ,
        "MOMUS_DATABASE": f"chdb://{tmp_path}/database",
        "MOMUS_SPOOL": f"{tmp_path}/spool",
        "MOMUS_GRPC_ADDRESS": "127.0.0.1:0",
        "MOMUS_HTTP_ADDRESS": "127.0.0.1:0",
        "MOMUS_CLICKHOUSE_ADDRESS": "127.0.0.1:0",
        "MOMUS_ANALYZE_INTERVAL_S": "0",
        "MOMUS_QUIET_S": "0",
        "MOMUS_LOG_FORMAT": "json",
    }
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*MOMUS, "serve"], env=environment, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        address = re.findall(r"OTLP/HTTP\s+(http://\S+)", said)[0]
        try:
            for number, user in enumerate(["ada", "ada", "bob"], 1):
                post(address, "/v1/traces", export(number, user))
            post(
                address,
                "/v1/feedback",
                {"name": "thumb", "conversation_id": "talk-1", "score": 0, "comment": "from ada"},
            )
            deleted = json.loads(run(environment, "delete", "--user", "ada", "--yes", "--json"))
            assert deleted["rows"]["otel_traces"] == 2
            assert deleted["rows"]["otel_logs"] == 1
            assert deleted["hints"] == ["The issues are counted anew without it."]
            left = run(environment, "sql", "--json", "SELECT user_id, conversation_id FROM conversations")
            assert json.loads(left) == {"user_id": "bob", "conversation_id": "talk-3"}
            assert "Nothing is stored under this id" in run(environment, "delete", "--user", "ada", "--yes", code=1)
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=60)
    messages = [json.loads(line)["message"] for line in told.splitlines()]
    assert messages[-1] == "momus stopped; the database has everything"
    assert next(message for message in messages if message.startswith("momus")).endswith(" started")
    assert len(messages) <= 4
