"""Merges wait while segments do, and never longer than anything else can bear."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from collector_plugin import merges as module
from collector_plugin.merges import Merges
from schemas.database import Database, Row
from schemas.errors import BadQuery, DatabaseError


@pytest.fixture
def merges(database: Database) -> Iterator[Merges]:
    merges = Merges(database.clone())
    yield merges
    merges.close()


def insert_parts(database: Database, count: int) -> None:
    """Insert so many rows, each alone."""
    for number in range(count):
        row = {"Timestamp": number, "TraceId": str(number), "SpanName": "a"}
        database.insert("otel_traces", [row])


def part_count(database: Database) -> int:
    (row,) = database.query("merge_backlog")
    return int(row["part_count"])


def are_waiting(merges: Merges) -> bool:
    """Ask anew: a type checker takes what it has seen for what is."""
    return merges.are_waiting


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline_s, "it never came to be"
        time.sleep(0.05)


def test_nothing_is_merged_while_they_wait_and_all_is_afterwards(database: Database, merges: Merges) -> None:
    """Forty small parts would be merged at once."""
    merges.give_way()
    insert_parts(database, 40)
    time.sleep(0.5)
    assert part_count(database) == 40
    assert are_waiting(merges)
    merges.go_on()
    assert not are_waiting(merges)
    wait_for(lambda: part_count(database) < 10)


def test_they_go_on_with_many_parts_and_give_way_again_with_few(
    database: Database, merges: Merges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two they keep doing what they did."""
    monkeypatch.setattr(module, "FEW_PARTS", 20)
    monkeypatch.setattr(module, "MANY_PARTS", 30)
    seen = []
    merges.give_way()
    for _ in range(3):
        insert_parts(database, 10)
        merges.give_way()
        seen.append(are_waiting(merges))
    assert seen == [True, True, False]
    wait_for(lambda: part_count(database) < 20)
    merges.give_way()
    assert are_waiting(merges)


def test_whoever_waits_for_a_mutation_is_let_go_on(database: Database, merges: Merges) -> None:
    """As one who has a person's data deleted while spans come without a pause."""
    insert_parts(database, 1)
    merges.give_way()
    deleting = threading.Thread(target=delete_all, args=(database.clone(),))
    deleting.start()
    deleting.join(0.5)
    assert deleting.is_alive()
    merges.give_way()
    assert not are_waiting(merges)
    deleting.join(30)
    assert not deleting.is_alive()


def delete_all(database: Database) -> None:
    with database:
        database.command("ALTER TABLE otel_traces DELETE WHERE 1 SETTINGS mutations_sync = 2")


def test_they_do_not_go_on_for_a_moment(database: Database, merges: Merges, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was being merged would be begun again each time; but nothing keeps them waiting for long."""
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    merges.give_way()
    now_s += 1
    merges.go_on(1.5)
    assert are_waiting(merges)
    now_s += 1
    merges.go_on(1.5)
    assert not are_waiting(merges)


def test_in_the_end_they_go_on_for_good(database: Database, merges: Merges) -> None:
    """Who repairs a table while the writer stops waits for them, and no lane may stop them once more."""
    merges.give_way()
    merges.close()
    assert not are_waiting(merges)
    merges.give_way()
    assert not are_waiting(merges)


def test_a_server_is_told_nothing() -> None:
    """Others may depend on its merges."""
    merges = Merges(None)
    merges.give_way()
    assert not are_waiting(merges)


@pytest.mark.parametrize("error", [DatabaseError, BadQuery])
def test_a_database_that_fails_is_asked_again(
    database: Database, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    """A thread that writes must not end for this; that it could not be told is logged."""
    failing = Failing(database, error)
    merges = Merges(failing)  # type: ignore[arg-type]  # what is asked of it, it has
    merges.give_way()
    assert not are_waiting(merges)
    failing.is_failing = False
    merges.give_way()
    failing.is_failing = True
    merges.go_on()
    assert are_waiting(merges) == (error is DatabaseError)
    failing.is_failing = False
    merges.close()
    assert not are_waiting(merges)
    assert len(caplog.records) == (2 if error is DatabaseError else 1)


class Failing:
    """A database that fails while it is told to; to start merges it never fails with a query that cannot run."""

    def __init__(self, database: Database, error: type[Exception]) -> None:
        self.is_failing = True
        self._database = database.clone()
        self._error = error

    def query(self, name: str) -> list[Row]:
        self._fail()
        return self._database.query(name)

    def stop_merges(self) -> None:
        self._database.stop_merges()

    def start_merges(self) -> None:
        if self._error is DatabaseError:
            self._fail()
        self._database.start_merges()

    def close(self) -> None:
        self._database.close()

    def _fail(self) -> None:
        if self.is_failing:
            raise self._error("it is gone")
