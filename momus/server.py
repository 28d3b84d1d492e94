"""One process that receives, stores, answers SQL and analyses: what `momus serve` and `momus collect` run."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack

import orjson

from collector_plugin.collector import Collector, guards_of
from collector_plugin.receivers.address import split_address
from momus import clickhouse_http
from schemas import database
from schemas.database import Database, Row
from schemas.errors import DatabaseError, DatabaseUnreachable
from schemas.migrate import migrate
from schemas.settings import Settings

log = logging.getLogger(__name__)

STOP_S = 10.0
NICENESS = 10  # analysis yields to receiving
_DAY_NS = 86_400 * 10**9
_PAUSE_LIMIT_S = 3_600.0


class Server:
    """A collector with its database; where the database is embedded, its SQL endpoint; scheduled analysis if asked for."""

    def __init__(self, settings: Settings, *, analyses: bool) -> None:
        """Open and migrate the database and take every address; nothing is received yet.

        A database server that does not answer is no obstacle: the spool takes what is received until it does.

        Raises:
            DatabaseError: the database cannot be opened, and waiting will not change that; who holds it is said.
            SpoolInUse: another process has the spool folder.
            SettingsError: an address is taken or malformed, or keys, certificates or rules of redaction cannot be used.
        """
        guards_of(settings)  # what is wrong with the settings is told before anything is opened or taken
        split_address(settings.clickhouse_address, "MOMUS_CLICKHOUSE_ADDRESS")
        with ExitStack() as undo:
            self.database = database.later(
                settings.database, migrate, memory_limit_bytes=settings.engine_memory_limit_bytes
            )
            undo.callback(self.database.close)
            folder = self.database.folder
            self._endpoint = clickhouse_http.serve(folder, settings.clickhouse_address) if folder and analyses else None
            if self._endpoint:
                undo.callback(self._endpoint.stop)
                self.database.announce(self._endpoint.address)
            self.collector = Collector(settings, self.database)
            undo.pop_all()
        self._settings = settings
        is_scheduled = analyses and settings.analyze_interval_s > 0
        self._schedule = Schedule(settings, self.database.clone(), self.dsn) if is_scheduled else None

    @property
    def sql_address(self) -> str:
        """host:port of the SQL endpoint; empty where the database is a server of its own."""
        return self._endpoint.address if self._endpoint else ""

    @property
    def dsn(self) -> str:
        """The DSN by which another process reaches the same database."""
        return (
            f"clickhouse://{self.sql_address}/{database.DATABASE_NAME}" if self._endpoint else self._settings.database
        )

    def start(self) -> None:
        """Begin to receive, and to analyse on schedule."""
        self.collector.start()
        if self._schedule:
            self._schedule.start()

    def stop(self) -> bool:
        """Stop receiving, write what is spooled, and let go; False if some of it stays in the spool for the next start."""
        if self._schedule:
            self._schedule.stop()
        is_drained = self.collector.stop(STOP_S)
        if self._endpoint:
            self.database.announce("")
            self._endpoint.stop()
        self.database.close()
        return is_drained

    def status(self) -> Mapping[str, object]:
        """Return the collector's counts, as plain JSON values."""
        return self.collector.status()


def is_due(last: Row, idle_ns: int) -> bool:
    """Tell whether there is anything to analyse: what was written or decided since, or a day without a look.

    A decision counts from the start of a run on: whether one made while a run is under way was seen by it nobody knows.

    Args:
        last: the row of `last_activity`.
        idle_ns: how long ago an analysis was last begun here; issues age by the clock alone.
    """
    is_new = last["written_ns"] > last["watermark_ns"] or last["decided_ns"] > last["started_ns"]
    return bool(last["written_ns"]) and (is_new or idle_ns > _DAY_NS)


def pause_s(interval_s: float, fruitless_count: int) -> float:
    """How long what a model has not read waits for the next try, after so many runs in a row that read nothing.

    Time or money mends why it is unread: the endpoint comes back, a day's budget begins anew. An hour is the longest.
    """
    return max(interval_s, min(interval_s * 2.0 ** min(fruitless_count, 32), _PAUSE_LIMIT_S))


class Schedule:
    """Runs `momus analyze` when something arrived that no run has looked at, or waits for a model; each in a process.

    Clustering takes the memory and the interpreter of its process for seconds; receiving must not wait for that.
    """

    def __init__(self, settings: Settings, reader: Database, dsn: str) -> None:
        """Take a client of the database for the schedule's own thread, and the DSN that runs reach it by."""
        self._interval_s, self._has_model = settings.analyze_interval_s, settings.has_model
        self._command = [sys.executable, "-m", "momus", "analyze", "--json", "--quiet-s", str(settings.quiet_s)]
        # The DSN may hold a password, which the command line would show to every user of the machine.
        self._environment = {**os.environ, "MOMUS_DATABASE": dsn}
        self._reader = reader
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="momus-schedule", daemon=True)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Look for the first time one interval from now."""
        self._thread.start()

    def stop(self) -> None:
        """End the schedule and a run that is under way; it wrote nothing that the next run does not replace."""
        self._ended.set()
        process = self._process
        if process and process.poll() is None:
            process.terminate()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.close()

    def _run(self) -> None:
        looked_ns, fruitless_count = 0, 0
        while not self._ended.wait(self._interval_s):
            try:
                (last,) = self._reader.query("last_activity")
                idle_ns, pause_ns = time.time_ns() - looked_ns, pause_s(self._interval_s, fruitless_count) * 1e9
                if is_due(last, idle_ns) or (idle_ns > pause_ns and self._is_any_unread()):
                    looked_ns = time.time_ns()
                    fruitless_count = 0 if self._analyse() else fruitless_count + 1
            except DatabaseUnreachable:
                continue  # the writer tells of it
            except DatabaseError as error:
                log.warning("The scheduled analysis waits for the database: %s", error)

    def _is_any_unread(self) -> bool:
        """Tell whether the model has anything to read; what was given up is not tried again."""
        return self._has_model and any(row["is_waiting"] for row in self._reader.query("unread_conversations"))

    def _analyse(self) -> int:
        """Run `momus analyze`, and return how many conversations its model read."""
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, NICENESS)
        said, complaint = self._process.communicate()
        if self._ended.is_set():
            return 0
        if self._process.returncode:
            log.error(
                "The scheduled analysis failed and will be tried again: %s", complaint.strip().rpartition("\n")[2]
            )
            return 0
        report = orjson.loads(said)
        log.info(
            "analysed %d new or changed conversations, of which a model read %d; %d issues",
            report["analysed_count"], report["read_count"], report["issue_count"],
        )  # fmt: skip
        if report["left_count"]:
            log.warning("%d conversations wait to be read. %s", report["left_count"], report["note"])
        return int(report["read_count"])
