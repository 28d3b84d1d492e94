"""One issue: what it is, how much it hurts, and the quotes that show it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from momus.pages.issues import found_by
from momus.screen import FAMILY_STYLES, console, fact_table, one_line, percents, safe

if TYPE_CHECKING:
    from momus.look import FoundIssue
    from schemas.database import Row

# what two pieces of evidence have in common that read the same
_READ = ("quote", "asked", "called", "arguments", "call_count", "statement", "confidence", "is_root", "is_recovered", "method", "model")  # fmt: skip


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
    for rows in _alike(found.evidence):
        console.print(_evidence(rows))
        console.print()


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
    yield "by", "detectors, without a model" if issue["method"] == "detectors" else found_by(issue)
    yield "service", safe(issue["service_name"])
    yield "tenant", safe(issue["tenant"])


def _how_grouped(issue: Row) -> str:
    """Why these findings are one issue, and whether they would be again."""
    if issue["grouped_by"] != "cluster":
        return "by what the machine reported: always the same"
    found = f"{issue['stability']:.2f} ({issue['stability_low']:.2f}–{issue['stability_high']:.2f})"
    return f"by meaning, {issue['badge'] or 'tentative'}: {found} of it is found again in parts of the data"


def _alike(evidence: Iterable[Row]) -> list[list[Row]]:
    """Evidence that reads the same, together: its places are listed below one quote."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in evidence:
        groups[tuple(row[name] for name in _READ)].append(row)
    return list(groups.values())


def _evidence(rows: Sequence[Row]) -> Table:
    """What the user had asked, what was called, the quote, what is claimed, and where to find it."""
    row = rows[0]
    asked, times = safe(row["asked"], 300), f"  {len(rows)}× the same" if len(rows) > 1 else ""
    called = f"{safe(row['called'])}({safe(row['arguments'], 300)})"
    flags = [("recovered", row["is_recovered"]), ("a consequence of an earlier failure", not row["is_root"])]
    claim = [safe(row["statement"]), f"confidence {row['confidence']}", *(word for word, holds in flags if holds)]
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if asked and row["asked"].strip() not in row["quote"]:
        table.add_row("asked", Text(asked))
    if row["called"]:
        table.add_row("called", Text(called + (f"  {row['call_count']} times" if row["call_count"] > 1 else "")))
    table.add_row("quote", Text.assemble("“", (safe(row["quote"], 400), "italic"), "”", (times, "dim")))
    table.add_row(
        f"by {'detectors' if row['method'] == 'detectors' else safe(row['model'], 24)}", Text(" · ".join(claim), "dim")
    )
    table.add_row("where", Text("\n".join(_place(row) for row in rows), "dim"))
    return table


def _place(row: Row) -> str:
    where = f"conversation {safe(row['conversation_id'])} · turn {row['turn']}"
    return f"{where} · trace {row['trace_id']} · span {row['span_id']}"


def _minute(time_text: str) -> str:
    return str(time_text)[:16]
