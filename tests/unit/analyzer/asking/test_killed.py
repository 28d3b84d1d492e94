"""A run that is killed pays for nothing twice: real processes, killed with signal 9 in the middle of asking."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from momus.clickhouse_http import ClickHouseHttp
from schemas.database import Database

Fake = Any  # the endpoint of conftest.py
Store = Callable[..., None]
CONCURRENCY = 2


@pytest.fixture
def analyse(
    endpoint: ClickHouseHttp, database: Database, fake: Fake
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `momus analyze` with the endpoint, as a process of its own; what still runs at the end is killed."""
    environment = os.environ | {
        "MOMUS_DATABASE": f"clickhouse://{endpoint.address}/momus",
        "MOMUS_MODEL_URL": fake.url,
        "MOMUS_MODEL_NAME": "small",
        "MOMUS_MODEL_CONCURRENCY": str(CONCURRENCY),
        "MOMUS_MODEL_POLL_S": "0.05",
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "momus", "analyze", "--json", *options]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def paid_twice(fake: Fake) -> int:
    """How many answers were given to a question that had one already."""
    asked = Counter(orjson.dumps(body, option=orjson.OPT_SORT_KEYS) for body in fake.paid)
    return sum(asked.values()) - len(asked)


def test_a_killed_run_is_gone_on_with_and_pays_for_nothing_twice(
    analyse: Callable[..., subprocess.Popen[bytes]], database: Database, fake: Fake, store_talks: Store
) -> None:
    """Only answers that were under way when the process died are asked for again, at most one for each thread."""
    store_talks(database, *(f"Hello, number {n} here: please cancel my subscription today" for n in range(12)))
    good, victim = fake.say, analyse()

    def kill_on_the_eighth(body: dict[str, Any]) -> Any:
        if len(fake.asked) == 8:
            victim.send_signal(signal.SIGKILL)
        return good(body)

    fake.say = kill_on_the_eighth
    assert victim.wait(120) == -signal.SIGKILL
    answered = database.query("SELECT count() AS n FROM model_answers WHERE status = 'good'")[0]["n"]
    assert answered >= 8 - 1 - CONCURRENCY
    said, _ = analyse().communicate(timeout=120)
    report = orjson.loads(said)
    assert report["left_count"] == report["model_failures"] == 0
    assert database.query("SELECT count() AS n FROM conversations WHERE method = 'model'") == [{"n": 12}]
    assert paid_twice(fake) <= CONCURRENCY


def test_a_batch_outlives_the_process_that_sent_it(
    analyse: Callable[..., subprocess.Popen[bytes]], database: Database, fake: Fake, store_talks: Store
) -> None:
    """Killed while the endpoint made the batch, before its id was stored: the next run finds it by its key."""
    store_talks(database, *(f"Hello, number {n} here: please cancel my subscription today" for n in range(4)))
    make, victim = fake.batch, analyse("--batch")

    def kill_when_made(asked: dict[str, Any]) -> Any:
        made = make(asked)
        victim.send_signal(signal.SIGKILL)
        return made

    fake.batch = kill_when_made
    assert victim.wait(120) == -signal.SIGKILL
    fake.batch = make
    assert [row["status"] for row in database.query("SELECT status FROM model_batches FINAL")] == ["sending"]
    said, _ = analyse("--batch").communicate(timeout=120)
    report = orjson.loads(said)
    assert report["read_count"] == 4
    assert paid_twice(fake) == 0
