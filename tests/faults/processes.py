"""Programs of this folder in processes of their own, which can be killed."""

import contextlib
import json
import math
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATIENCE_S = 120.0


class Died(Exception):
    """The process ended before it was ready."""


class Child:
    """A program that prints a line of JSON when it is ready and ends when its standard input does."""

    def __init__(self, program: str, *arguments: str, within: Sequence[str] = ()) -> None:
        """Start it, `within` another program where one is named."""
        command = [*within, sys.executable, str(HERE / program), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @cached_property
    def said(self) -> dict[str, int]:
        """What it says when it is ready; waits for that.

        Raises:
            Died: it never was.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Died(f"it ended with {self._close()} before it was ready")
        said: dict[str, int] = json.loads(line)
        return said

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._close()

    def stop(self) -> int:
        """End it in good order and return its exit code."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        return self._close()

    def wait(self) -> int:
        """Return its exit code once it has ended by itself."""
        return self._close()

    def peak_bytes(self) -> int:
        """The most memory that was resident at once."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0

    def _close(self) -> int:
        code = self._process.wait(PATIENCE_S)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return code


class Collector(Child):
    """A running collector."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "",
        kill_at: int = 0,
        within: Sequence[str] = (),
        **settings: Any,  # Any: settings have many types
    ) -> None:
        """Start it with its spool, and without another `database` its own, in `folder`.

        Segments are small and young unless the settings say otherwise, so that a fault meets every stage of writing one.
        """
        small = {"segment_age_s": 0.05, "segment_limit_bytes": 64 * 1024}
        values = small | {"database": database or own_database(folder), "spool": str(folder / "spool")} | settings
        super().__init__("collector_process.py", json.dumps(values), str(kill_at), within=within)

    def is_ready(self) -> bool:
        """Return whether it came so far as to receive."""
        try:
            return bool(self.said)
        except Died:
            return False

    def status(self) -> dict[str, Any]:  # Any: counts and texts
        """Return what /healthz shows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.said['http_port']}/healthz", timeout=10) as answer:
            status: dict[str, Any] = json.loads(answer.read())
        return status

    def metric(self, name: str) -> float:
        """Return one number that /metrics shows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.said['http_port']}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found, f"{name} is not among the metrics"
        return float(found[1])

    def drain(self) -> None:
        """Return when the database has all that was acknowledged; fail when it stops getting on with it."""
        fewest, since_s = math.inf, time.monotonic()
        while count := self.status()["segments_waiting"]:
            if count < fewest:
                fewest, since_s = count, time.monotonic()
            assert time.monotonic() - since_s < PATIENCE_S, f"{count} segments wait and get no fewer"
            time.sleep(0.05)


def own_database(folder: Path) -> str:
    """Return the DSN of the embedded database that a collector without another has."""
    return f"chdb://{folder / 'database'}"


def wait_until(is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Return when it is so; fail when it takes too long."""
    deadline_s = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline_s, "it took too long"
        time.sleep(0.05)
