"""Merges wait while segments do, and never longer than anything else can bear."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from collector_plugin import merges as module
from collector_plugin.merges import Merges
from schemas.database import Database
from schemas.errors import DatabaseError


@pytest.fixture
def merges(database: Database) -> Iterator[Merges]:
    merges = Merges(is_ours=True)
    yield merges
    merges.go_on(database)


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
    merges.give_way(database)
    insert_parts(database, 40)
    time.sleep(0.5)
    assert part_count(database) == 40
    assert are_waiting(merges)
    merges.go_on(database)
    assert not are_waiting(merges)
    wait_for(lambda: part_count(database) < 10)


def test_they_go_on_with_many_parts_and_give_way_again_with_few(
    database: Database, merges: Merges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two they keep doing what they did."""
    monkeypatch.setattr(module, "FEW_PARTS", 20)
    monkeypatch.setattr(module, "MANY_PARTS", 30)
    seen = []
    merges.give_way(database)
    for _ in range(3):
        insert_parts(database, 10)
        merges.give_way(database)
        seen.append(are_waiting(merges))
    assert seen == [True, True, False]
    wait_for(lambda: part_count(database) < 20)
    merges.give_way(database)
    assert are_waiting(merges)


def test_whoever_waits_for_a_mutation_is_let_go_on(database: Database, merges: Merges) -> None:
    """As one who has a person's data deleted while spans come without a pause."""
    insert_parts(database, 1)
    merges.give_way(database)
    deleting = threading.Thread(target=delete_all, args=(database.clone(),))
    deleting.start()
    deleting.join(0.5)
    assert deleting.is_alive()
    merges.give_way(database)
    assert not are_waiting(merges)
    deleting.join(30)
    assert not deleting.is_alive()


def delete_all(database: Database) -> None:
    with database:
        database.command("ALTER TABLE otel_traces DELETE WHERE 1 SETTINGS mutations_sync = 2")


def test_a_server_is_told_nothing() -> None:
    """Others may depend on its merges."""
    merges = Merges(is_ours=False)
    merges.give_way(Away())  # type: ignore[arg-type]  # asks to be asked nothing
    assert not are_waiting(merges)


def test_a_database_that_fails_is_asked_again(
    database: Database, merges: Merges, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that writes must not end for this; that it could not be told is logged."""
    merges.give_way(Away())  # type: ignore[arg-type]  # fails in everything
    assert not are_waiting(merges)
    merges.give_way(database)
    merges.go_on(Away())  # type: ignore[arg-type]  # fails in everything
    assert are_waiting(merges)
    assert len(caplog.records) == 2
    merges.go_on(database)
    assert not are_waiting(merges)


class Away:
    """A database that fails."""

    def query(self, name: str) -> None:
        raise DatabaseError("it is gone")

    def start_merges(self) -> None:
        raise DatabaseError("it is gone")
