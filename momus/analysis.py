"""Run the analyzer with the model and the embedder that the settings name."""

import time
from contextlib import ExitStack

from analyzer.asking.budget import Amount, Prices, Purse, read_budget
from analyzer.clusters.keep import Rules
from analyzer.dry_run import DryRun, dry_run
from analyzer.models import Embedder
from analyzer.reading_stage import Reader
from analyzer.run import Progress, RunReport, analyze, new_run_id
from momus.reading_setup import reading_setup
from schemas.database import Database
from schemas.settings import Settings

_DAY_NS = 86_400 * 10**9


def run_analysis(
    database: Database,
    settings: Settings,
    *,
    now_ns: int,
    progress: Progress,
    quiet_s: float = 0.0,
    is_full: bool = False,
    budget: str = "",
    by_batch: bool = False,
) -> RunReport:
    """Analyse what changed; without a model endpoint in the settings, with detectors alone.

    Args:
        database, settings, now_ns, progress, quiet_s, is_full: see `analyze`.
        budget: what this run may spend on the chat model; empty is what the settings leave for these 24 hours.
        by_batch: ask by the endpoint's batch interface, and wait for it.

    Raises:
        DatabaseError: the database failed; the next run takes up where this one ended.
        ModelError: the embedding endpoint failed; conversations are analysed, issues are as they were.
        SettingsError: the budget, or a file that the settings name, cannot be read.
    """
    run_id, setup = new_run_id(), reading_setup(settings)
    with ExitStack() as opened:
        return analyze(
            database,
            now_ns=now_ns,
            run_id=run_id,
            quiet_s=quiet_s,
            reader=_reader(database, settings, run_id, budget, opened, by_batch=by_batch),
            facets=setup.facets,
            embedder=_embedder(database, settings, opened),
            rules=Rules(settings.cluster_min_conversations, settings.cluster_min_users),
            cluster_method=settings.cluster_method,
            is_full=is_full,
            progress=progress,
        )


def rehearse_analysis(
    database: Database,
    settings: Settings,
    *,
    now_ns: int,
    quiet_s: float = 0.0,
    is_full: bool = False,
    budget: str = "",
) -> DryRun:
    """What `run_analysis` would do and ask; nothing is asked and nothing is written."""
    purse = _purse(database, settings, budget)
    with ExitStack() as opened:
        reader = _rehearsing(database, settings, opened)
        found = dry_run(database, now_ns=now_ns, quiet_s=quiet_s, reader=reader, is_full=is_full, budget=purse.left())
    found.has_prices = bool(purse.prices.input_usd or purse.prices.output_usd)
    return found


def _reader(
    database: Database, settings: Settings, run_id: str, budget: str, opened: ExitStack, *, by_batch: bool
) -> Reader | None:
    if not settings.has_model:
        return None
    # The client takes a second to load, so it is loaded only where it is used.
    from analyzer.asking.answers import Answers
    from analyzer.asking.asker import Asker, Naming
    from analyzer.asking.batches import Batches
    from analyzer.openai_models import OpenAIChat

    chat = OpenAIChat(
        settings.model_url, settings.model_name, settings.model_key, timeout_s=settings.model_timeout_s,
        retries=settings.model_retries,
    )  # fmt: skip
    opened.callback(chat.close)
    answers = Answers(database, chat.name, run_id)
    opened.callback(answers.close)
    purse = _purse(database, settings, budget)
    asker, setup = Asker(chat, answers, purse), reading_setup(settings)
    if not by_batch:
        return Reader(asker, setup, settings.model_concurrency, Naming(asker))
    batches = Batches(chat, answers, purse, database, run_id, poll_s=settings.model_poll_s)
    opened.callback(batches.close)
    return Reader(Asker(batches, answers, purse), setup, settings.model_concurrency, Naming(asker), batches.settle)


def _rehearsing(database: Database, settings: Settings, opened: ExitStack) -> Reader | None:
    if not settings.has_model:
        return None
    from analyzer.asking.answers import Answers
    from analyzer.asking.rehearsal import Rehearsal

    answers = Answers(database, settings.model_name, "")
    opened.callback(answers.close)
    prices = Prices(settings.model_input_usd, settings.model_output_usd)
    return Reader(Rehearsal(settings.model_name, answers, prices), reading_setup(settings))


def _purse(database: Database, settings: Settings, budget: str) -> Purse:
    """A budget for this run alone, or what the last 24 hours left of the settings' own."""
    prices = Prices(settings.model_input_usd, settings.model_output_usd)
    if budget:
        return Purse(prices, read_budget(budget, prices))
    (row,) = database.query("model_spending", since_ns=time.time_ns() - _DAY_NS)
    spent = Amount(row["token_count"], row["spent_usd"])
    return Purse(prices, read_budget(settings.model_budget, prices), spent=spent)


def _embedder(database: Database, settings: Settings, opened: ExitStack) -> Embedder | None:
    if not (settings.model_url and settings.embedding_model):
        return None
    from analyzer.asking.vectors import KeptVectors
    from analyzer.openai_models import OpenAIEmbedder

    embedder = OpenAIEmbedder(
        settings.model_url, settings.embedding_model, settings.model_key, timeout_s=settings.model_timeout_s,
        retries=settings.model_retries,
    )  # fmt: skip
    opened.callback(embedder.close)
    return KeptVectors(embedder, database)
