"""An endpoint with OpenAI's interface on loopback, whose answers and failures a test chooses."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from analyzer.asking.rehearsal import emptiest
from analyzer.with_model.replies import read_form
from schemas.database import Database
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import MessageBody, SpanFacts

Json = dict[str, Any]  # Any: bodies of requests and answers

MINUTE = 60 * 10**9
START = 1_790_000_000 * 10**9
REFUSAL = "I'm sorry, I can't cancel your subscription for you."
READ = emptiest(read_form(())).model_dump() | {
    "request": "cancel a subscription", "summary": "The agent said it could not.", "outcome": "not",
    "user_signal": "none", "user_language": "en", "verdict": "none",
}  # fmt: skip


@dataclass
class Failure:
    """An answer that is none: a status, with what stands in the body of the error."""

    status: int
    message: str = "no"
    code: str = ""
    param: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def answer_to(body: Json) -> Json | str | Failure:
    """What a well-behaved model says: nothing is wrong with any conversation, and every claim holds."""
    form = (body.get("response_format") or {}).get("json_schema", {}).get("name", "")
    if claims := re.findall(r"^CLAIM (\d+)", body["messages"][1]["content"], re.MULTILINE):
        return {"verdicts": [{"number": int(number), "verdict": "supported"} for number in claims]}
    if form == "NamesOfGroups":
        return {"names": []}
    return READ


class FakeEndpoint(ThreadingHTTPServer):
    """Answers by `say`, which a test may replace; `asked` holds the bodies that came, `paid` those that were answered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.say: Callable[[Json], Json | str | Failure] = answer_to
        self.finish_reason = "stop"
        self.refusal: str | None = None
        self.asked: list[Json] = []
        self.paid: list[Json] = []
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Json] = {}
        self.polls_until_done = 1
        self.delay_s = 0.0

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def completion(self, body: Json) -> Json | Failure:
        """The answer to the body of a chat completion."""
        self.asked.append(body)
        said = self.say(body)
        if isinstance(said, Failure):
            return said
        self.paid.append(body)
        text = said if isinstance(said, str) else json.dumps(said)
        message = {"role": "assistant", "content": text, "refusal": self.refusal}
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        choice = {"index": 0, "finish_reason": self.finish_reason, "message": message}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}

    def batch(self, asked: Json) -> Json:
        """A batch that is made, and answered at once; it is told as done after some polls."""
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        answers = [
            {
                "id": "r",
                "custom_id": line["custom_id"],
                "response": {"status_code": 200, "body": self.completion(line["body"])},
            }
            for line in lines
        ]
        made = {
            "id": f"batch{len(self.batches)}", "object": "batch", "created_at": 1, "completion_window": "24h", "status": "in_progress",
            "endpoint": asked["endpoint"], "input_file_id": asked["input_file_id"], "metadata": asked["metadata"],
            "output_file_id": self.keep("\n".join(map(json.dumps, answers)).encode()), "polls": 0,
        }  # fmt: skip
        self.batches[made["id"]] = made
        return made

    def keep(self, content: bytes) -> str:
        """A new file's id."""
        self.files[f"file{len(self.files)}"] = content
        return f"file{len(self.files) - 1}"


class _Conversation(BaseHTTPRequestHandler):
    server: FakeEndpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.delay_s)
        if self.path.endswith("/files"):
            content = re.search(rb"filename=.*?\r\n\r\n(.*?)\r\n--", body, re.DOTALL)
            assert content
            self._send(
                {
                    "id": self.server.keep(content[1]),
                    "object": "file",
                    "bytes": 1,
                    "created_at": 1,
                    "filename": "f",
                    "purpose": "batch",
                    "status": "processed",
                }
            )
        elif self.path.endswith("/batches"):
            self._send(self.server.batch(json.loads(body)))
        else:
            self._send(self.server.completion(json.loads(body)))

    def do_GET(self) -> None:
        name = self.path.rstrip("/").rpartition("/")[2]
        if self.path.endswith("/content"):
            self._send(self.server.files[self.path.split("/")[-2]])
        elif name in self.server.batches:
            made = self.server.batches[name]
            made["polls"] += 1
            made["status"] = "completed" if made["polls"] > self.server.polls_until_done else "in_progress"
            self._send(made)
        else:
            self._send({"object": "list", "data": list(self.server.batches.values()), "has_more": False})

    def do_DELETE(self) -> None:
        name = self.path.rpartition("/")[2]
        self.server.files[name] = b""
        self._send({"id": name, "object": "file", "deleted": True})

    def _send(self, said: Json | bytes | Failure) -> None:
        status, headers = (said.status, said.headers) if isinstance(said, Failure) else (200, {})
        if isinstance(said, Failure):
            said = {"error": {"message": said.message, "code": said.code or None, "param": said.param or None}}
        sent = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def fake() -> Iterator[FakeEndpoint]:
    """An endpoint for one test."""
    with FakeEndpoint() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def failing() -> type[Failure]:
    """The class of failures."""
    return Failure


def store(database: Database, *texts: str, at: int = START, answer: str = REFUSAL) -> None:
    """One conversation for each text, named by its place."""
    for number, text in enumerate(texts):
        started = at + number * MINUTE
        facts = SpanFacts(
            f"{started:032x}", f"{started:016x}", "test", "llm", started, started + 10**9, service_name="shop",
            conversation_id=f"c{at // MINUTE}-{number}", user_id=f"u{number}", tools_offered=(),
            input=(MessageBody("user", text),), output=(MessageBody("assistant", answer),),
        )  # fmt: skip
        for table, rows in batch_rows([facts], f"segment-{started}", at).items():
            written = {} if table in CONTENT_TABLES else {"written_ns": at}
            database.insert(table, [row | written for row in rows])


@pytest.fixture
def store_talks() -> Callable[..., None]:
    """See `store`."""
    return store
