"""What a run of the analyzer did, or would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from momus.screen import console, safe

if TYPE_CHECKING:
    from analyzer.asking.budget import Spending
    from analyzer.dry_run import DryRun
    from analyzer.run import RunReport


def show_run(report: RunReport) -> None:
    """Print what a run of the analyzer did, what waits, and what went wrong."""
    how = f"with {safe(report.model)}" if report.model else "without a model, by detectors alone"
    if report.analysed_count:
        console.print(
            f"Analysed [bold]{_conversations(report.analysed_count)}[/] that are new or changed, {how}: "
            f"{report.finding_count:,} findings."
        )
    else:
        console.print(f"Nothing new to analyse, {how}.")
    if report.waiting_count:
        console.print(f"{report.waiting_count:,} traces are still receiving spans and wait for the next run.")
    if report.gate.rejected:
        console.print(
            f"{report.gate.rejected:,} of {report.gate.seen:,} quotes were not verbatim in their span and were dropped "
            "with their findings."
        )
    if report.model:
        _show_reading(report)
    console.print(f"[bold]{report.issue_count:,}[/] issues in all. Read them with [bold]momus issues[/].")


def _show_reading(report: RunReport) -> None:
    console.print(f"Read {_conversations(report.read_count)} with {safe(report.model)}: {_cost(report.spending)}.")
    claims = report.claims
    if claims.claimed:
        console.print(
            f"It claimed {claims.claimed:,} failures. Dropped: {claims.unquoted:,} without a verbatim quote, "
            f"{claims.contradicted:,} contradicted by a second question."
        )
    if report.skipped_count:
        console.print(f"No content to read: {_conversations(report.skipped_count)}.")
    if report.model_failures:
        console.print(
            f"[yellow]The model's answers were of no use: {_conversations(report.model_failures)}.[/] What was known of "
            "them stays; `momus doctor` tells which are tried again."
        )
    if report.left_count:
        console.print(f"[yellow]Left for the next run: {_conversations(report.left_count)}.[/]")
    if report.note:
        console.print(safe(report.note), highlight=False)


def show_dry_run(found: DryRun) -> None:
    """Print what a run would do."""
    console.print(
        f"{_conversations(found.analysed_count)} would be analysed, new or changed ones. Nothing was asked or written."
    )
    if not found.model:
        console.print("No model is set, so nothing would be asked.")
        return
    console.print(
        f"{safe(found.model)} would read {_conversations(found.read_count)}. By estimate: {_cost(found.estimate)}."
    )
    if found.affordable_count < found.read_count:
        console.print(f"The budget lasts for about {found.affordable_count:,} of them; the next runs read the others.")
    if not found.has_prices:
        console.print(
            "What that costs is not known: set MOMUS_MODEL_INPUT_USD and MOMUS_MODEL_OUTPUT_USD, for a million tokens."
        )
    if found.estimate.asked_count:
        console.print(
            "What the model will claim is not foreseen: each conversation with claims costs one or two questions more."
        )


def _cost(spending: Spending) -> str:
    tokens = f"{spending.prompt_tokens:,} tokens in, {spending.answer_tokens:,} out"
    usd = f", ${spending.spent_usd:,.2f}" if spending.spent_usd else ""
    return f"{spending.asked_count:,} questions, {spending.cached_count:,} answered before; {tokens}{usd}"


def _conversations(count: int) -> str:
    return f"{count:,} conversation{'s' * (count != 1)}"
