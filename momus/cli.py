"""The command line. Each command reads the settings, opens what it needs, calls one function, and shows what came back."""

import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from momus.facet_commands import demand, facets, prompts
from momus.options import (
    DatabaseOption,
    InsecureOption,
    JsonOption,
    TenantOption,
    opened_database,
    print_json,
    settings_of,
)
from momus.screen import console, error_console
from momus.triage_commands import triage_app
from schemas import settings as settings_module
from schemas.clusters import Kind
from schemas.errors import MomusError
from schemas.families import Family

RUN, LOOK, DIG = "Run", "Look", "Dig"
Split = Literal["train", "validation", "test"]


class _Group(TyperGroup):
    """Shows every error that momus raises on purpose as one sentence."""

    def invoke(self, ctx: Any) -> Any:  # click's own types
        try:
            return super().invoke(ctx)
        except MomusError as error:
            error_console.print(f"[bold red]momus:[/] {_plain(str(error))}", highlight=False)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="[bold]Finds the faults of LLM agents that run in production.[/]\n\n"
    "Point an agent's OTLP exporter at [bold]momus serve[/], then read [bold]momus issues[/]: what people asked for that "
    "the agent has no tool for, no data for, or broke on, ranked by whom it hurts, each with quotes and trace ids.",
    epilog="Try it now: [bold]momus demo[/]  ·  All settings: [bold]momus settings[/]",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"momus {version('momus')}", highlight=False)
        raise typer.Exit


@app.callback()
def momus(
    version_asked: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


# --- run --------------------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=RUN)
def serve(database: DatabaseOption = None, insecure: InsecureOption = False) -> None:
    """Receive, store, answer SQL and analyse: everything, in one process.

    OTLP arrives on 4317 (gRPC) and 4318 (HTTP). With the embedded engine, port 8123 speaks ClickHouse's HTTP interface,
    so that other terminals, notebooks and Grafana connect as to a server. All of it on loopback, and beyond it only with keys.
    """
    from momus.running import run_until_stopped

    run_until_stopped(settings_of(database, insecure=insecure), analyses=True)


@app.command(rich_help_panel=RUN)
def collect(database: DatabaseOption = None, insecure: InsecureOption = False) -> None:
    """Only receive and store: one of any number of collectors in front of a ClickHouse server."""
    from momus.running import run_until_stopped

    run_until_stopped(settings_of(database, insecure=insecure), analyses=False)


@app.command(rich_help_panel=RUN)
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


@app.command(rich_help_panel=RUN)
def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the demo's data is kept for a look afterwards; made anew each time.")
    ] = Path("demo-data"),
) -> None:
    """See it work: a scripted agent is traced, analysed, and its faults are listed. Needs no key and no setup."""
    from momus.demo.run import run_demo

    run_demo(folder)


# --- look -------------------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=LOOK)
def issues(
    database: DatabaseOption = None,
    family: Annotated[Family | None, typer.Option(help="Only this family.", show_default=False)] = None,
    service: Annotated[str, typer.Option(help="Only this service.name.")] = "",
    tenant: TenantOption = None,
    all: Annotated[
        bool, typer.Option("--all", help="Also what is resolved, and correct refusals, which have no rank.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Issues to list at most.")] = 25,
    json: JsonOption = False,
) -> None:
    """List what should be fixed first."""
    from momus.look import list_issues
    from momus.screen import show_issues

    with opened_database(settings_of(database)) as opened:
        found = list_issues(opened, family=family or "", service=service, all=all, limit=limit, tenant=tenant)
    print_json(found.issues) if json else show_issues(found, is_filtered=bool(family or service))


@app.command(rich_help_panel=LOOK)
def show(
    name: Annotated[
        str, typer.Argument(metavar="ISSUE|CONVERSATION|TRACE", help="An id, the beginning of one, or an issue's rank.")
    ],
    database: DatabaseOption = None,
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Quotes of an issue to show.")] = 10,
    json: JsonOption = False,
) -> None:
    """Show an issue with its evidence, a conversation with its failures, or a trace with its spans."""
    from momus.look import look_up
    from momus.screen import show_found

    with opened_database(settings_of(database)) as opened:
        found = look_up(opened, name, limit=limit, tenant=tenant)
    print_json(found.as_json()) if json else show_found(found)


app.command(rich_help_panel=LOOK)(facets)
app.command(rich_help_panel=LOOK)(demand)
app.command(rich_help_panel=DIG)(prompts)


@app.command(rich_help_panel=LOOK)
def clusters(
    kind: Annotated[
        Kind, typer.Argument(help="intents: what people want, served or not; findings: failures that mean the same.")
    ] = "intents",
    database: DatabaseOption = None,
    service: Annotated[str, typer.Option(help="Only this service.name.")] = "",
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """List what people want, or which failures are alike, and how sure each group is."""
    from momus.groups import list_groups
    from momus.show_groups import show_groups

    with opened_database(settings_of(database)) as opened:
        found = list_groups(opened, kind, service=service, tenant=tenant)
    print_json({"groups": found.groups, "not_yet_a_pattern": found.loose}) if json else show_groups(found)


@app.command(rich_help_panel=LOOK)
def history(
    cluster: Annotated[str, typer.Argument(metavar="[ISSUE]", help="An issue's or group's id; all by default.")] = "",
    database: DatabaseOption = None,
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Events to list at most.")] = 40,
    json: JsonOption = False,
) -> None:
    """Tell what became of issues and groups: born, grew, split, merged, renamed, died."""
    from momus.groups import list_history
    from momus.show_groups import show_history

    with opened_database(settings_of(database)) as opened:
        rows = list_history(opened, cluster, tenant=tenant, limit=limit)
    print_json(rows) if json else show_history(rows)


app.add_typer(triage_app, name="triage", rich_help_panel=LOOK)


@app.command(rich_help_panel=LOOK)
def sql(
    query: Annotated[str, typer.Argument(help="A SELECT; - reads it from standard input.")],
    database: DatabaseOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows to return at most.")] = 1000,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Seconds the query may take.")] = 30.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
) -> None:
    """Ask the database: tables and views are listed by SHOW TABLES. It can only read."""
    from momus.screen import show_answer

    text = sys.stdin.read() if query == "-" else query
    with opened_database(settings_of(database)) as opened:
        answer = opened.ask(text, row_limit=limit, timeout_s=timeout_s)
    if json:
        for row in answer.rows:
            print_json(dict(zip(answer.columns, row, strict=True)))
    else:
        show_answer(answer)


@app.command(rich_help_panel=LOOK)
def doctor(
    database: DatabaseOption = None,
    hours: Annotated[
        float, typer.Option(min=0.01, help="How far back to look for spans that are not recognised.")
    ] = 24.0,
    json: JsonOption = False,
) -> None:
    """Tell what is listening, what is stored, and what is not being recognised and why."""
    from momus.doctor import examine
    from momus.screen import show_health

    health = examine(settings_of(database), now_ns=time.time_ns(), hours=hours)
    print_json(health) if json else show_health(health)
    if health.faults:
        raise typer.Exit(1)


# --- dig --------------------------------------------------------------------------------------------------------------


@app.command(rich_help_panel=DIG)
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
    from momus.screen import show_inspection

    inspection = read_files(files)
    if json:
        for conversation in inspection.conversations:
            print_json(to_json(conversation))
    else:
        show_inspection(inspection)


@app.command(rich_help_panel=DIG)
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

    For after an upgrade that reads a dialect better, or over tables that a stock OpenTelemetry Collector filled. Stop the
    collectors first: their spool keeps what arrives.
    """
    from momus.reflatten import reflatten as rebuild
    from momus.screen import progress_bar, show_rebuild
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


@app.command(rich_help_panel=DIG)
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
    from momus.evaluation import run_evaluation, show_evaluation, to_json

    if clusters:
        from momus.cluster_evaluation import cluster_json, run_cluster_evaluation, show_cluster_evaluation

        with opened_database(settings_of(database)) as opened:
            agreed = run_cluster_evaluation(opened, labels, tenant=tenant)
        print_json(cluster_json(agreed)) if json else show_cluster_evaluation(agreed)
        return
    with opened_database(settings_of(database)) as opened:
        found = run_evaluation(opened, labels, only=split, prompt_files=prompt, tenant=tenant)
    print_json(to_json(found)) if json else show_evaluation(found)


@app.command(rich_help_panel=DIG)
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


@app.command(rich_help_panel=DIG)
def settings(json: JsonOption = False) -> None:
    """List every setting with its environment variable, default and meaning."""
    from momus.screen import show_settings

    table = settings_module.table()
    print_json([line._asdict() for line in table]) if json else show_settings(table)


def _plain(text: str) -> str:
    """Text of unknown origin, shown as it is: brackets are no markup."""
    return text.replace("[", r"\[")


def main() -> None:
    """Run the command that the process was started with."""
    console.soft_wrap = False
    app()
