"""Whole runs with a model behind a real endpoint on loopback: what it fails at is told, costs nothing else and is made up for."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analyzer.run import RunReport
from momus.analysis import rehearse_analysis, run_analysis
from momus.analyze_command import run_analyze
from momus.pages.run import show_dry_run
from momus.screen import console
from schemas import settings as settings_module
from schemas.database import Database
from schemas.errors import SettingsError
from schemas.settings import Settings

MINUTE = 60 * 10**9
START = 1_790_000_000 * 10**9
Fake = Any  # the endpoint of conftest.py
Failing = Any
Store = Callable[..., None]


def asking(count: int) -> list[str]:
    """Requests that differ."""
    return [f"Hello, number {number} here: please cancel my subscription today" for number in range(count)]


@pytest.fixture
def chosen(fake: Fake) -> Settings:
    """Settings with the endpoint, and without patience."""
    return settings_module.load(
        model_url=fake.url, model_name="small", model_retries=0, model_timeout_s=5, model_concurrency=2,
        model_input_usd=1.0, model_output_usd=10.0,
        model_poll_s=0.01,
    )  # fmt: skip


def run(database: Database, chosen: Settings, minute: int, **options: Any) -> RunReport:
    """A run some minutes after the start."""
    return run_analysis(
        database, chosen, now_ns=START + minute * MINUTE, progress=lambda stage, done, total: None, **options
    )


def states(database: Database) -> list[str]:
    """The states of all conversations, sorted."""
    return sorted(row["state"] for row in database.query("SELECT state FROM conversations"))


def test_a_model_reads_every_conversation_once(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Summary, outcome and facets are the model's, the run says what it cost, and the next one asks nothing."""
    store_talks(database, *asking(3))
    report = run(database, chosen, 10)
    assert (report.read_count, report.model_failures, report.left_count) == (3, 0, 0)
    rows = database.query("SELECT summary, outcome, summary_by, method, state FROM conversations")
    assert {tuple(row.values()) for row in rows} == {
        ("The agent said it could not.", "not", "small", "model", "analysed")
    }
    (signal,) = database.query("SELECT DISTINCT text_value, answered_by FROM facets WHERE name = 'user_signal'")
    assert signal == {"text_value": "none", "answered_by": "small"}
    assert report.spending.asked_count == len(fake.paid) > 3
    assert report.spending.spent_usd == pytest.approx(len(fake.paid) * (1000 * 1 + 100 * 10) / 1e6)
    paid = len(fake.paid)
    assert run(database, chosen, 20).read_count == 0
    assert len(fake.paid) == paid


def test_a_model_that_is_new_reads_what_was_analysed_without_one(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Conversations of before are read once, without being asked for; those of another model's are left as they are."""
    store_talks(database, *asking(3))
    run(database, chosen.model_copy(update={"model_name": ""}), 10)
    assert run(database, chosen, 20).read_count == 3
    other = chosen.model_copy(update={"model_name": "large"})
    assert run(database, other, 30).read_count == 0
    assert run(database, other, 40, is_full=True).read_count == 3


def test_what_is_known_is_not_paid_for_again(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """A conversation that is read anew, its prompts being the same, is answered from the table."""
    store_talks(database, *asking(2))
    run(database, chosen, 10)
    paid = len(fake.paid)
    database.command("TRUNCATE TABLE conversation_log")
    report = run(database, chosen, 20, is_full=True)
    assert report.read_count == 2
    assert len(fake.paid) == paid
    assert (report.spending.asked_count, report.spending.spent_usd) == (0, 0)
    assert report.spending.cached_count >= 2


def test_an_endpoint_that_is_down_costs_no_result_and_is_made_up_for(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing
) -> None:
    """Detectors' issues are there; a few questions are tried, not one for each conversation; the next run reads all."""
    store_talks(database, *asking(30))
    good = fake.say
    fake.say = lambda body: failing(503)
    report = run(database, chosen, 10)
    assert (report.read_count, report.left_count, report.model_failures) == (0, 30, 0)
    assert report.issue_count == 1
    assert len(fake.asked) <= 6
    assert "unanswered" in report.note
    assert "Error code: 503" in report.note
    assert set(states(database)) == {"skipped: the model endpoint does not answer"}
    fake.say = good
    assert run(database, chosen, 20).read_count == 30
    assert states(database) == ["analysed"] * 30


@pytest.mark.parametrize(("status", "code"), [(401, ""), (404, "model_not_found"), (429, "insufficient_quota")])
def test_a_refused_key_or_model_ends_the_asking_at_once(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing, status: int, code: str
) -> None:
    """One sentence for the run instead of one for each conversation."""
    store_talks(database, *asking(20))
    fake.say = lambda body: failing(status, "denied", code)
    report = run(database, chosen, 10)
    assert len(fake.asked) <= 2  # as many as ask at once
    assert "MOMUS_MODEL_KEY" in report.note
    assert (report.read_count, report.left_count, report.issue_count) == (0, 20, 1)
    assert states(database) == ["skipped: the model endpoint refuses every question"] * 20


def test_a_bad_answer_is_asked_for_once_more_with_the_reason(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """What does not have the form is sent back; the second answer counts, and is the known one from then on."""
    store_talks(database, *asking(1))
    good = fake.say

    def stumble(body: dict[str, Any]) -> Any:
        is_first = "could not be used" not in body["messages"][1]["content"]
        return "I would rather chat." if is_first else good(body)

    fake.say = stumble
    report = run(database, chosen, 10)
    assert (report.read_count, report.model_failures) == (1, 0)
    assert report.spending.asked_count == 2 * sum(
        row["n"] for row in database.query("SELECT count() AS n FROM model_answers WHERE status = 'good'")
    )


@pytest.mark.parametrize("trouble", ["no form", "cut short", "refused", "filtered", "too long"])
def test_one_conversation_that_cannot_be_read_costs_only_itself(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing, trouble: str
) -> None:
    """Its state says why, the others are read; after three runs it is left alone until `--full`."""
    store_talks(database, *asking(3), "please do the impossible thing for me")
    good = fake.say

    def answer(body: dict[str, Any]) -> Any:
        if "impossible" not in json.dumps(body):
            fake.finish_reason, fake.refusal = "stop", None
            return good(body)
        fake.finish_reason = {"cut short": "length", "filtered": "content_filter"}.get(trouble, "stop")
        fake.refusal = "I would rather not" if trouble == "refused" else None
        return failing(400, "too many tokens", "context_length_exceeded") if trouble == "too long" else "{"

    fake.say = answer
    one = chosen.model_copy(update={"model_concurrency": 1})
    report = run(database, one, 10)
    assert (report.read_count, report.model_failures) == (3, 1)
    assert [state for state in states(database) if state.startswith("failed: The model")]
    assert [run(database, one, minute).model_failures for minute in (20, 30, 40)] == [1, 1, 0]


def test_a_model_that_is_of_no_use_takes_nothing_away(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """What another one made of a conversation stays when it is read anew and that fails; the run says why it did."""
    store_talks(database, *asking(2))
    run(database, chosen, 10)
    before = database.query("SELECT conversation_id, summary, state, model FROM conversations ORDER BY conversation_id")
    fake.say = lambda body: "I would rather chat."
    report = run(database, chosen.model_copy(update={"model_name": "large"}), 20, is_full=True)
    assert (report.read_count, report.model_failures, report.left_count) == (0, 2, 0)
    assert "it is no JSON object" in report.note
    after = database.query("SELECT conversation_id, summary, state, model FROM conversations ORDER BY conversation_id")
    assert after == before


def test_an_endpoint_that_takes_no_schema_is_told_it_in_words(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing
) -> None:
    """Structured output, JSON, plain text: the most that is taken is found once, not with each question."""
    store_talks(database, *asking(3))
    good = fake.say

    def plain(body: dict[str, Any]) -> Any:
        if "response_format" in body:
            return failing(400, "response_format is not supported")
        return good(body)

    fake.say = plain
    report = run(database, chosen.model_copy(update={"model_concurrency": 1}), 10)
    assert report.read_count == 3
    assert sum("response_format" in body for body in fake.asked) == 2
    assert '"user_signal"' in fake.paid[0]["messages"][1]["content"]


def test_a_model_that_takes_no_temperature_is_asked_without(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing
) -> None:
    """The form stays as strict as before."""
    store_talks(database, *asking(1))
    good = fake.say
    fake.say = lambda body: failing(400, "no", param="temperature") if "temperature" in body else good(body)
    assert run(database, chosen, 10).read_count == 1
    assert all("response_format" in body for body in fake.paid)


def test_rate_limits_are_waited_out(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing
) -> None:
    """Every second request is turned away for as long as it says; nothing is lost."""
    store_talks(database, *asking(6))
    good, lock, turns = fake.say, threading.Lock(), iter(range(1000))

    def storm(body: dict[str, Any]) -> Any:
        with lock:
            is_turned_away = next(turns) % 2 == 0
        return failing(429, headers={"Retry-After": "0.01", "retry-after-ms": "10"}) if is_turned_away else good(body)

    fake.say = storm
    report = run(database, chosen.model_copy(update={"model_retries": 6}), 10)
    assert (report.read_count, report.model_failures, report.left_count) == (6, 0, 0)


def test_a_question_that_stays_unanswered_is_no_failure_of_its_conversation(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, failing: Failing
) -> None:
    """However often it happens, the conversation waits, says why, and is read once the endpoint answers."""
    store_talks(database, *asking(2), "please do the impossible thing for me")
    good = fake.say
    fake.say = lambda body: failing(429, "slow down") if "impossible" in json.dumps(body) else good(body)
    reports = [run(database, chosen, minute) for minute in (10, 20, 30, 40)]
    assert [report.read_count for report in reports] == [2, 0, 0, 0]
    assert {(report.left_count, report.model_failures) for report in reports} == {(1, 0)}
    assert "Error code: 429 - slow down" in reports[-1].note
    assert states(database) == ["analysed", "analysed", "skipped: the model endpoint does not answer"]
    fake.say = good
    assert run(database, chosen, 50).read_count == 1


@pytest.mark.parametrize("budget", ["12k tokens", "0.02usd"])
def test_a_budget_is_never_exceeded_and_the_rest_is_read_later(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store, budget: str
) -> None:
    """The newest are read first; what is left over waits for the next run, which pays only for that."""
    store_talks(database, *asking(12))
    report = run(database, chosen.model_copy(update={"model_concurrency": 1}), 10, budget=budget)
    assert 0 < report.read_count < 12
    assert report.left_count == 12 - report.read_count
    spent = report.spending
    assert spent.prompt_tokens + spent.answer_tokens <= 12_000
    assert spent.spent_usd <= 0.02 + 1e-9 or budget.endswith("tokens")
    read = {
        row["conversation_id"]
        for row in database.query("SELECT conversation_id FROM conversations WHERE method = 'model'")
    }
    assert read == {f"c{START // MINUTE}-{11 - number}" for number in range(len(read))}
    assert "budget" in report.note
    left = ["skipped: the budget for the model is used up"] * report.left_count
    assert states(database) == ["analysed"] * len(read) + left
    assert run(database, chosen, 20).read_count == 12 - len(read)


def test_a_budget_of_a_day_counts_what_other_runs_spent(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Scheduled runs share it."""
    store_talks(database, *asking(2))
    run(database, chosen, 10)
    store_talks(database, "please send the parcel back", "please change my address", at=START + 100 * MINUTE)
    daily = chosen.model_copy(update={"model_budget": "3k tokens"})
    report = run(database, daily, 110)
    assert (report.read_count, report.left_count, report.spending.asked_count) == (0, 2, 0)


def test_a_dry_run_counts_and_writes_nothing(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Not a row is added and not a question is sent; a conversation that was read costs nothing more."""
    store_talks(database, *asking(4))
    before = table_sizes(database)
    found = rehearse_analysis(database, chosen, now_ns=START + 10 * MINUTE)
    assert (found.analysed_count, found.read_count) == (4, 4)
    assert found.estimate.asked_count >= 4
    assert found.estimate.spent_usd > 0
    assert table_sizes(database) == before
    assert fake.asked == []
    run(database, chosen, 10)
    again = rehearse_analysis(database, chosen, now_ns=START + 20 * MINUTE)
    assert (again.read_count, again.estimate.asked_count) == (0, 0)


def test_a_dry_run_tells_how_far_a_budget_goes(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Of a run's own budget, and of what is left of the day's; without prices it says why no cost is told."""
    store_talks(database, *asking(4))
    whole = rehearse_analysis(database, chosen, now_ns=START + 10 * MINUTE)
    tokens = whole.estimate.prompt_tokens + whole.estimate.answer_tokens
    half = rehearse_analysis(database, chosen, now_ns=START + 10 * MINUTE, budget=f"{tokens // 2} tokens")
    daily = chosen.model_copy(
        update={"model_budget": f"{tokens // 2} tokens", "model_input_usd": 0, "model_output_usd": 0}
    )
    assert (whole.affordable_count, half.affordable_count, half.read_count) == (4, 2, 4)
    told = rehearse_analysis(database, daily, now_ns=START + 10 * MINUTE)
    assert (told.affordable_count, told.has_prices, whole.has_prices) == (2, False, True)
    with console.capture() as captured:
        show_dry_run(told)
    assert "about 2 of them" in captured.get()
    assert "MOMUS_MODEL_INPUT_USD" in captured.get()


def test_a_budget_without_a_model_is_refused(database: Database) -> None:
    """What has no effect is not taken in silence."""
    options: dict[str, Any] = {"quiet_s": 0.0, "is_full": False, "by_batch": False, "is_dry_run": True, "as_json": True}
    with pytest.raises(SettingsError, match="no model is set"):
        run_analyze(database, Settings(), budget="5usd", **options)


def table_sizes(database: Database) -> dict[str, int]:
    """Rows of every table."""
    rows = database.query(
        "SELECT name, total_rows FROM system.tables WHERE database = currentDatabase() AND total_rows > 0"
    )
    return {row["name"]: row["total_rows"] for row in rows}


def test_nothing_to_read_is_skipped_and_not_asked(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """A conversation without content says so, once and for all."""
    store_talks(database, "", answer="")
    report = run(database, chosen, 10)
    assert (report.skipped_count, report.left_count) == (1, 0)
    assert fake.asked == []
    assert run(database, chosen, 20).skipped_count == 0


def test_a_huge_conversation_and_one_of_bytes_are_read_in_bounded_questions(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Two megabytes, control characters and halves of surrogates reach the endpoint as what it can take."""
    store_talks(database, "please cancel it " * 120_000, "\x00\x01\x1b[31m \ud83d please cancel \x7f" * 50)
    report = run(database, chosen, 10)
    assert (report.read_count, report.model_failures) == (2, 0)
    assert max(len(json.dumps(body)) for body in fake.asked) < 150_000


def test_identical_questions_at_the_same_time_are_paid_for_once(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Many users say the same thing."""
    fake.delay_s = 0.05
    store_talks(database, *["please cancel my subscription today"] * 6)
    assert run(database, chosen.model_copy(update={"model_concurrency": 6}), 10).read_count == 6
    assert sum(body["response_format"]["json_schema"]["name"] == "ReadReply" for body in fake.paid) == 1


def test_a_batch_answers_all_steps_and_leaves_nothing_behind(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """First questions in one batch, those about suspicions in the next; the endpoint's files are deleted."""
    store_talks(database, *asking(5))
    report = run(database, chosen, 10, by_batch=True)
    assert (report.read_count, report.left_count, report.model_failures) == (5, 0, 0)
    assert len(fake.batches) == 2
    assert report.spending.asked_count >= len(fake.batches)
    assert not any(fake.files.values())
    assert {row["status"] for row in database.query("SELECT status FROM model_batches FINAL")} == {"done"}
    paid = len(fake.paid)
    assert run(database, chosen, 20, by_batch=True).read_count == 0
    assert len(fake.paid) == paid


def test_a_batch_whose_answers_are_of_no_use_ends(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Each question is asked for twice at most, then its conversation has failed."""
    store_talks(database, *asking(2))
    fake.say = lambda body: "I would rather chat."
    report = run(database, chosen, 10, by_batch=True)
    assert (report.read_count, report.model_failures, report.left_count) == (0, 2, 0)
    assert len(fake.batches) == 2


def test_a_conversation_that_fails_in_a_batch_fails_once_a_run(
    database: Database, fake: Fake, chosen: Settings, store_talks: Store
) -> None:
    """Others that need another round do not have it tried, and counted, again."""
    store_talks(database, *asking(2), "please do the impossible thing for me")
    good, stumbled = fake.say, set()

    def answer(body: dict[str, Any]) -> Any:
        said = body["messages"][1]["content"]
        if "impossible" in said:
            return "I would rather chat."
        if "CLAIM" not in said or said in stumbled:
            return good(body)
        stumbled.add(said)
        return "{"

    fake.say = answer
    report = run(database, chosen, 10, by_batch=True)
    assert len(fake.batches) == 3
    assert (report.read_count, report.model_failures, report.left_count) == (2, 1, 0)
    assert database.query("SELECT attempt_count FROM conversation_log FINAL WHERE attempt_count > 0") == [
        {"attempt_count": 1}
    ]


@pytest.fixture(autouse=True)
def _no_leak(fake: Fake) -> Iterator[None]:
    """The endpoint is told nothing of who sent a conversation."""
    yield
    assert not [body for body in fake.asked if "user_id" in body or "metadata" in body]
