"""How many spans a second become queryable, and at what cost: `make bench`, or `python tests/benchmarks/ingest.py --help`.

Starts `momus serve` on free ports with a temporary folder, sends batches of 512 spans over gRPC as fast as they are
acknowledged, waits until SQL finds all spans ("queryable") and then all that dialects read in them ("read"), and prints one
line per profile. What it cost is what the kernel says of the
server's process. The stages are measured apart, in this process, on some of the same requests.

The sender shares the machine's cores with the server, so the figures are a lower bound; other work on the machine lowers
them further.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector_plugin.batch import raw_blocks, record_blocks
from collector_plugin.dialects import read_span
from collector_plugin.flatten import flatten_traces
from collector_plugin.otlp.requests import as_traces
from collector_plugin.spool.segment_format import StoredRequest

SPANS_PER_BATCH = 512
SPANS_PER_TRACE = 16
SENDERS = 4
STAGED_BATCHES = 8
DEADLINE_S = 600.0
POLL_S = 0.5  # a count costs the server some milliseconds
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Attributes = dict[str, str | int]


# --- payloads ---------------------------------------------------------------------------------------------------------


class Prose:
    """Text of English-like words in no order: it compresses about as well as speech does, and no two texts are equal."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        words = ["".join(self._random.choices(letters, range(26, 0, -1), k=2 + i % 9)) for i in range(4000)]
        self._text = " ".join(self._random.choices(words, range(4000, 0, -1), k=400_000))

    def text(self, chars: int) -> str:
        start = self._random.randrange(len(self._text) - chars)
        return self._text[start : start + chars]


def genai_attributes(prose: Prose, number: int, chars: int) -> Attributes:
    """A chat or a tool call, alternately, in OpenTelemetry's own convention."""
    asked, answered = prose.text(chars), prose.text(chars // 4)
    shared: Attributes = {"gen_ai.provider.name": "openai", "gen_ai.conversation.id": f"conversation-{number // 16}"}
    if number % 2:
        return shared | {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "search",
            "gen_ai.tool.call.id": f"call-{number}",
            "gen_ai.tool.call.arguments": json.dumps({"query": asked[:80]}),
            "gen_ai.tool.call.result": answered,
        }
    return shared | {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "a-model",
        "gen_ai.usage.input_tokens": chars // 4,
        "gen_ai.usage.output_tokens": chars // 16,
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": asked}]}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": answered}]}]),
    }


def openinference_attributes(prose: Prose, number: int, chars: int) -> Attributes:
    """The same in OpenInference, which says everything twice."""
    asked, answered = prose.text(chars), prose.text(chars // 4)
    shared: Attributes = {"input.value": asked, "output.value": answered, "session.id": f"session-{number // 16}"}
    if number % 2:
        return shared | {
            "openinference.span.kind": "TOOL",
            "tool.name": "search",
            "tool.parameters": '{"query": "text"}',
        }
    return shared | {
        "openinference.span.kind": "LLM",
        "llm.model_name": "a-model",
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": asked,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": answered,
        "llm.token_count.prompt": chars // 4,
        "llm.token_count.completion": chars // 16,
    }


PROFILES: dict[str, tuple[Callable[[Prose, int, int], Attributes], int]] = {
    "small": (genai_attributes, 300),
    "4-KB prompts": (genai_attributes, 4096),
    "OpenInference": (openinference_attributes, 300),
}


def batches(profile: str, batch_count: int) -> Iterator[bytes]:
    """Yield export requests of `SPANS_PER_BATCH` spans each; no two spans of a run have an id in common."""
    make, chars = PROFILES[profile]
    prose, start_ns, salt = Prose(seed=1), time.time_ns(), os.urandom(4)
    numbers = count()
    for _ in range(batch_count):
        request = ExportTraceServiceRequest()
        group = request.resource_spans.add()
        group.resource.attributes.add(key="service.name").value.string_value = "bench"
        scope = group.scope_spans.add()
        scope.scope.name = "bench"
        for _ in range(SPANS_PER_BATCH):
            number = next(numbers)
            fill(scope.spans.add(), number, salt, start_ns, make(prose, number, chars))
        yield request.SerializeToString()


def fill(span: Span, number: int, salt: bytes, start_ns: int, attributes: Attributes) -> None:
    root = number - number % SPANS_PER_TRACE
    span.trace_id = salt * 2 + (1 + root).to_bytes(8, "big")
    span.span_id = salt + (1 + number).to_bytes(4, "big")
    span.parent_span_id = b"" if number == root else salt + (1 + root).to_bytes(4, "big")
    span.name = "execute_tool search" if number % 2 else "chat a-model"
    span.start_time_unix_nano = start_ns + number * 1000
    span.end_time_unix_nano = span.start_time_unix_nano + 5_000_000
    for key, value in attributes.items():
        held = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
        span.attributes.add(key=key, value=held)
    if number % 20 == 19:
        span.status.code = Status.STATUS_CODE_ERROR
        event = span.events.add(name="exception", time_unix_nano=span.end_time_unix_nano)
        for key, text in {"exception.type": "TimeoutError", "exception.message": f"no answer in {number} ms"}.items():
            event.attributes.add(key=key).value.string_value = text


# --- the server -------------------------------------------------------------------------------------------------------


@dataclass
class Served:
    """A running `momus serve`."""

    pid: int
    grpc_address: str
    sql_address: str

    def sql(self, statement: str) -> int:
        """Return the one number that a query answers."""
        query = urllib.parse.urlencode({"query": statement, "database": "momus"})
        with urllib.request.urlopen(f"http://{self.sql_address}/?{query}", timeout=60) as answer:
            return int(answer.read())

    def cpu_s(self) -> float:
        """CPU time of all threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def peak_bytes(self) -> int:
        """The most memory that was resident at once."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Run momus with an empty database in `folder`, without analysis."""
    chosen = {
        "DATABASE": f"chdb://{folder}/database",
        "SPOOL": f"{folder}/spool",
        "GRPC_ADDRESS": "127.0.0.1:0",
        "HTTP_ADDRESS": "127.0.0.1:0",
        "CLICKHOUSE_ADDRESS": "127.0.0.1:0",
        "ANALYZE_INTERVAL_S": "0",
    }
    environment = {**os.environ, "COLUMNS": "200", **{f"MOMUS_{name}": value for name, value in chosen.items()}}
    command = [sys.executable, "-m", "momus", "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Served(process.pid, **_addresses(process))
        finally:
            process.terminate()
            process.communicate()


def _addresses(process: subprocess.Popen[str]) -> dict[str, str]:
    said = ""
    for line in process.stdout or ():
        said += line
        if "Ctrl-C" in line:
            found = dict(re.findall(r"(OTLP/gRPC|SQL)\s+http://(\S+)", said))
            return {"grpc_address": found["OTLP/gRPC"], "sql_address": found["SQL"]}
    raise SystemExit("momus did not start; what it said stands above.")


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Measured:
    """What one profile came to."""

    span_count: int
    acknowledged_s: float
    spans_s: float
    meaning_s: float
    ack_s: list[float]
    cpu_s: float
    peak_bytes: int
    disk_bytes: int

    def line(self, profile: str) -> str:
        per_100k = 100_000 / self.span_count
        return (
            f"{profile:14} {self.span_count / self.acknowledged_s:11,.0f} {self.span_count / self.spans_s:11,.0f}"
            f" {self.span_count / self.meaning_s:11,.0f}"
            f" {self.cpu_s * per_100k:13.1f} {self.peak_bytes >> 20:9,} {self.disk_bytes / self.span_count:15,.0f}"
            f" {1000 * median(self.ack_s):8.0f} {1000 * quantiles(self.ack_s, n=100)[-1]:8.0f}"
        )


HEADING = (
    f"{'':14} {'acked/s':>11} {'queryable/s':>11} {'read/s':>11} {'CPU-s/100,000':>13} {'peak MiB':>9} {'disk bytes/span':>15}"
    f" {'p50 ms':>8} {'p99 ms':>8}"
)


def measure(served: Served, bodies: list[bytes]) -> Measured:
    """Send the requests and wait until all their spans are found by SQL."""
    span_count, cpu_s = len(bodies) * SPANS_PER_BATCH, served.cpu_s()
    begun_s = time.monotonic()
    with grpc.insecure_channel(served.grpc_address, options=[("grpc.max_send_message_length", -1)]) as channel:
        export = channel.unary_unary(EXPORT)
        with ThreadPoolExecutor(SENDERS) as pool:
            ack_s = list(pool.map(lambda body: _timed(lambda: export(body, timeout=60)), bodies))
    acknowledged_s = time.monotonic() - begun_s
    _wait_for_rows(served, "otel_traces", span_count)
    spans_s = time.monotonic() - begun_s
    _wait_for_rows(served, "span_facts", span_count)
    meaning_s = time.monotonic() - begun_s
    disk = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'momus'"
    cpu_s = served.cpu_s() - cpu_s
    return Measured(span_count, acknowledged_s, spans_s, meaning_s, ack_s, cpu_s, served.peak_bytes(), served.sql(disk))


def _wait_for_rows(served: Served, table: str, row_count: int) -> None:
    begun_s = time.monotonic()
    while served.sql(f"SELECT count() FROM {table}") < row_count:
        if time.monotonic() - begun_s > DEADLINE_S:
            raise SystemExit(f"{table} is not complete {DEADLINE_S:.0f} s after the spans were sent.")
        time.sleep(POLL_S)


def _timed(call: Callable[[], object]) -> float:
    begun_s = time.monotonic()
    call()
    return time.monotonic() - begun_s


def stages(bodies: Sequence[bytes]) -> dict[str, float]:
    """Return the CPU seconds that 100,000 spans take in each lane before their insert, by name; of the second in parts."""
    requests = [StoredRequest("traces", body, 0, bytes(8)) for body in bodies]
    took_s = {
        "raw lane": _cpu_s(lambda: list(raw_blocks(requests, "segment"))),
        "record lane": _cpu_s(lambda: list(record_blocks(requests, "segment"))),
    }
    # Only now: objects that are kept make the garbage collector's rounds longer.
    parsed = [as_traces(body) for body in bodies]
    took_s["of that flatten"] = _cpu_s(lambda: [list(flatten_traces(request)) for request in parsed])
    spans = [span for request in parsed for span in flatten_traces(request)]
    took_s["dialects"] = _cpu_s(lambda: [read_span(span) for span in spans])
    return {name: spent_s * 100_000 / len(spans) for name, spent_s in took_s.items()}


def _cpu_s(work: Callable[[], object]) -> float:
    begun_s = time.process_time()
    work()
    return time.process_time() - begun_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=102_400, help="how many spans of each profile (102400)")
    parser.add_argument("--profile", choices=PROFILES, help="only this profile")
    chosen = parser.parse_args()
    lines = [HEADING]
    for profile in [chosen.profile] if chosen.profile else PROFILES:
        bodies = list(batches(profile, -(-chosen.spans // SPANS_PER_BATCH)))
        with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served:
            measured = measure(served, bodies)
        apart = stages(bodies[:STAGED_BATCHES])
        lanes_s = apart["raw lane"] + apart["record lane"]
        rest_s = measured.cpu_s * 100_000 / measured.span_count - lanes_s
        told = [f"{name} {spent_s:.1f}" for name, spent_s in {**apart, "receive, spool, insert, merge": rest_s}.items()]
        lines += [measured.line(profile), f"{'':14} CPU-s/100,000: {', '.join(told)}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
