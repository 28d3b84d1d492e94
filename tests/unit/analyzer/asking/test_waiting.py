"""What no model has read yet is read later by itself, and `momus doctor` says how much that is and why."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from momus.analysis import run_analysis
from momus.clickhouse_http import ClickHouseHttp
from momus.doctor import examine
from momus.server import Schedule, pause_s
from schemas import database as databases
from schemas import settings as settings_module
from schemas.database import Database
from schemas.settings import Settings

Fake = Any  # the endpoint of conftest.py
Failing = Any
Store = Callable[..., None]


@pytest.fixture
def chosen(endpoint: ClickHouseHttp, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with the endpoint, which runs that are processes of their own have as well."""
    for name, value in {"URL": fake.url, "NAME": "small", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"MOMUS_MODEL_{name}", value)
    free = dict.fromkeys(("http_address", "grpc_address", "clickhouse_address"), "127.0.0.1:9")
    return settings_module.load(database=dsn(endpoint), analyze_interval_s=0.1, quiet_s=0, **free)


@pytest.fixture
def schedule(database: Database, chosen: Settings) -> Iterator[Schedule]:
    """The schedule of a server; stopped after the test."""
    schedule = Schedule(chosen, databases.open(chosen.database), chosen.database)
    yield schedule
    schedule.stop()


def dsn(endpoint: ClickHouseHttp) -> str:
    """By which other processes reach the test's database."""
    return f"clickhouse://{endpoint.address}/momus"


def states(database: Database) -> set[str]:
    """The states that conversations are in."""
    return {row["state"] for row in database.query("SELECT state FROM conversations")}


def analyse(database: Database, chosen: Settings, **options: Any) -> None:
    """A run of now."""
    run_analysis(database, chosen, now_ns=time.time_ns(), progress=lambda stage, done, total: None, **options)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something; a minute is forever."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.05)


def test_what_waited_for_the_endpoint_is_read_once_it_answers(
    database: Database, fake: Fake, chosen: Settings, schedule: Schedule, store_talks: Store, failing: Failing
) -> None:
    """Nothing new arrives, and yet the schedule begins a run after the one that a wrong key ended."""
    store_talks(database, "please cancel my subscription today")
    good = fake.say
    fake.say = lambda body: failing(401, "denied")
    analyse(database, chosen)
    assert states(database) == {"skipped: the model endpoint refuses every question"}
    fake.say = good
    schedule.start()
    until(lambda: states(database) == {"analysed"})


def test_tries_that_read_nothing_come_ever_later() -> None:
    """Each waits twice as long as the one before, an hour at most; a longer interval is kept."""
    assert [pause_s(60, count) for count in (0, 1, 2, 6, 5_000)] == [60, 120, 240, 3_600, 3_600]
    assert pause_s(7_200, 3) == 7_200


def test_doctor_tells_how_many_wait_and_why(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Those left by a budget, apart from those whose answers were never of use; nothing where no model is set."""
    store_talks(database, "please do the impossible thing for me")
    fake.say = lambda body: "I would rather chat."
    for _ in range(3):
        analyse(database, chosen)
    store_talks(database, "please cancel it", "please change it", at=1_790_100_000 * 10**9)
    analyse(database, chosen, budget="1 token")
    waits, given_up = (hint for hint in examine(chosen, now_ns=time.time_ns(), hours=1).hints if " small" in hint)
    assert waits.startswith("2 conversations wait to be read by small;")
    assert waits.endswith(": 2 skipped: the budget for the model is used up.")
    assert given_up.startswith("1 conversations could not be read by small in three runs;")
    assert ": 1 failed: The model" in given_up
    without = chosen.model_copy(update={"model_name": ""})
    assert not any("read by" in hint for hint in examine(without, now_ns=time.time_ns(), hours=1).hints)
