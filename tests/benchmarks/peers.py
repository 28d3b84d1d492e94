"""Other stores of agent traces under the same load on the same machine: `python -m tests.benchmarks.peers --help`.

Each is installed from its registry into a folder of its own under `--cache`, never into our environment, started with an
empty store as its documentation says, sent the same requests over OTLP/HTTP by the same sender, and asked through its own
store when all spans are there. Runs take turns, so that a busy minute meets all alike; the table shows medians and what
each is to momus. A peer that cannot be installed or started is told, and left out.

The sender shares the machine's cores with what it measures.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket
from statistics import median, quantiles

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.benchmarks.ingest import PROFILES, SPANS_PER_BATCH, batches

SENDERS = 4
READY_S = 120.0
DEADLINE_S = 600.0
POLL_S = 0.25
# Asking takes time of its own, on the same cores: no more than a fifth of all.
PAUSE_PER_COUNT = 4
LEAST_PAUSE_S = 0.02
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STALLED_S = 30.0  # without one more span, it is taken for what it will ever have


@dataclass(frozen=True, slots=True)
class Peer:
    """How one store is installed, started and asked.

    `command` gets the folder of the installation, the folder for data and two free ports, the first of which receives.
    `count` gets the same data folder and ports and returns how many spans a reader finds; `rest` how many of them have been
    worked up, where that goes on after they are found: memory is looked at when it is done.
    """

    name: str
    install: Callable[[Path], None]
    command: Callable[[Path, Path, int, int], list[str]]
    count: Callable[[Path, int, int], int]
    environment: Callable[[Path, int, int], Mapping[str, str]] = lambda data, port, other: {}
    headers: Mapping[str, str] = field(default_factory=dict)
    as_json: bool = False
    rest: Callable[[Path, int, int], int] | None = None


# --- installing -------------------------------------------------------------------------------------------------------


def from_pypi(requirement: str, python: str = "") -> Callable[[Path], None]:
    """Install into a virtual environment of its own."""

    def install(folder: Path) -> None:
        maker = ["uv", "venv", "--quiet", *(["--python", python] if python else []), str(folder)]
        run(maker)
        run(["uv", "pip", "install", "--quiet", "--python", str(folder / "bin/python"), requirement])

    return install


def from_npm(package: str) -> Callable[[Path], None]:
    """Install into a folder of its own."""

    def install(folder: Path) -> None:
        folder.mkdir(parents=True)
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package])

    return install


def run(command: Sequence[str]) -> None:
    """Run a program to its end.

    Raises:
        OSError: it cannot be started.
        CalledProcessError: it failed.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PATH": path}, timeout=900)


# --- asking -----------------------------------------------------------------------------------------------------------


def rows_of(file: str) -> Callable[[Path, int, int], int]:
    """Count the rows of the table `spans` in an SQLite file."""

    def count(data: Path, port: int, other: int) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{data / file}?mode=ro", uri=True, timeout=30)) as database:
            (found,) = database.execute("SELECT count(*) FROM spans").fetchone()
        return int(found)

    return count


def lines_of(file: str) -> Callable[[Path, int, int], int]:
    """Count the spans in a file of JSON arrays, one a line: what it reads again when it starts."""
    seen: dict[Path, tuple[int, int]] = {}

    def count(data: Path, port: int, other: int) -> int:
        """Look only at what was appended since: the file is large, and whoever writes it needs the cores."""
        path = data / file
        at, found = seen.get(path, (0, 0))
        if path.exists():
            with path.open("rb") as lines:
                lines.seek(at)
                whole = lines.read().rpartition(b"\n")[0]
            seen[path] = at + len(whole), found + whole.count(b'"spanId":')
        return seen.get(path, (0, 0))[1]

    return count


def by_sql(table: str) -> Callable[[Path, int, int], int]:
    """Count what a reader of momus finds."""

    def count(data: Path, port: int, other: int) -> int:
        query = urllib.parse.urlencode({"query": f"SELECT count() FROM {table}", "database": "momus"})
        with urllib.request.urlopen(f"http://127.0.0.1:{other}/?{query}", timeout=60) as answer:
            return int(answer.read())

    return count


def momus_environment(data: Path, port: int, other: int) -> dict[str, str]:
    chosen = {
        "DATABASE": f"chdb://{data}/database",
        "SPOOL": f"{data}/spool",
        "GRPC_ADDRESS": "127.0.0.1:0",
        "HTTP_ADDRESS": f"127.0.0.1:{port}",
        "CLICKHOUSE_ADDRESS": f"127.0.0.1:{other}",
        "ANALYZE_INTERVAL_S": "0",
    }
    return {f"MOMUS_{name}": value for name, value in chosen.items()}


PEERS = (
    Peer(
        "momus",
        lambda folder: None,
        lambda at, data, port, other: [sys.executable, "-m", "momus", "serve"],
        by_sql("otel_traces"),
        momus_environment,
        rest=by_sql("span_facts"),
    ),
    Peer(
        "tracelet",
        from_npm("@jnmetacode/tracelet"),
        lambda at, data, port, other: [
            "node", str(at / "node_modules/@jnmetacode/tracelet/src/cli.js"), "--no-open", "--port", str(port),
            "--ui-port", str(other), "--persist", str(data / "traces.jsonl"),
        ],
        lines_of("traces.jsonl"),
    ),
    Peer(
        "nooa",
        from_pypi("nooa[viewer]", "3.12"),
        lambda at, data, port, other: [str(at / "bin/python"), "-m", "nooa.viewer.main"],
        rows_of("traces.db"),
        lambda data, port, other: {"NOOA_TRACE_VIEWER_PORT": str(port), "NOOA_TRACE_DB": str(data / "traces.db")},
        as_json=True,
    ),
    Peer(
        "mlflow",
        from_pypi("mlflow"),
        lambda at, data, port, other: [
            str(at / "bin/mlflow"), "server", "--workers", "4", "--host", "127.0.0.1", "--port", str(port),
            "--backend-store-uri", f"sqlite:///{data}/mlflow.db", "--default-artifact-root", str(data / "artifacts"),
        ],
        rows_of("mlflow.db"),
        headers={"x-mlflow-experiment-id": "0"},
    ),
    Peer(
        "phoenix",
        from_pypi("arize-phoenix"),
        lambda at, data, port, other: [str(at / "bin/phoenix"), "serve"],
        rows_of("phoenix.db"),
        lambda data, port, other: {
            "PHOENIX_WORKING_DIR": str(data), "PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(other),
            "PHOENIX_HOST": "127.0.0.1", "PHOENIX_TELEMETRY_ENABLED": "false",
        },
    ),
)  # fmt: skip


# --- running ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running(peer: Peer, cache: Path, data: Path, port: int, other: int) -> Iterator[int]:
    """Yield the process id once it answers on its port; end it and its children afterwards.

    Raises:
        TimeoutError: it does not.
    """
    environment = {**os.environ, **peer.environment(data, port, other)}
    path = f"{cache / peer.name / 'bin'}{os.pathsep}{environment['PATH']}"
    command = peer.command(cache / peer.name, data, port, other)
    with (data / "log").open("w") as log:
        process = subprocess.Popen(
            command, env={**environment, "PATH": path}, stdout=log, stderr=log, cwd=data, start_new_session=True
        )
        try:
            _wait_ready(process, port, data / "log")
            yield process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + READY_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as line:
            line.request("GET", "/")
            line.getresponse()
            return
        time.sleep(POLL_S)
    raise TimeoutError(log.read_text(errors="replace")[-300:])


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            found += family(int(child))
    return found


def cpu_s(pid: int) -> float:
    """CPU time of a process and its descendants so far."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_S


def peak_bytes(pid: int) -> int:
    """The sum of the most that each was resident with."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return total


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. `found_count` are the spans a reader found in the end."""

    span_count: int
    found_count: int
    queryable_s: float
    cpu_s: float
    peak_bytes: int
    disk_bytes: int
    ack_p99_s: float

    @property
    def rate(self) -> float:
        """Spans a second that became queryable."""
        return self.found_count / self.queryable_s


def measure(peer: Peer, cache: Path, data: Path, bodies: Sequence[bytes]) -> Measured:
    """Send the requests and wait until a reader finds all spans, or no more come.

    Raises:
        TimeoutError: it does not start.
    """
    port, other = free_port(), free_port()
    with running(peer, cache, data, port, other) as pid:
        before_s, begun_s = cpu_s(pid), time.monotonic()
        with ThreadPoolExecutor(SENDERS) as pool:
            parts = pool.map(lambda n: _send(peer, port, bodies[n::SENDERS]), range(SENDERS))
            ack_s = [took_s for part in parts for took_s in part]
        span_count = len(bodies) * SPANS_PER_BATCH
        found_count, queryable_s = _wait_found(partial(peer.count, data, port, other), span_count, begun_s)
        spent_s, disk = cpu_s(pid) - before_s, _disk_bytes(data)
        if peer.rest:
            _wait_found(partial(peer.rest, data, port, other), span_count, begun_s)
        peak = peak_bytes(pid)
    return Measured(span_count, found_count, queryable_s, spent_s, peak, disk, quantiles(ack_s, n=100)[-1])


def _disk_bytes(data: Path) -> int:
    """Add up the files, without the log and what momus removes when it is read; some may come and go meanwhile."""
    total = 0
    for folder, _, names in os.walk(data):
        for name in names:
            with contextlib.suppress(OSError):
                if name != "log" and "spool" not in Path(folder).parts:
                    total += (Path(folder) / name).stat().st_size
    return total


def _send(peer: Peer, port: int, bodies: Sequence[bytes]) -> list[float]:
    """Send requests one after another, each again until it is taken; return how long each took."""
    kind = "application/json" if peer.as_json else "application/x-protobuf"
    took_s = []
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=60)) as line:
        for body in bodies:
            begun_s = time.monotonic()
            while not _is_taken(line, body, {"content-type": kind, **peer.headers}):
                time.sleep(0.05)
                if time.monotonic() - begun_s > READY_S:
                    break
            took_s.append(time.monotonic() - begun_s)
    return took_s


def _is_taken(line: HTTPConnection, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        line.request("POST", "/v1/traces", body, dict(headers))
        answer = line.getresponse()
        answer.read()
    except (OSError, HTTPException):
        line.close()
        return False
    return answer.status == 200


def _wait_found(count: Callable[[], int], wanted: int, begun_s: float) -> tuple[int, float]:
    """Return how many spans were found in the end, and after how many seconds."""
    found, changed_s = 0, time.monotonic()
    while time.monotonic() - changed_s < STALLED_S and time.monotonic() - begun_s < DEADLINE_S:
        now, asked_s = found, time.monotonic()
        with contextlib.suppress(OSError, sqlite3.Error, ValueError):
            now = count()
        if now != found:
            found, changed_s = now, time.monotonic()
        if found >= wanted:
            break
        time.sleep(max(LEAST_PAUSE_S, PAUSE_PER_COUNT * (time.monotonic() - asked_s)))
    return found, changed_s - begun_s


def in_json(body: bytes) -> bytes:
    """The same request in OTLP/JSON, where ids are hex."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    message = ExportTraceServiceRequest.FromString(body)
    for group, own in zip(request["resourceSpans"], message.resource_spans, strict=True):
        for scope, its in zip(group["scopeSpans"], own.scope_spans, strict=True):
            for span, raw in zip(scope["spans"], its.spans, strict=True):
                ids = {"traceId": raw.trace_id, "spanId": raw.span_id, "parentSpanId": raw.parent_span_id}
                span.update({name: value.hex() for name, value in ids.items()})
                span["kind"] = raw.kind
                span["status"] = {"code": raw.status.code}
    return json.dumps(request).encode()


# --- telling ----------------------------------------------------------------------------------------------------------


def table(profile: str, runs: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    """Yield the medians of each store, and in brackets what they are to those of momus."""
    yield (
        f"{profile:12} {'queryable/s':>18} {'CPU-s/100,000':>18} {'peak MiB':>16} {'disk bytes/span':>18} "
        f"{'ack p99 ms':>10} {'found':>7}"
    )
    ours = _medians(runs["momus"]) if "momus" in runs else None
    for name, measured in runs.items():
        its = _medians(measured)
        ratios = [f"({a / b:.2f})" if b else "" for a, b in zip(its, ours or its, strict=True)]
        rate, cpu, peak, disk, p99, found = its
        yield (
            f"{name:12} {rate:11,.0f} {ratios[0]:>6} {cpu:11,.1f} {ratios[1]:>6} {peak:9,.0f} {ratios[2]:>6} "
            f"{disk:11,.0f} {ratios[3]:>6} {p99:10,.0f} {found:7.1%}"
        )


def _medians(runs: Sequence[Measured]) -> tuple[float, ...]:
    of_each = [
        (
            run.rate, run.cpu_s * 100_000 / run.span_count, run.peak_bytes / 2**20, run.disk_bytes / run.span_count,
            1000 * run.ack_p99_s, run.found_count / run.span_count,
        )
        for run in runs
    ]  # fmt: skip
    return tuple(median(values) for values in zip(*of_each, strict=True))


def installed(cache: Path, names: Sequence[str]) -> list[Peer]:
    """Install what is missing, and return what can be run."""
    found = []
    for peer in PEERS:
        if names and peer.name not in names:
            continue
        folder = cache / peer.name
        try:
            if not folder.exists():
                peer.install(folder)
        except (OSError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            said = str(getattr(error, "stderr", "") or error).strip().rpartition("\n")[2]
            sys.stdout.write(f"{peer.name} is left out, it cannot be installed: {said[:200]}\n")
        else:
            found.append(peer)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", help="only these, momus among them (all)")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache/momus-peers", help="where they are installed"
    )
    parser.add_argument("--spans", type=int, default=51_200, help="how many spans a run (51200)")
    parser.add_argument("--runs", type=int, default=5, help="how many runs of each (5)")
    parser.add_argument("--profile", choices=PROFILES, help="only this profile")
    chosen = parser.parse_args()
    peers = installed(chosen.cache, chosen.peers)
    for profile in [chosen.profile] if chosen.profile else PROFILES:
        runs: dict[str, list[Measured]] = {}
        # Files are removed after the last run: to make one takes longer while the file system remembers many that are gone.
        with tempfile.TemporaryDirectory(prefix="momus-peers-", ignore_cleanup_errors=True) as folder:
            for number in range(chosen.runs):
                bodies = list(batches(profile, -(-chosen.spans // SPANS_PER_BATCH)))
                for peer in peers:
                    data = Path(folder) / f"{peer.name}-{number}"
                    data.mkdir()
                    try:
                        sent = [in_json(body) for body in bodies] if peer.as_json else bodies
                        measured = measure(peer, chosen.cache, data, sent)
                    except TimeoutError as error:
                        sys.stdout.write(f"{peer.name} does not start: {error}\n")
                    else:
                        runs.setdefault(peer.name, []).append(measured)
            sys.stdout.write("\n".join(table(profile, runs)) + "\n\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
