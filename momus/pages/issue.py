"""One issue: what it is, how much it hurts, and the quotes that show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from momus.screen import FAMILY_STYLES, console, fact_table, one_line, percents, safe

if TYPE_CHECKING:
    from momus.look import FoundIssue
    from schemas.database import Row


def show_issue(found: FoundIssue) -> None:
    """Print an issue with its evidence."""
    issue = found.issue
    console.print(Text(one_line(issue["title"]), "bold"))
    console.print(
        Text.assemble(
            (f"{issue['family'].replace('_', ' ')} · {issue['code']}", FAMILY_STYLES.get(issue["family"], "")),
            f" · {issue['status']} · rank {issue['rank'] or '–'} · {issue['issue_id']}",
        )
    )
    console.print(fact_table(_facts(issue)))
    if found.tool_draft:
        console.print(Rule("the tool that is missing, drafted from what users supplied", style="dim", align="left"))
        console.print(Text(safe(json.dumps(found.tool_draft, indent=2, ensure_ascii=False))))
    console.print(
        Rule(
            f"evidence: {len(found.evidence)} of {issue['conversation_count']} conversations", style="dim", align="left"
        )
    )
    for row in found.evidence:
        console.print(Text.assemble("“", (safe(row["quote"], 400), "italic"), "”"))
        console.print(Padding(_about_evidence(row), (0, 0, 1, 2)))


def _facts(issue: Row) -> Iterator[tuple[str, str]]:
    share = percents(issue["share"], issue["share_low"], issue["share_high"])
    yield "hurts", f"{share} of {issue['eligible_count']} {issue['share_of']} (95 % interval)"
    yield (
        "seen",
        f"{issue['conversation_count']} conversations, {issue['user_count']} users, {issue['finding_count']} findings, "
        f"{issue['recovered_count']} recovered",
    )
    yield "since", f"{_minute(issue['first_seen_at'])} to {_minute(issue['last_seen_at'])} UTC"
    yield (
        "score",
        f"{issue['score']:.3f} = share's lower bound {issue['share_low']:.3f} × severity {issue['severity']:g} × "
        f"certainty {issue['certainty']:g}",
    )
    yield "grouped", _how_grouped(issue)
    yield "by", "detectors, without a model" if issue["method"] == "detectors" else safe(issue["model"])
    yield "service", safe(issue["service_name"])
    yield "tenant", safe(issue["tenant"])


def _how_grouped(issue: Row) -> str:
    """Why these findings are one issue, and whether they would be again."""
    if issue["grouped_by"] != "cluster":
        return "by what the machine reported: always the same"
    found = f"{issue['stability']:.2f} ({issue['stability_low']:.2f}–{issue['stability_high']:.2f})"
    return f"by meaning, {issue['badge'] or 'tentative'}: {found} of it is found again in parts of the data"


def _about_evidence(row: Row) -> Text:
    """What the user had asked, what is claimed, and where to find it."""
    asked = one_line(row["request"], 160)
    flags = [("recovered", row["is_recovered"]), ("a consequence of an earlier failure", not row["is_root"])]
    claim = " · ".join(
        [safe(row["statement"]), f"confidence {row['confidence']}", *(word for word, holds in flags if holds)]
    )
    place = (
        f"conversation {safe(row['conversation_id'])} · turn {row['turn']} · "
        f"trace {row['trace_id']} · span {row['span_id']}"
    )
    said = f"asked: {asked}\n" if asked and asked not in row["quote"] else ""
    return Text.assemble(said, (f"{claim}\n", "dim"), (place, "dim"))


def _minute(time_text: str) -> str:
    return str(time_text)[:16]
