"""`momus triage`: what people decide about issues."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from momus.options import DatabaseOption, JsonOption, TenantOption, opened_database, print_json, settings_of
from momus.screen import console

if TYPE_CHECKING:  # imported where it is used: the driver takes half a second
    from momus.triage import Decided, Decision

IssueArgument = Annotated[str, typer.Argument(metavar="ISSUE", help="An id, the beginning of one, or a rank.")]
NoteOption = Annotated[str, typer.Option(help="Why, for whoever asks later.")]

triage_app = typer.Typer(
    no_args_is_help=True,
    help="Resolve, ignore, merge, split, rename and pin issues; it holds however often everything is grouped anew.",
    epilog="Status and title hold at once; merges, splits and pins from the next analysis on: now with "
    "[bold]momus analyze[/], else when it is due.",
)


@triage_app.command()
def resolve(
    issue: IssueArgument, note: NoteOption = "", database: DatabaseOption = None, tenant: TenantOption = None
) -> None:
    """Say that an issue is fixed. Seen again after now, it comes back as regressed."""
    _decide(issue, "resolved", note, database, tenant)


@triage_app.command()
def ignore(
    issue: IssueArgument, note: NoteOption = "", database: DatabaseOption = None, tenant: TenantOption = None
) -> None:
    """Keep an issue out of the inbox for good; it is still counted."""
    _decide(issue, "ignored", note, database, tenant)


@triage_app.command()
def reopen(
    issue: IssueArgument, note: NoteOption = "", database: DatabaseOption = None, tenant: TenantOption = None
) -> None:
    """Take back that an issue is resolved or ignored."""
    _decide(issue, "open", note, database, tenant)


@triage_app.command()
def merge(
    issue: IssueArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The issue that it is the same as.")],
    database: DatabaseOption = None,
    tenant: TenantOption = None,
) -> None:
    """Count one issue under another: they mean the same. Its id leads there from then on."""
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        one, other = triage.find_issue(opened, issue, tenant), triage.find_issue(opened, into, tenant)
        _say(triage.merge(opened, one, other, now_ns=time.time_ns()))


@triage_app.command()
def split(
    issue: IssueArgument,
    conversations: Annotated[
        list[str], typer.Argument(metavar="CONVERSATION...", help="Those that mean something else.")
    ],
    name: Annotated[str, typer.Option(help="A title for the new issue.")] = "",
    database: DatabaseOption = None,
    tenant: TenantOption = None,
) -> None:
    """Give some conversations of an issue an issue of their own; new ones join whichever they are nearer to."""
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        found = triage.find_issue(opened, issue, tenant)
        _say(triage.split(opened, found, conversations, name, now_ns=time.time_ns()))


@triage_app.command()
def rename(
    issue: IssueArgument,
    name: Annotated[str, typer.Argument(metavar="TITLE", help="What it is called from now on.")],
    database: DatabaseOption = None,
    tenant: TenantOption = None,
) -> None:
    """Give an issue a title of your own, which no later run changes."""
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        _say(triage.rename(opened, triage.find_issue(opened, issue, tenant), name, now_ns=time.time_ns()))


@triage_app.command()
def pin(issue: IssueArgument, database: DatabaseOption = None, tenant: TenantOption = None) -> None:
    """Keep an issue in sight, however few it hurts."""
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        _say(triage.pin(opened, triage.find_issue(opened, issue, tenant), now_ns=time.time_ns()))


@triage_app.command()
def undo(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="The id that was printed when it was made.")],
    database: DatabaseOption = None,
    tenant: TenantOption = None,
) -> None:
    """Take back a merge, split, rename or pin."""
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        _say(triage.undo(opened, decision, tenant=tenant, now_ns=time.time_ns()))


@triage_app.command(name="list")
def list_decisions(database: DatabaseOption = None, tenant: TenantOption = None, json: JsonOption = False) -> None:
    """List the decisions in effect."""
    from momus import triage
    from momus.pages.issues import show_decisions

    with opened_database(settings_of(database)) as opened:
        rows = triage.decisions(opened, tenant=tenant)
    print_json(rows) if json else show_decisions(rows)


def _decide(issue: str, decision: Decision, note: str, database: str | None, tenant: str | None) -> None:
    from momus import triage

    with opened_database(settings_of(database)) as opened:
        found = triage.find_issue(opened, issue, tenant)
        _say(triage.decide(opened, found, decision, note=note, now_ns=time.time_ns()))


def _say(decided: Decided) -> None:
    from momus.screen import one_line

    undo = f" Take back: momus triage {decided.undo}" if decided.undo else ""
    console.print(f"{one_line(decided.said)}.{undo}", markup=False, highlight=False, soft_wrap=True)
