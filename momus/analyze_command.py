"""What `momus analyze` does around the analysis: rehearse it where asked for, show where it stands, tell what came of it."""

from analyzer.asking.budget import Spending
from analyzer.dry_run import DryRun
from analyzer.run import RunReport, database_time_ns
from momus.analysis import rehearse_analysis, run_analysis
from momus.options import print_json
from momus.pages.run import show_run
from momus.screen import console, progress_bar, safe
from schemas.database import Database
from schemas.settings import Settings


def run_analyze(
    database: Database,
    settings: Settings,
    *,
    quiet_s: float,
    is_full: bool,
    budget: str,
    by_batch: bool,
    is_dry_run: bool,
    as_json: bool,
) -> None:
    """Analyse, or only say what it would take; raises what `run_analysis` does."""
    now_ns = database_time_ns(database)
    if is_dry_run:
        found = rehearse_analysis(database, settings, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full)
        print_json(found) if as_json else show_dry_run(found)
        return
    with progress_bar(enabled=not as_json) as progress:
        report = run_analysis(
            database, settings, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full, budget=budget, by_batch=by_batch,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(report)
        return
    show_run(report)
    show_reading(report)


def show_reading(report: RunReport) -> None:
    """Print what the model did in a run and what it cost; nothing without one."""
    if not report.model:
        return
    console.print(f"Read {report.read_count:,} conversations with {safe(report.model)}: {_cost(report.spending)}.")
    claims = report.claims
    if claims.claimed:
        console.print(
            f"It claimed {claims.claimed:,} failures; {claims.unquoted:,} had no verbatim quote and {claims.contradicted:,} were "
            f"contradicted by the second question; all of these were dropped."
        )
    if report.skipped_count:
        console.print(f"{report.skipped_count:,} conversations hold no content to read.")
    if report.left_count or report.note:
        console.print(
            f"[yellow]{report.left_count:,} conversations are left for the next run.[/] {safe(report.note)}",
            highlight=False,
        )


def show_dry_run(found: DryRun) -> None:
    """Print what a run would do."""
    console.print(
        f"{found.analysed_count:,} new or changed of {found.conversation_count:,} conversations would be analysed; nothing was "
        f"written."
    )
    if not found.model:
        console.print("No model is set, so nothing would be asked.")
        return
    estimate = found.estimate
    console.print(
        f"{safe(found.model)} would read {found.read_count:,} conversations. By estimate: {_cost(estimate)}. What the model "
        f"will claim is not foreseen: each conversation with claims costs one or two questions more."
    )


def _cost(spending: Spending) -> str:
    tokens = f"{spending.prompt_tokens:,} tokens in, {spending.answer_tokens:,} out"
    usd = f", ${spending.spent_usd:,.2f}" if spending.spent_usd else ""
    return f"{spending.asked_count:,} questions, {spending.cached_count:,} answered before; {tokens}{usd}"
