"""Both receivers in front of a spool, as raw clients meet them; no database is needed to see what was stored."""

import gzip
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector_plugin.otlp.requests import as_logs, as_traces
from collector_plugin.receivers.grpc_receiver import SERVICES, STATUS_KEY, GrpcReceiver
from collector_plugin.receivers.http_receiver import HttpReceiver
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys
from collector_plugin.spool.spool import Spool

LIMIT_BYTES = 8_000_000


@dataclass(frozen=True)
class Answer:
    """What a client got: `ok`, or the code of the refusal; the body; what a refusal says in detail."""

    code: str
    body: bytes = b""
    status: Status | None = None


@dataclass
class Edge:
    """A collector's front."""

    http: HttpReceiver
    grpc: GrpcReceiver
    intake: Intake
    spool: Spool

    def call(self, body: bytes, signal: str = "traces", method: str = "Export", **options: Any) -> Answer:
        """Send a message over gRPC, as bytes."""
        sizes = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc.port}", options=sizes) as channel:
            try:
                sent = channel.unary_unary(f"/{SERVICES[signal]}/{method}")  # type: ignore[index]  # a test's own name
                return Answer("ok", sent(body, **{"timeout": 20, **options}))
            except grpc.RpcError as error:
                details = dict(error.trailing_metadata() or ()).get(STATUS_KEY)
                return Answer(error.code().name, b"", Status.FromString(details) if details else None)

    def post(self, body: bytes, signal: str = "traces", encoding: str = "x-protobuf", coding: str = "") -> Answer:
        """Send a body over HTTP."""
        with closing(HTTPConnection("127.0.0.1", self.http.port, timeout=20)) as connection:
            headers = {"content-type": f"application/{encoding}", "content-encoding": coding}
            connection.request("POST", f"/v1/{signal}", body, headers)
            response = connection.getresponse()
            return Answer("ok" if response.status == 200 else str(response.status), response.read())

    def send(self, body: bytes, way: str, signal: str = "traces") -> Answer:
        """Send a body by one of the ways `grpc`, `http`, `gzip` and `json`."""
        match way:
            case "grpc":
                return self.call(body, signal)
            case "gzip":
                return self.post(gzip.compress(body), signal, coding="gzip")
            case _:
                return self.post(body, signal, "json" if way == "json" else "x-protobuf")

    def stored(self) -> list[Span | LogRecord]:
        """Return all items that were stored since the last call."""
        found: list[Span | LogRecord] = []
        self.spool.seal()
        while segment := self.spool.next_segment(0):
            requests = list(self.spool.read(segment))
            for request in requests:
                if request.kind == "traces":
                    groups = [
                        group for parent in as_traces(request.body).resource_spans for group in parent.scope_spans
                    ]
                    found += [span for group in groups for span in group.spans]
                else:
                    logs = [group for parent in as_logs(request.body).resource_logs for group in parent.scope_logs]
                    found += [record for group in logs for record in group.log_records]
            self.spool.remove(segment, [request.keys for request in requests])
        return found


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A front without keys."""
    yield from _front(tmp_path_factory, Keys())


@pytest.fixture(scope="module")
def locked_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A front that wants the key `key-of-shop`."""
    yield from _front(tmp_path_factory, Keys([("key-of-shop", "shop")]))


def _front(folders: pytest.TempPathFactory, keys: Keys) -> Iterator[Edge]:
    with closing(Spool(folders.mktemp("spool"), limit_bytes=10 * LIMIT_BYTES)) as spool:
        intake = Intake(spool, limit_bytes=LIMIT_BYTES)
        edge = Edge(
            HttpReceiver("127.0.0.1:0", intake, intake.counts, keys=keys),
            GrpcReceiver("127.0.0.1:0", intake, keys),
            intake,
            spool,
        )
        edge.http.start()
        edge.grpc.start()
        yield edge
        edge.http.stop(1)
        edge.grpc.stop(1)
