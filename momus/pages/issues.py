"""The inbox: issues by rank, whom each hurts, and how sure that is; and what people decided about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import FAMILY_STYLES, console, listing, one_line, percents, safe

if TYPE_CHECKING:  # each command loads only what it runs: the driver alone takes half a second to import
    from momus.look import IssueList
    from schemas.database import Row


def show_issues(found: IssueList, *, is_filtered: bool = False, show: str = "momus show") -> None:
    """Print the inbox, or why it is empty; `show` is the command that shows one of it."""
    if not found.issues:
        console.print(_why_empty(found, is_filtered))
        return
    several = len({issue["service_name"] for issue in found.issues}) > 1
    table = listing()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("issue", overflow="fold", min_width=34)
    table.add_column("hurts", no_wrap=True)
    table.add_column("seen", justify="right", no_wrap=True)
    for issue in found.issues:
        hurts = Text(f"{percents(issue['share'], issue['share_low'], issue['share_high'])}\n")
        hurts.append(f"of {issue['eligible_count']} {issue['share_of']}", "dim")
        table.add_row(
            str(issue["rank"] or "–"), _title(issue, several=several), hurts, f"{issue['conversation_count']}×"
        )
    console.print(table)
    console.print(_note(found, show))


def show_decisions(rows: Iterable[Row]) -> None:
    """Print what people decided about issues."""
    table = listing("decision", "what", "issue", "", "by")
    for row in rows:
        about = one_line(row["name"] or row["note"], 80) or " ".join(
            ["into", row["target_id"]] * bool(row["target_id"])
        )
        issue = Text.assemble(one_line(row["title"], 60), (f" {row['issue_id']}", "dim"))
        told = (row["edit_id"], row["decision"], issue, about, one_line(row["decided_by"], 24))
        table.add_row(*(part if isinstance(part, Text) else Text(part) for part in told))
    if not table.rows:
        console.print("Nobody resolved, ignored, merged, split, renamed or pinned an issue.")
        return
    console.print(table)
    console.print("[dim]Take back: momus triage reopen ISSUE for resolve and ignore, undo DECISION for the others.[/]")


def found_by(issue: Row) -> str:
    """Return who found the findings of an issue: detectors, a model by its name, or both."""
    model = safe(issue["model"], 40)
    return {"detectors": "detectors", "model": model, "both": f"detectors and {model}"}[issue["method"]]


def _title(issue: Row, *, several: bool) -> Text:
    """The title, and below it family, how sure the group is, who found it, whose it is, and the id."""
    title = Text(one_line(issue["title"], 100))
    if issue["status"] not in ("new", "ongoing"):
        title.append(f"  {issue['status']}", "bold")
    title.append(f"\n{issue['family'].replace('_', ' ')}", FAMILY_STYLES.get(issue["family"], ""))
    if issue["grouped_by"] == "cluster":
        title.append(f" · {issue['badge'] or 'tentative'}", "dim")
    title.append(f" · by {found_by(issue)}", "dim")
    owner = [issue["tenant"], *[issue["service_name"]] * several]
    title.append("".join(f" · {safe(part, 24)}" for part in [*owner, issue["issue_id"]] if part), "dim")
    return title


def _why_empty(found: IssueList, is_filtered: bool) -> str:
    if not found.span_count:
        return (
            "No issues: nothing was received yet. Point an agent at [bold]momus serve[/], or try [bold]momus demo[/]."
        )
    if not found.last_run:
        return "No issues yet: what was received has not been analysed. Run [bold]momus analyze[/]."
    if is_filtered:
        return "No issue of that family and service. [bold]momus issues[/] lists those of all."
    if found.new_span_count:
        return f"No issues yet. {_arrived(found)}"
    return (
        f"No issues. The last run looked at {found.last_run['conversation_count']} conversations; "
        "[bold]momus doctor[/] tells what was not recognised."
    )


def _arrived(found: IssueList) -> str:
    """What the list does not know of yet; empty where it knows all."""
    if not found.new_span_count:
        return ""
    return (
        f"{found.new_span_count:,} spans arrived since the last run: momus serve looks at them by itself, momus analyze "
        "at once."
    )


def _note(found: IssueList, show: str) -> Text:
    """What to know of the list, and how to see its first issue."""
    groups = "Tentative groups may change with more data." if _is_tentative(found.issues) else ""
    notes = ["Intervals are 95 %.", groups, _method_note(found.issues), _arrived(found)]
    # each tenant has ranks of its own, an id is one issue's alone
    is_shared = len({issue["tenant"] for issue in found.issues}) > 1
    first = found.issues[0]["issue_id"] if is_shared else found.issues[0]["rank"] or found.issues[0]["issue_id"]
    return Text.assemble(
        (" ".join(note for note in notes if note) + " ", "dim"),
        (f"{show} {first}", "bold"),
        (" shows the first with its quotes.", "dim"),
    )


def _method_note(issues: Iterable[Row]) -> str:
    """Who found how many of the listed issues; nothing where a model alone did."""
    counts = Counter(found_by(issue) for issue in issues)
    if counts.keys() == {"detectors"}:
        return "Found without a model, by detectors alone: causes may be named wrongly."
    if "detectors" not in counts:
        return ""
    told = ", ".join(f"{count} by {who}" for who, count in counts.most_common())
    return f"Found: {told}; those by detectors alone may name a wrong cause."


def _is_tentative(issues: Iterable[Row]) -> bool:
    return any(issue["grouped_by"] == "cluster" and issue["badge"] != "stable" for issue in issues)
