"""Commands that receive, store and analyse."""

from pathlib import Path
from typing import Annotated

import typer

from momus.options import DatabaseOption, InsecureOption, JsonOption, opened_database, settings_of


def serve(database: DatabaseOption = None, insecure: InsecureOption = False) -> None:
    """Receive, store, answer SQL and analyse: everything, in one process.

    OTLP arrives on 4317 (gRPC) and 4318 (HTTP). With the embedded engine, port 8123 speaks ClickHouse's HTTP interface,
    so that other terminals, notebooks and Grafana connect as to a server. All of it on loopback, and beyond it only with keys.
    """
    from momus.running import run_until_stopped

    run_until_stopped(settings_of(database, insecure=insecure), analyses=True)


def collect(database: DatabaseOption = None, insecure: InsecureOption = False) -> None:
    """Only receive and store: one of any number of collectors in front of a ClickHouse server."""
    from momus.running import run_until_stopped

    run_until_stopped(settings_of(database, insecure=insecure), analyses=False)


def analyze(
    database: DatabaseOption = None,
    quiet_s: Annotated[
        float, typer.Option(min=0, help="Leave traces that received a span less than this many seconds ago for later.")
    ] = 0.0,
    full: Annotated[
        bool,
        typer.Option("--full", help="Look at everything again, and have the model read what it has not, or otherwise."),
    ] = False,
    budget: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="What this run may spend on the model: 5usd, 2M tokens. What is left over is read by the next run.",
            show_default="MOMUS_MODEL_BUDGET",
        ),
    ] = "",
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Ask by the endpoint's batch interface: cheaper, and waits up to a day a step."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only estimate what would be asked and spent.")] = False,
    json: JsonOption = False,
) -> None:
    """Assemble conversations, find their failures and bring the issues up to date.

    With a model (MOMUS_MODEL_URL, MOMUS_MODEL_NAME) it reads them, the newest first. A run that was killed, ran out of budget
    or lost its endpoint is gone on with by the next one, and pays for no answer twice.
    """
    from momus.analyze_command import run_analyze

    settings = settings_of(database)
    with opened_database(settings) as opened:
        run_analyze(
            opened,
            settings,
            quiet_s=quiet_s,
            is_full=full,
            budget=budget,
            by_batch=batch,
            is_dry_run=dry_run,
            as_json=json,
        )


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the demo's data is kept for a look afterwards; made anew each time.")
    ] = Path("demo-data"),
) -> None:
    """See it work: a scripted agent is traced, analysed, and its faults are listed. Needs no key and no setup."""
    from momus.demo.run import run_demo

    run_demo(folder)
