"""One conversation: who, with which agent, what went wrong, and what was said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from collector_plugin.reading.payload import parse
from momus.screen import FAMILY_STYLES, console, counted, fact_table, one_line, safe

if TYPE_CHECKING:
    from momus.look import FoundConversation
    from schemas.database import Row

_OUTCOMES = {"served": "served", "partly": "partly served", "not": "not served", "unclear": "unclear whether served"}
_ROLE_STYLES = {"user": "bold green", "assistant": "bold blue", "tool": "dim", "system": "dim italic"}
_NOTES = {
    "is_id_assigned": "no conversation id was sent: linked by momus",
    "is_content_missing": "no message content was sent",
    "is_truncated": "messages were cut by the sender",
}


def show_conversation(found: FoundConversation) -> None:
    """Print a conversation with its failures, its transcript, and the calls that the transcript does not tell."""
    talk = found.conversation
    console.print(Text(one_line(talk["summary"] or talk["request"] or talk["conversation_id"]), "bold"))
    console.print(fact_table(_facts(talk)))
    for row in found.findings:
        console.print(_finding(row))
    if found.findings:
        console.print(Text("● failure  ○ consequence of one", "dim"))
    console.print(Rule("transcript", style="dim", align="left"))
    failed = {call["result_index"]: call for call in found.tool_calls if call["status"] == "error"}
    for message in found.messages:
        calls = _calls_as_text(message["tool_calls"])
        console.print(
            message_block(message["role"], message["content"], calls, message["turn"], message["is_delegation"])
        )
        if message["message_index"] in failed:
            console.print(Padding(_failure(failed[message["message_index"]]), (0, 0, 0, 4)))
    _show_untold([call for call in found.tool_calls if _is_untold(call)])
    for row in found.feedback:
        console.print(_feedback(row))
    console.print(Text(f"traces {', '.join(talk['trace_ids'])}", "dim"))


def message_block(role: str, content: str, calls: str, turn: int, is_delegation: bool) -> RenderableType:
    """Return a message as the transcript shows it: its turn and role, and indented what was said and which tools were asked for.

    Args:
        calls: `name(arguments)` of each tool, separated by commas; empty for none.
        turn: from 1; 0 before the first.
    """
    name = f"{role} (from another agent)" if is_delegation else role
    parts: list[RenderableType] = [Text(f"[{turn}] {name}", _ROLE_STYLES.get(role, ""))]
    if not content and not calls:
        parts.append(Padding(Text("(empty, or not captured)", "dim italic"), (0, 0, 0, 4)))
    if content:
        parts.append(Padding(Text(safe(content, 1500)), (0, 0, 0, 4)))
    if calls:
        parts.append(Padding(Text(f"→ {safe(calls, 600)}", "yellow"), (0, 0, 0, 4)))
    return Group(*parts)


def agent_text(*parts: str) -> str:
    """Return what is known of an agent, as one line."""
    return " · ".join(safe(part) for part in parts if part)


def _facts(talk: Row) -> Iterator[tuple[str, str]]:
    by = {"extractive": "extracted, without a model"}.get(talk["summary_by"], talk["summary_by"])
    yield "conversation", safe(talk["conversation_id"])
    yield "tenant", safe(talk["tenant"])
    yield "user", safe(talk["user_id"]) or "unknown"
    yield "outcome", f"{_OUTCOMES.get(talk['outcome'], talk['outcome'])} · {talk['language']} · summary {by}"
    yield "agent", agent_text(talk["service_name"], talk["service_version"], ", ".join(talk["models"]))
    counts = [("turn", "turn_count"), ("model call", "llm_call_count"), ("tool call", "tool_call_count")]
    yield (
        "size",
        ", ".join(counted(talk[column], what) for what, column in counts) + ", "
        f"{talk['input_tokens']:,} + {talk['output_tokens']:,} tokens",
    )
    yield "state", "" if talk["state"] == "analysed" else safe(talk["state"])
    yield "note", "; ".join(note for key, note in _NOTES.items() if talk[key])


def _finding(row: Row) -> Text:
    mark = "●" if row["is_root"] else "○"
    return Text.assemble(
        (f"{mark} {row['family'].replace('_', ' ')} · {row['code']}", FAMILY_STYLES.get(row["family"], "")),
        f"  {safe(row['statement'])}  ",
        (f"turn {row['turn']} · {row['confidence']} · issue {row['issue_id'] or 'none yet'}", "dim"),
    )


def _calls_as_text(packed: str) -> str:
    """Tool calls as `name(arguments)`, out of the JSON that they are stored as."""
    calls = parse(packed) if packed else None
    return (
        ", ".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
        if isinstance(calls, list)
        else packed
    )


def _is_untold(call: Row) -> bool:
    """Whether no message of the transcript asked for a call, or shows that it failed."""
    return bool(call["message_index"] < 0 or (call["status"] == "error" and call["result_index"] < 0))


def _show_untold(calls: Sequence[Row]) -> None:
    if calls:
        console.print(Rule("calls that no message tells of", style="dim", align="left"))
    for call in calls:
        console.print(_tool_call(call))


def _failure(call: Row) -> Text:
    """Below a result: that its call failed, and why, where the result does not say that itself."""
    why = one_line(call["error_message"] or call["error_type"], 300)
    told = f": {why}" if why and why not in one_line(call["result"] or "") else ""
    return Text(f"✗ {safe(call['name'])} failed{told}", "red")


def _tool_call(call: Row) -> Text:
    why = one_line(call["error_message"] or call["result"] or "", 300)
    style = "red" if call["status"] == "error" else "dim"
    return Text(
        f"[{call['turn']}] tool call {safe(call['name'])}({safe(call['arguments'], 200)}): {call['status']} {why}",
        style,
    )


def _feedback(row: Row) -> Text:
    said = [str(row["score"]) if row["score"] is not None else "", row["label"], row["comment"]]
    return Text(f"feedback {safe(row['name'])}: {' · '.join(one_line(part, 300) for part in said if part)}", "yellow")
