"""What a person sees in the terminal. All text from traces is shown as it is: it is never markup, never a control code."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from collector_plugin.reading.payload import parse
from momus.look import Found, FoundConversation, FoundIssue, FoundTrace, IssueList

if TYPE_CHECKING:  # each command loads only what it runs: clustering alone takes seconds to import
    from analyzer.run import RunReport
    from momus.doctor import Health
    from momus.inspect import Inspection
    from momus.reflatten import Reflattened
    from schemas.database import Answer, Row
    from schemas.records import Conversation, Span
    from schemas.settings import SettingLine

console = Console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else 120, highlight=False)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

FAMILY_STYLES = {
    "missing_capability": "magenta",
    "missing_inventory": "cyan",
    "technical_error": "red",
    "agent_mistake": "yellow",
    "user_or_policy": "dim",
}
OUTCOMES = {"served": "served", "partly": "partly served", "not": "not served", "unclear": "unclear whether served"}
ROLE_STYLES = {"user": "bold green", "assistant": "bold blue", "tool": "dim", "system": "dim italic"}
_COLUMN_CHARS = 14  # a column narrower than this is folded beyond reading
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def safe(text: object, limit: int = 0) -> str:
    """Return text of unknown origin without control codes and direction overrides, cut to `limit` characters with …"""
    shown = _CONTROL.sub("\ufffd", str(text))
    return shown if not limit or len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: object, limit: int = 0) -> str:
    """Return `safe` text on one line."""
    return safe(" ".join(str(text).split()), limit)


# --- issues -----------------------------------------------------------------------------------------------------------


def show_issues(found: IssueList, *, is_filtered: bool = False) -> None:
    """Print the inbox: rank, what, whom it hurts, how sure."""
    if not found.issues:
        console.print(_why_empty(found, is_filtered))
        return
    several = len({issue["service_name"] for issue in found.issues}) > 1
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("issue", overflow="fold", min_width=34)
    table.add_column("hurts", no_wrap=True)
    table.add_column("seen", justify="right", no_wrap=True)
    for issue in found.issues:
        title = Text(one_line(issue["title"], 100))
        if issue["status"] not in ("new", "ongoing"):
            title.append(f"  {issue['status']}", "bold")
        title.append(f"\n{issue['family'].replace('_', ' ')}", FAMILY_STYLES.get(issue["family"], ""))
        if issue["grouped_by"] == "cluster":
            title.append(f" · {issue['badge'] or 'tentative'}", "dim")
        owner = [issue["tenant"], *[issue["service_name"]] * several]
        title.append("".join(f" · {safe(part, 24)}" for part in [*owner, issue["issue_id"]] if part), "dim")
        low, high = _interval(issue)
        hurts = Text(f"{round(100 * issue['share'])}% ({low}–{high})\n")
        hurts.append(f"of {issue['eligible_count']} {issue['share_of']}", "dim")
        table.add_row(str(issue["rank"] or "–"), title, hurts, f"{issue['conversation_count']}×")
    console.print(table)
    console.print(_method_note(found))


def _interval(issue: Row) -> tuple[int, int]:
    return round(100 * issue["share_low"]), round(100 * issue["share_high"])


def share_of(issue: Row) -> str:
    """The share that an issue hurts, with its 95 % interval and what it is of."""
    low, high = _interval(issue)
    return f"{round(100 * issue['share'])}% ({low}–{high}) of {issue['eligible_count']} {issue['share_of']}"


def _why_empty(found: IssueList, is_filtered: bool) -> str:
    if not found.span_count:
        return (
            "No issues: nothing was received yet. Point an agent at [bold]momus serve[/], or try [bold]momus demo[/]."
        )
    if not found.last_run:
        return "No issues yet: what was received has not been analysed. Run [bold]momus analyze[/]."
    if is_filtered:
        return "No issue of that family and service. [bold]momus issues[/] lists those of all."
    return f"No issues among {found.last_run['conversation_count']} conversations looked at in the last run. [bold]momus doctor[/] tells what was not recognised."


def _method_note(found: IssueList) -> Text:
    methods = {str(issue["method"]) for issue in found.issues}
    how = "Found without a model, by detectors alone: causes may be named wrongly." if methods == {"detectors"} else ""
    groups = "Tentative groups may change with more data. " if _is_tentative(found.issues) else ""
    lines = f"Intervals are 95 %. {groups}{how}"
    # each tenant has ranks of its own, an id is one issue's alone
    is_shared = len({issue["tenant"] for issue in found.issues}) > 1
    first = found.issues[0]["issue_id"] if is_shared else found.issues[0]["rank"] or found.issues[0]["issue_id"]
    return Text.assemble(
        (f"{lines} ", "dim"), (f"momus show {first}", "bold"), (" shows the first with its quotes.", "dim")
    )


def show_decisions(rows: Iterable[Row]) -> None:
    """Print what people decided about issues."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("decision", "what", "issue", "", "by"):
        table.add_column(column, overflow="fold")
    for row in rows:
        rest = row["name"] or row["target_id"]
        table.add_row(
            row["edit_id"], row["action"], safe(row["issue_id"]), one_line(rest, 80), safe(row["decided_by"], 24)
        )
    console.print(table if table.rows else "Nobody merged, split, renamed or pinned an issue.")


def _is_tentative(issues: Iterable[Row]) -> bool:
    return any(issue["grouped_by"] == "cluster" and issue["badge"] != "stable" for issue in issues)


def show_found(found: Found) -> None:
    """Print an issue, a conversation or a trace."""
    match found:
        case FoundIssue():
            _show_issue(found)
        case FoundConversation():
            _show_conversation(found)
        case FoundTrace():
            _show_trace(found)
        case _:
            assert_never(found)


def _show_issue(found: FoundIssue) -> None:
    issue = found.issue
    console.print(Text(one_line(issue["title"]), "bold"))
    console.print(
        Text.assemble(
            (f"{issue['family'].replace('_', ' ')} · {issue['code']}", FAMILY_STYLES.get(issue["family"], "")),
            f" · {issue['status']} · rank {issue['rank'] or '–'} · {issue['issue_id']}",
        )
    )
    facts = [
        ("hurts", f"{share_of(issue)} (95 % interval)"),
        (
            "seen",
            f"{issue['conversation_count']} conversations, {issue['user_count']} users, {issue['finding_count']} findings, {issue['recovered_count']} recovered",
        ),
        ("since", f"{_minute(issue['first_seen_at'])} to {_minute(issue['last_seen_at'])} UTC"),
        (
            "score",
            f"{issue['score']:.3f} = share's lower bound {issue['share_low']:.3f} × severity {issue['severity']:g} × certainty {issue['certainty']:g}",
        ),
        ("grouped", _how_grouped(issue)),
        ("by", "detectors, without a model" if issue["method"] == "detectors" else safe(issue["model"])),
        ("service", safe(issue["service_name"])),
        ("tenant", safe(issue["tenant"])),
    ]
    console.print(_facts(facts))
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
    return Text.assemble(
        f"asked: {asked}\n" if asked and asked not in row["quote"] else "",
        (f"{claim}\n", "dim"),
        (
            f"conversation {safe(row['conversation_id'])} · turn {row['turn']} · trace {row['trace_id']} · span {row['span_id']}",
            "dim",
        ),
    )


def _show_conversation(found: FoundConversation) -> None:
    talk = found.conversation
    console.print(Text(one_line(talk["summary"] or talk["request"] or talk["conversation_id"]), "bold"))
    by = {"extractive": "extracted, without a model"}.get(talk["summary_by"], talk["summary_by"])
    flags = [
        text
        for key, text in (
            ("is_id_assigned", "no conversation id was sent: linked by momus"),
            ("is_content_missing", "no message content was sent"),
            ("is_truncated", "messages were cut by the sender"),
        )
        if talk[key]
    ]
    facts = [
        ("conversation", safe(talk["conversation_id"])),
        ("tenant", safe(talk["tenant"])),
        ("user", safe(talk["user_id"]) or "unknown"),
        ("outcome", f"{OUTCOMES.get(talk['outcome'], talk['outcome'])} · {talk['language']} · summary {by}"),
        (
            "agent",
            " · ".join(
                safe(part)
                for part in (talk["service_name"], talk["service_version"], ", ".join(talk["models"]))
                if part
            ),
        ),
        (
            "size",
            f"{talk['turn_count']} turns, {talk['llm_call_count']} model calls, {talk['tool_call_count']} tool calls, {talk['input_tokens']:,} + {talk['output_tokens']:,} tokens",
        ),
        ("note", "; ".join(flags)),
    ]
    console.print(_facts(facts))
    _show_findings(found.findings)
    console.print(Rule("transcript", style="dim", align="left"))
    for message in found.messages:
        calls = _calls_as_text(message["tool_calls"])
        console.print(_message(message["role"], message["content"], calls, message["turn"], message["is_delegation"]))
    for call in found.tool_calls:
        if call["message_index"] < 0 or call["status"] == "error":
            console.print(_tool_call(call))
    for row in found.feedback:
        console.print(_feedback(row))
    console.print(Text(f"traces {', '.join(talk['trace_ids'])}", "dim"))


def _calls_as_text(packed: str) -> str:
    """Tool calls as `name(arguments)`, out of the JSON that they are stored as."""
    calls = parse(packed) if packed else None
    return (
        ", ".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
        if isinstance(calls, list)
        else packed
    )


def _tool_call(call: Row) -> Text:
    """A call that failed, or that no message asked for: what the transcript does not tell by itself."""
    why = one_line(call["error_message"] or call["result"] or "", 300)
    style = "red" if call["status"] == "error" else "dim"
    return Text(
        f"[{call['turn']}] tool call {safe(call['name'])}({safe(call['arguments'], 200)}): {call['status']} {why}",
        style,
    )


def _feedback(row: Row) -> Text:
    said = [str(row["score"]) if row["score"] is not None else "", row["label"], row["comment"]]
    return Text(f"feedback {safe(row['name'])}: {' · '.join(one_line(part, 300) for part in said if part)}", "yellow")


def _show_findings(findings: Iterable[Row]) -> None:
    for row in findings:
        mark = "●" if row["is_root"] else "○"
        console.print(
            Text.assemble(
                (f"{mark} {row['family'].replace('_', ' ')} · {row['code']}", FAMILY_STYLES.get(row["family"], "")),
                f"  {safe(row['statement'])}  ",
                (f"turn {row['turn']} · {row['confidence']} · issue {row['issue_id'] or 'none yet'}", "dim"),
            )
        )


def _message(role: str, content: str, calls: str | Iterable[object], turn: int, is_delegation: bool) -> RenderableType:
    name = f"{role} (from another agent)" if is_delegation else role
    parts: list[RenderableType] = [Text(f"[{turn}] {name}", ROLE_STYLES.get(role, ""))]
    if content:
        parts.append(Padding(Text(safe(content, 1500)), (0, 0, 0, 4)))
    if calls and calls not in ("[]", ""):
        parts.append(Padding(Text(f"→ {safe(calls, 600)}", "yellow"), (0, 0, 0, 4)))
    return Group(*parts)


def _show_trace(found: FoundTrace) -> None:
    console.print(Text.assemble(("trace ", "bold"), (found.trace_id, "bold"), f"  {len(found.spans)} spans"))
    if found.tenant:
        console.print(Text(f"tenant {safe(found.tenant)}", "dim"))
    console.print(Text(f"conversation {safe(found.conversation_id) or 'none assembled yet: run momus analyze'}", "dim"))
    for root in _trees(found.spans):
        console.print(root)


def _trees(spans: Iterable[Span]) -> list[Tree]:
    """The spans as trees; one whose parent is missing is a root."""
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    trees = {span.span_id: Tree(_span_line(span)) for span in ordered}
    roots = []
    for span in ordered:
        parent = trees.get(span.parent_span_id)
        if parent and span.parent_span_id != span.span_id:
            parent.children.append(trees[span.span_id])
        else:
            roots.append(trees[span.span_id])
    return roots


def _span_line(span: Span) -> Text:
    failed = span.status_code == "Error"
    message = f"  {one_line(span.status_message, 120)}" if failed and span.status_message else ""
    return Text.assemble(
        (safe(span.name), "red" if failed else ""),
        (f"  {(span.end_ns - span.start_ns) / 1e6:,.1f} ms  {safe(span.scope_name)}  {span.span_id}", "dim"),
        (message, "red"),
    )


# --- runs and rebuilds ------------------------------------------------------------------------------------------------


def show_run(report: RunReport) -> None:
    """Print what a run of the analyzer did."""
    how = "without a model, by detectors alone" if report.method == "detectors" else f"with {safe(report.model)}"
    console.print(
        f"Analysed [bold]{report.analysed_count}[/] new or changed of {report.conversation_count} conversations, {how}; "
        f"{report.unchanged_count} unchanged. [bold]{report.issue_count}[/] issues, {report.finding_count} findings in the conversations analysed."
    )
    if report.waiting_count:
        console.print(f"{report.waiting_count} traces are still receiving spans and wait for the next run.")
    if report.gate.rejected:
        console.print(
            f"{report.gate.rejected} of {report.gate.seen} quotes were not verbatim in their span and were dropped with their findings."
        )
    if report.model_failures:
        console.print(
            f"[yellow]The model failed on {report.model_failures} conversations; their state says why, and the next run tries again.[/]"
        )
    console.print("Read them with [bold]momus issues[/].")


def show_rebuild(done: Reflattened) -> None:
    """Print what a rebuild read and wrote."""
    console.print(f"Read {done.span_count:,} spans and {done.log_count:,} log records anew: {done.row_count:,} rows.")
    if done.unreadable_count:
        console.print(f"[yellow]{done.unreadable_count:,} could not be read; they are kept as they came.[/]")
    console.print("The next [bold]momus analyze[/] looks at what changed.")


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function (stage, done, total) that shows where long work stands; silent when output is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=error_console, transient=True, disable=not (enabled and error_console.is_terminal)
    ) as progress:
        tasks: dict[str, object] = {}

        def advance(stage: str, done: int, total: int) -> None:
            name = stage.partition(" · ")[0]  # what follows tells how the stage goes
            if name not in tasks:
                tasks[name] = progress.add_task(stage, total=total)
            progress.update(tasks[name], description=stage, completed=done, total=total)  # type: ignore[arg-type]  # rich's TaskID is an int

        yield advance


# --- answers, inspections, health, settings ---------------------------------------------------------------------------


def show_answer(answer: Answer) -> None:
    """Print the rows that a person's SQL returned."""
    if len(answer.columns) * _COLUMN_CHARS > console.width:
        _show_records(answer)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in answer.columns:
        table.add_column(safe(name), overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(safe(value, 500)) for value in row))
    console.print(table)
    if answer.is_cut:
        console.print(f"[dim]The first {len(answer.rows):,} rows; --limit shows more.[/]")


def _show_records(answer: Answer) -> None:
    """Rows of many columns, each as lines of name and value: side by side nobody could read them."""
    for number, row in enumerate(answer.rows, 1):
        console.print(Rule(str(number), style="dim", align="left"))
        console.print(_facts((safe(name), safe(value, 500)) for name, value in zip(answer.columns, row, strict=True)))
    if answer.is_cut:
        console.print(f"[dim]The first {len(answer.rows):,} rows; --limit shows more.[/]")


def show_inspection(inspection: Inspection) -> None:
    """Print the conversations of OTLP bodies, then what was not recognised."""
    for conversation in inspection.conversations:
        _show_inspected(conversation)
    spoken = ", ".join(f"{name} {count}" for name, count in inspection.dialects.most_common()) or "none"
    console.print(
        Text(
            f"{inspection.span_count} spans, {inspection.log_count} log records, {len(inspection.conversations)} conversations. Dialects: {spoken}.",
            "dim",
        )
    )
    for (scope, name), count in inspection.unknown.most_common():
        console.print(
            Text.assemble(
                (f"not recognised: {count} × {safe(name)}", "yellow"),
                f"  scope {safe(scope) or '(none)'}; kept as a plain span",
            )
        )
    for (dialect, name), count in inspection.unread.most_common():
        console.print(
            Text.assemble(
                (f"without messages: {count} × {safe(name)}", "yellow"), f"  dialect {dialect}: is content capture on?"
            )
        )
    for note in inspection.notes:
        console.print(Text(safe(note), "yellow"))


def _show_inspected(talk: Conversation) -> None:
    console.print(Rule(Text(f"conversation {safe(talk.id)}"), align="left"))
    facts = [
        ("user", safe(talk.user_id) or "unknown"),
        (
            "agent",
            " · ".join(
                safe(part) for part in (talk.service_name, ", ".join(talk.agent_names), ", ".join(talk.models)) if part
            ),
        ),
        (
            "tools",
            "unknown: no payload says which were offered"
            if talk.tools_offered is None
            else ", ".join(safe(tool.name) for tool in talk.tools_offered),
        ),
        ("note", "no conversation id was sent: linked by repeated history" if talk.is_id_assigned else ""),
        (
            "dropped",
            f"{talk.dropped_attributes_count} attributes, by the sender's SDK" if talk.dropped_attributes_count else "",
        ),
    ]
    console.print(_facts(facts))
    for message in talk.messages:
        calls = ", ".join(f"{call.name}({call.arguments})" for call in message.body.tool_calls)
        console.print(_message(message.body.role, message.body.content, calls, message.turn, message.is_delegation))
    for call in talk.tool_calls:
        style = "red" if call.status == "error" else "dim"
        console.print(
            Text(
                f"tool call {safe(call.name)}({safe(call.arguments, 120)}): {call.status} {one_line(call.error_message or call.result or '', 160)}",
                style,
            )
        )
    for retrieval in talk.retrievals:
        console.print(
            Text(f"retrieval “{one_line(retrieval.query or '', 120)}”: {len(retrieval.documents)} documents", "dim")
        )
    for failure in talk.exceptions:
        console.print(
            Text(
                f"exception {safe(failure.type)}: {one_line(failure.message, 300)}  in {safe(failure.operation)}", "red"
            )
        )


def show_health(health: Health) -> None:
    """Print what listens, what is stored, and what to do."""
    console.print("[bold]Listening[/]")
    for listener in health.listeners:
        mark, style = ("✓", "green") if listener.is_answering else ("–", "dim")
        console.print(
            Text.assemble((f"  {mark} {listener.what:<10}", style), f"{listener.address}  ", (listener.hint, "dim"))
        )
    if health.collector:
        counts = {key: value for key, value in health.collector.items() if isinstance(value, int | float) and value}
        console.print(
            Text("    " + ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in counts.items()), "dim")
        )
    if health.engine_version:
        console.print(f"\n[bold]Stored[/] [dim]({health.database}, engine {health.engine_version})[/]")
        console.print(_stored_table(health))
        console.print(
            Text(f"    last received {_ago(health.received_ns)}, last analysed {_ago(health.analysed_ns)}", "dim")
        )
    if health.dialects:
        console.print("\n[bold]Recognised[/]")
        for row in health.dialects:
            console.print(
                Text(
                    f"  {row['dialect']:<16}{row['span_count']:>10,} spans{row['model_call_count']:>10,} model calls",
                    "yellow" if row["dialect"] == "(none)" else "",
                )
            )
    for row in health.unknown_spans:
        keys = ", ".join(row["attribute_keys"])
        console.print(
            Text.assemble(
                (f"    not recognised: {row['span_count']:,} × {safe(row['span_name'])}", "yellow"),
                (
                    f"  scope {safe(row['scope_name']) or '(none)'}; attributes {safe(keys, 200) or '(none)'}; e.g. trace {row['example_trace_id']}",
                    "dim",
                ),
            )
        )
    console.print()
    for hint in health.hints:
        console.print(Text(f"→ {safe(hint)}", "yellow"))
    for fault in health.faults:
        console.print(Text(f"✗ {safe(fault)}", "bold red"))
    if not health.faults:
        console.print("[green]✓ No faults found.[/]")


def _stored_table(health: Health) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for row in health.tables:
        table.add_row(row["table"], f"{row['row_count']:,} rows", _bytes(row["size_bytes"] or 0))
    return table


def show_settings(lines: Iterable[SettingLine]) -> None:
    """Print all settings."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("variable", "default", "meaning"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(Text(line.variable, "bold"), Text(line.default, "cyan"), Text(line.description))
    console.print(table)


def _facts(facts: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, Text(value))
    return table


def _minute(time_text: str) -> str:
    return str(time_text)[:16]


def _ago(time_ns: int) -> str:
    if not time_ns:
        return "never"
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
