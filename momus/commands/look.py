"""Commands that show what was found and what is stored."""

import sys
import time
from typing import Annotated

import typer

from momus.options import (
    DatabaseOption,
    JsonOption,
    ServiceOption,
    TenantOption,
    command_line,
    opened_database,
    print_json,
    settings_of,
)
from schemas.clusters import Kind
from schemas.errors import BadQuery
from schemas.families import FAMILIES, family_of
from schemas.statement import output_format


def issues(
    database: DatabaseOption = None,
    family: Annotated[
        str,
        typer.Option(help=f"Only this one: {', '.join(FAMILIES)}; blanks or a beginning will do.", show_default=False),
    ] = "",
    service: ServiceOption = "",
    tenant: TenantOption = None,
    all: Annotated[
        bool, typer.Option("--all", help="Also what is resolved or ignored, and correct refusals, which have no rank.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Issues to list at most.")] = 25,
    json: JsonOption = False,
) -> None:
    """List what should be fixed first."""
    from momus.look import list_issues
    from momus.pages.issues import show_issues

    with opened_database(settings_of(database)) as opened:
        found = list_issues(
            opened, family=family_of(family) if family else "", service=service, all=all, limit=limit, tenant=tenant
        )
    if json:
        print_json(found.issues)
    else:
        show_issues(found, is_filtered=bool(family or service), show=command_line("show", database))


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ISSUE|CONVERSATION|TRACE",
            help="An id, the beginning of one, an issue's rank, or a span's id for its trace.",
        ),
    ],
    database: DatabaseOption = None,
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Quotes of an issue to show.")] = 10,
    json: JsonOption = False,
) -> None:
    """Show an issue with its evidence, a conversation with its failures, or a trace with its spans."""
    from momus.look import look_up
    from momus.pages.found import show_found

    with opened_database(settings_of(database)) as opened:
        found = look_up(opened, name, limit=limit, tenant=tenant)
    print_json(found.as_json()) if json else show_found(found)


def facets(
    name: Annotated[str, typer.Argument(metavar="[FACET]", help="Only this one, with more of its answers.")] = "",
    database: DatabaseOption = None,
    service: ServiceOption = "",
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what conversations answer to each facet: counts, costs, and a team's own questions.

    Questions of one's own are asked by the model of every conversation. Put them into a file that MOMUS_FACETS_FILE names:

    \b
        \\[\\[facet]]
        name = "upgrade_offered"
        question = "Did the agent offer an upgrade?"
        type = "bool"  # number, text, or choice with choices = ["a", "b"]
    """
    from momus.facets import list_facets
    from momus.pages.facets import show_facets
    from momus.reading_setup import reading_setup

    settings = settings_of(database)
    reading_setup(settings)  # a mistake in the team's file is told here, too
    with opened_database(settings) as opened:
        found = list_facets(opened, name=name, service=service, tenant=tenant, limit=20 if name else 3)
    print_json(found) if json else show_facets(found)


def demand(
    database: DatabaseOption = None,
    service: ServiceOption = "",
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Wishes to list at most.")] = 25,
    json: JsonOption = False,
) -> None:
    """List the data that users ask for and that is not there, by how many ask."""
    from momus.facets import list_demand
    from momus.pages.facets import show_demand

    with opened_database(settings_of(database)) as opened:
        found = list_demand(opened, service=service, tenant=tenant, limit=limit)
    print_json(found) if json else show_demand(found)


def clusters(
    kind: Annotated[
        Kind, typer.Argument(help="intents: what people want, served or not; findings: failures that mean the same.")
    ] = "intents",
    database: DatabaseOption = None,
    service: ServiceOption = "",
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """List what people want, or which failures are alike, and how sure each group is."""
    from momus.groups import list_groups
    from momus.show_groups import show_groups

    with opened_database(settings_of(database)) as opened:
        found = list_groups(opened, kind, service=service, tenant=tenant)
    print_json({"groups": found.groups, "not_yet_a_pattern": found.loose}) if json else show_groups(found)


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


def sql(
    query: Annotated[str, typer.Argument(help="A SELECT; - reads it from standard input.")],
    database: DatabaseOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows to return at most.")] = 1000,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Seconds the query may take.")] = 30.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a row.")] = False,
) -> None:
    """Ask the database: tables and views are listed by SHOW TABLES. It can only read."""
    from momus.pages.answer import show_answer

    text = sys.stdin.read() if query == "-" else query
    if output_format(text.encode()):
        raise BadQuery("The answer is printed as a table; leave FORMAT out, and ask with --json for an object a row.")
    with opened_database(settings_of(database)) as opened:
        answer = opened.ask(text, row_limit=limit, timeout_s=timeout_s)
    if json:
        for row in answer.rows:
            print_json(dict(zip(answer.columns, row, strict=True)))
    else:
        show_answer(answer)


def doctor(
    database: DatabaseOption = None,
    hours: Annotated[
        float, typer.Option(min=0.01, help="How far back to look for spans that are not recognised.")
    ] = 24.0,
    json: JsonOption = False,
) -> None:
    """Tell what is listening, what is stored, and what is not being recognised and why."""
    from momus.doctor import examine
    from momus.pages.health import show_health

    health = examine(settings_of(database), now_ns=time.time_ns(), hours=hours)
    print_json(health) if json else show_health(health)
    if health.faults:
        raise typer.Exit(1)
