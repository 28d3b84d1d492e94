"""Run a server in the foreground until it is told to stop."""

import ctypes
import logging
import mmap
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from momus import logs
from momus.screen import console
from momus.server import Server
from schemas.settings import Settings

log = logging.getLogger(__name__)

SWITCH_S = 0.0005
# of glibc's malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 4 * 1024 * 1024
_LARGE_BYTES = 16 * 1024 * 1024


def run_until_stopped(settings: Settings, *, analyses: bool) -> None:
    """Start, say where everything is, wait for SIGINT or SIGTERM, write what is spooled, and end.

    Raises:
        MomusError: it cannot start; the message says why and what to do.
    """
    logs.set_up(settings.log_format, settings.log_level)
    _let_receivers_interrupt()
    _give_memory_back()
    stopped = threading.Event()
    asked_by: list[str] = []

    def stop(number: int, _: object) -> None:
        asked_by.append(signal.Signals(number).name)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server = Server(settings, analyses=analyses)
    try:
        server.start()
        _give_code_back()
        _greet(server, settings, analyses=analyses)
        log.info("momus %s started", version("momus"))
        stopped.wait()
    finally:
        _say(f"Stopping on {asked_by[0] if asked_by else 'an error'}: writing what was received …")
        is_drained = server.stop()
        log.info("momus stopped; %s", "the database has everything" if is_drained else "some of it is in the spool")
    _say("Stopped." if is_drained else "Stopped. Some of it is still in the spool and is written at the next start.")


def _let_receivers_interrupt() -> None:
    """Make answers wait less for the writer.

    A receiver takes the interpreter several times before it has acknowledged a request, and each time the writer's threads
    may keep it for the interval. Beside one busy thread a wait of 1 ms takes, in one of a hundred cases, 23 to 36 ms longer
    at the usual interval of 5 ms, and 13 to 17 ms longer at 0.5 ms.
    """
    sys.setswitchinterval(SWITCH_S)


def _give_memory_back() -> None:
    """Have the C library return what large requests took as soon as it is free; nothing to do without glibc.

    Left alone, it raises its threshold to the largest block that was freed and keeps such blocks in the heaps of a dozen
    threads: of 20,480 spans of 4 kB the process then held some 70 MB more, at its peak and afterwards. But to return and
    ask again for the 2 MB of each usual request is a tenth of all work.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_ARENA_MAX, 2)


def _give_code_back() -> None:
    """Have the kernel unmap the code of large libraries that only starting needed; nothing to do where it does not tell of it.

    To load the engine touches 130 MB of its code, and to work needs half of that. The pages are those of a file, unchanged:
    whatever is needed again is mapped again from the kernel's cache.
    """
    with suppress(OSError, AttributeError):
        madvise = ctypes.CDLL(None).madvise
        for start, size_bytes in _unchanged_code(Path("/proc/self/smaps").read_text(errors="replace")):
            madvise(ctypes.c_void_p(start), ctypes.c_size_t(size_bytes), mmap.MADV_DONTNEED)


def _unchanged_code(smaps: str) -> Iterator[tuple[int, int]]:
    """Yield where large pieces of code lie that are in memory as they are in their file, and how large each is.

    Args:
        smaps: of a process, see proc_pid_smaps(5).
    """
    for start, end, what_of_it in re.findall(
        r"^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ [1-9]\d* .*\n((?:[A-Z].*\n)+)", smaps, re.M
    ):
        size_bytes = int(end, 16) - int(start, 16)
        if size_bytes >= _LARGE_BYTES and re.search(r"^Anonymous: +0 kB", what_of_it, re.M):
            yield int(start, 16), size_bytes


def _say(text: str) -> None:
    """Print, unless whoever started the process has closed its output: nobody reading must not keep it from stopping."""
    with suppress(OSError, SystemExit):  # rich makes a broken pipe an exit
        console.print(text)


def reachable(address: str) -> str:
    """Return a host to send to: that of an address, or this machine's name where it is every interface."""
    host = address.rpartition(":")[0]
    return socket.gethostname() if host in ("0.0.0.0", "[::]", "::", "") else host


def _greet(server: Server, settings: Settings, *, analyses: bool) -> None:
    scheme = "https" if settings.tls_certificate else "http"
    header = ""
    if settings.keys or settings.keys_file:
        header = ", OTEL_EXPORTER_OTLP_HEADERS=x-api-key=<a key>"
    lines = [
        (
            "OTLP/HTTP",
            f"{scheme}://{reachable(settings.http_address)}:{server.collector.http_port}",
            f"OTEL_EXPORTER_OTLP_ENDPOINT of most SDKs{header}",
        ),
        (
            "OTLP/gRPC",
            f"{scheme}://{reachable(settings.grpc_address)}:{server.collector.grpc_port}",
            f"with OTEL_EXPORTER_OTLP_PROTOCOL=grpc{header}",
        ),
    ]
    if server.sql_address:
        lines.append(("SQL", f"http://{server.sql_address}", "as a ClickHouse server: momus, curl, Grafana, notebooks"))
    console.print("[bold]momus is ready.[/] Point an agent's exporter at it:")
    for what, where, how in lines:
        console.print(f"  {what:<10} [bold]{where}[/]  [dim]{how}[/]", highlight=False)
    if analyses:
        pause = f"every {settings.analyze_interval_s:g} s" if settings.analyze_interval_s else "only by `momus analyze`"
        console.print(
            f"  Analysis   {pause}, {'with ' + settings.model_name if settings.has_model else 'without a model'}; read it with [bold]momus issues[/]",
            highlight=False,
        )
    console.print("Ctrl-C stops it.")
