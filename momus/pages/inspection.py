"""What files of OTLP bodies hold: their conversations, and what no dialect recognised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from momus.pages.conversation import agent_text, message_block
from momus.screen import console, fact_table, one_line, safe

if TYPE_CHECKING:
    from momus.inspect import Inspection
    from schemas.records import Conversation, ToolCall


def show_inspection(inspection: Inspection) -> None:
    """Print the conversations of OTLP bodies, then what was not recognised."""
    for conversation in inspection.conversations:
        _show_conversation(conversation)
    spoken = ", ".join(f"{name} {count}" for name, count in inspection.dialects.most_common()) or "none"
    counts = (
        f"{inspection.span_count} spans, {inspection.log_count} log records, "
        f"{len(inspection.conversations)} conversations. Dialects: {spoken}."
    )
    console.print(Text(counts, "dim"))
    for (scope, name), count in inspection.unknown.most_common():
        why = f"  scope {safe(scope) or '(none)'}; kept as a plain span"
        console.print(Text.assemble((f"not recognised: {count} × {safe(name)}", "yellow"), why))
    for (dialect, name), count in inspection.unread.most_common():
        why = f"  dialect {dialect}: is content capture on?"
        console.print(Text.assemble((f"without messages: {count} × {safe(name)}", "yellow"), why))
    for note in inspection.notes:
        console.print(Text(safe(note), "yellow"))


def _show_conversation(talk: Conversation) -> None:
    console.print(Rule(Text(f"conversation {safe(talk.id)}"), align="left"))
    console.print(fact_table(_facts(talk)))
    for message in talk.messages:
        body = message.body
        calls = ", ".join(f"{call.name}({call.arguments})" for call in body.tool_calls)
        console.print(message_block(body.role, body.content, calls, message.turn, message.is_delegation))
    for call in talk.tool_calls:
        console.print(_tool_call(call))
    for retrieval in talk.retrievals:
        found = f"retrieval “{one_line(retrieval.query or '', 120)}”: {len(retrieval.documents)} documents"
        console.print(Text(found, "dim"))
    for failure in talk.exceptions:
        said = ": ".join(part for part in (safe(failure.type), one_line(failure.message, 300)) if part)
        raised = f"exception {said or 'without type and message'}  in {safe(failure.operation)}"
        console.print(Text(raised, "red"))


def _facts(talk: Conversation) -> Iterator[tuple[str, str]]:
    yield "user", safe(talk.user_id) or "unknown"
    yield "agent", agent_text(talk.service_name, ", ".join(talk.agent_names), ", ".join(talk.models))
    if talk.tools_offered is None:
        yield "tools", "unknown: no payload says which were offered"
    else:
        yield "tools", ", ".join(safe(tool.name) for tool in talk.tools_offered)
    if talk.is_id_assigned:
        is_linked = len(talk.trace_ids) > 1
        yield (
            "note",
            f"no conversation id was sent: {'linked by repeated history' if is_linked else 'one trace by itself'}",
        )
    if talk.dropped_attributes_count:
        yield "dropped", f"{talk.dropped_attributes_count} attributes, by the sender's SDK"


def _tool_call(call: ToolCall) -> Text:
    why = one_line(call.error_message or call.result or "", 160)
    style = "red" if call.status == "error" else "dim"
    return Text(f"tool call {safe(call.name)}({safe(call.arguments, 120)}): {call.status} {why}", style)
