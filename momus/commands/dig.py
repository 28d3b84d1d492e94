"""Commands that go to the bottom of things: read files, rebuild, measure, delete, list settings and prompts."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from momus.options import DatabaseOption, JsonOption, TenantOption, opened_database, print_json, settings_of
from momus.screen import progress_bar
from schemas.settings import table

Split = Literal["train", "validation", "test"]


def inspect(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="OTLP export requests: protobuf or JSON, gzipped or not.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a conversation.")] = False,
) -> None:
    """Read OTLP bodies from files and print the conversations that ingest would make of them.

    The tool for "why is my trace not flattened?": spans that no dialect recognised are named.
    """
    from momus.inspect import inspect as read_files
    from momus.inspect import to_json
    from momus.pages.inspection import show_inspection

    inspection = read_files(files)
    if json:
        for conversation in inspection.conversations:
            print_json(to_json(conversation))
    else:
        show_inspection(inspection)


def reflatten(
    database: DatabaseOption = None,
    traces_from: Annotated[
        str,
        typer.Option(
            metavar="TABLE",
            help="Spans in the layout of the Collector's ClickHouse exporter; `table` or `database.table`.",
        ),
    ] = "otel_traces",
    logs_from: Annotated[str, typer.Option(metavar="TABLE", help="Log records in the same layout.")] = "otel_logs",
    json: JsonOption = False,
) -> None:
    """Rebuild everything that dialects read, from the stored spans and log records.

    For after an upgrade that reads a dialect better, or over tables that a stock OpenTelemetry Collector filled. Stop what
    writes to the database first, `momus serve` with the embedded engine too: the spool keeps what was received.
    """
    from momus.pages.rebuild import show_rebuild
    from momus.reflatten import reflatten as rebuild
    from schemas import database as store
    from schemas.migrate import migrate

    settings = settings_of(database)
    with (
        store.open(settings.database, memory_limit_bytes=settings.engine_memory_limit_bytes) as opened,
        progress_bar(enabled=not json) as progress,
    ):
        migrate(opened)
        done = rebuild(
            opened,
            traces=traces_from,
            logs=logs_from,
            on_progress=lambda count, total: progress("Reading", count, total),
        )
    print_json(done) if json else show_rebuild(done)


def evaluate(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="JSON lines: what a person says is wrong in each conversation.")
    ],
    clusters: Annotated[
        bool,
        typer.Option(
            "--clusters", help='Score clusters instead; lines are {"id": conversation or finding, "label": its group}.'
        ),
    ] = False,
    database: DatabaseOption = None,
    split: Annotated[
        Split | None,
        typer.Option(help="Score only this part of each source; near-duplicates stay together.", show_default="all"),
    ] = None,
    prompt: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="A prompt of your own, looked through for examples that are labelled."),
    ] = [],  # noqa: B006  # typer copies it
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Measure what the last analysis found against labels: precision, recall, false issues, with intervals.

    One JSON object a line, of conversations that were analysed:

    {"conversation_id": "chat-17", "families": ["missing_capability"], "codes": ["tool_absent"], "evidence": 4}

    families: of missing_capability, missing_inventory, technical_error, agent_mistake; [] or ["none"] where nothing failed;
    ["insufficient_evidence"] where nobody can tell. May be left out: codes; evidence, the index of the message that shows
    it; source; group, for versions of one conversation; known, the families that were looked for. A line that cannot be
    read is told and left out. Nothing is scored whose words stand as an example in a prompt.
    """
    from momus.evaluation import run_evaluation, to_json
    from momus.pages.evaluation import show_evaluation

    if clusters:
        from momus.cluster_evaluation import cluster_json, run_cluster_evaluation, show_cluster_evaluation

        with opened_database(settings_of(database)) as opened:
            agreed = run_cluster_evaluation(opened, labels, tenant=tenant)
        print_json(cluster_json(agreed)) if json else show_cluster_evaluation(agreed)
        return
    with opened_database(settings_of(database)) as opened:
        found = run_evaluation(opened, labels, only=split, prompt_files=prompt, tenant=tenant)
    print_json(to_json(found)) if json else show_evaluation(found)


def delete(
    conversation: Annotated[str, typer.Option(metavar="ID", help="A conversation, with all its traces.")] = "",
    trace: Annotated[
        str, typer.Option(metavar="ID", help="One trace; its conversation is made anew of the others.")
    ] = "",
    user: Annotated[str, typer.Option(metavar="ID", help="A user, with all conversations and their traces.")] = "",
    database: DatabaseOption = None,
    tenant: TenantOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Delete a conversation, a trace or a user from every table, for good."""
    from momus.delete_command import run_deletion

    chosen = settings_of(database)
    with opened_database(chosen) as opened:
        run_deletion(
            opened,
            chosen,
            conversation_id=conversation,
            trace_id=trace,
            user_id=user,
            tenant=tenant,
            is_dry_run=dry_run,
            is_sure=yes,
            as_json=json,
        )


def settings(json: JsonOption = False) -> None:
    """List every setting with its environment variable, its default or what the environment says, and its meaning."""
    from momus.pages.settings import show_settings

    lines = table(os.environ)
    print_json([line._asdict() for line in lines]) if json else show_settings(lines)


def prompts(
    name: Annotated[str, typer.Argument(metavar="[PROMPT]", help="Show this one whole.")] = "",
    json: JsonOption = False,
) -> None:
    """Show what the model is asked, with the content hash that is stored with every answer."""
    from momus.pages.prompts import show_prompt, show_prompts
    from momus.prompts import list_prompts

    found = list_prompts(settings_of(None), name)
    if json:
        print_json([{"name": prompt.name, "hash": prompt.hash, "text": prompt.text} for prompt in found])
    elif name:
        show_prompt(found[0])
    else:
        show_prompts(found)
