"""What a run of the analyzer did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from momus.screen import console, safe

if TYPE_CHECKING:
    from analyzer.run import RunReport


def show_run(report: RunReport) -> None:
    """Print what a run of the analyzer did, what waits, and what went wrong."""
    how = "without a model, by detectors alone" if report.method == "detectors" else f"with {safe(report.model)}"
    console.print(
        f"Analysed [bold]{report.analysed_count}[/] new or changed of {report.conversation_count} conversations, {how}; "
        f"{report.unchanged_count} unchanged. [bold]{report.issue_count}[/] issues, {report.finding_count} findings in the "
        "conversations analysed."
    )
    if report.waiting_count:
        console.print(f"{report.waiting_count} traces are still receiving spans and wait for the next run.")
    if report.gate.rejected:
        console.print(
            f"{report.gate.rejected} of {report.gate.seen} quotes were not verbatim in their span and were dropped with "
            "their findings."
        )
    if report.model_failures:
        console.print(
            f"[yellow]The model failed on {report.model_failures} conversations; their state says why, and the next run "
            "tries again.[/]"
        )
    console.print("Read them with [bold]momus issues[/].")
