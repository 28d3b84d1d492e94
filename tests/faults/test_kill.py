"""The collector is killed at any moment under load, and nothing that it acknowledged is lost or doubled in any table."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from schemas import database as databases
from schemas.database import Database
from tests.faults.database_proxy import CUT, CUT_AFTER, PASS, PRETEND, DatabaseProxy, Fate, Fates
from tests.faults.exporter import Exporter, Place, all_acknowledged, check_each_once, exporting, tell
from tests.faults.processes import Collector, own_database

pytestmark = pytest.mark.slow
LONGEST_START_S = 2.0
PACE_S = 0.1  # a load that can be written between two kills


def exporters_to(place: Place, pace_s: float = 0.0) -> list[Exporter]:
    """Two of each transport."""
    return [Exporter(number, place, "grpc" if number % 2 else "http", pace_s=pace_s) for number in (1, 2, 3, 4)]


def slow_collector(folder: Path, proxy: DatabaseProxy) -> Collector:
    """One whose lives, which end with the first segments that they write, together leave few.

    What comes in while others are written goes into one; and since spans are not written without a pause, what is read in
    them is, too.
    """
    return Collector(folder, database=proxy.dsn, segment_limit_bytes=1024 * 1024, segment_age_s=0.5)


def finish(collector: Collector, exporters: list[Exporter], kill_count: int) -> None:
    """Let the collector write everything and stop; see that the kills met a load."""
    collector.drain()
    assert collector.stop() == 0
    tell(exporters)
    assert sum(exporter.resent_count for exporter in exporters) >= kill_count, "no request was cut off by a kill"


@pytest.mark.parametrize("kill_count", [6, pytest.param(100, marks=pytest.mark.soak)])
def test_killed_at_random_moments(tmp_path: Path, kill_count: int) -> None:
    """With the embedded engine, which dies too; every third time before it is ready."""
    rng = random.Random(7)
    exporters = exporters_to(place := Place())
    with exporting(exporters):
        for number in range(kill_count):
            collector = Collector(tmp_path)
            if number % 3 == 2:
                time.sleep(rng.uniform(0.2, LONGEST_START_S))
                collector.kill()
                continue
            with place.at(**collector.said):
                time.sleep(rng.uniform(0.05, 0.8))
                collector.kill()
        last = Collector(tmp_path)
        place.move(**last.said)
    finish(last, exporters, kill_count)
    with databases.open(own_database(tmp_path)) as database:
        check_each_once(database, all_acknowledged(exporters))


@pytest.mark.parametrize("numbers", [range(3, 40, 17), pytest.param(range(1, 81), marks=pytest.mark.soak)])
def test_killed_at_an_operation_on_the_files_of_the_spool(
    tmp_path: Path, proxy: DatabaseProxy, database: Database, numbers: range
) -> None:
    """At its first, second, ... operation: while it starts, begins a segment, writes its journal, removes one."""
    exporters = exporters_to(place := Place(), PACE_S)
    with exporting(exporters):
        for number in numbers:
            collector = Collector(tmp_path, database=proxy.dsn, kill_at=number)
            if collector.is_ready():
                with place.at(**collector.said):
                    assert collector.wait() == -signal.SIGKILL
        last = Collector(tmp_path, database=proxy.dsn)
        place.move(**last.said)
    finish(last, exporters, 0)
    check_each_once(database, all_acknowledged(exporters))


MOMENTS = {
    "before a table has the segment": ("INSERT INTO tool_executions", CUT),
    "after a table has it, before the answer": ("INSERT INTO otel_traces", CUT_AFTER),
    "between two tables": ("INSERT INTO exceptions", CUT_AFTER),
    "before it is verified": ("How many rows of one segment", CUT),
    "before a repair took the rows out": ("DELETE WHERE", CUT),
    "after a repair took the rows out": ("DELETE WHERE", CUT_AFTER),
}


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.soak)])
def test_killed_at_a_statement(tmp_path: Path, proxy: DatabaseProxy, database: Database, rounds: int) -> None:
    """While it writes a segment, and while it repairs one that the database only pretended to have stored."""
    exporters = exporters_to(place := Place(), PACE_S)
    with exporting(exporters):
        for part, fate in list(MOMENTS.values()) * rounds:
            collector = slow_collector(tmp_path, proxy)
            with place.at(**collector.said), proxy.meeting(killing(collector, part, fate)):
                assert collector.wait() == -signal.SIGKILL
        last = slow_collector(tmp_path, proxy)
        place.move(**last.said)
    finish(last, exporters, len(MOMENTS) * rounds)
    check_each_once(database, all_acknowledged(exporters))


def killing(collector: Collector, part: str, fate: Fate) -> Fates:
    """Kill it at the statement that has this part; let the database lie about retrievals until then."""

    def decide(sql: str) -> Fate:
        if part in sql:
            os.kill(collector.pid, signal.SIGKILL)
            return fate
        return PRETEND if "INSERT INTO retrievals" in sql else PASS

    return decide
