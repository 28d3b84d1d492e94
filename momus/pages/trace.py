"""One trace: its spans as a tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from momus.screen import console, one_line, safe

if TYPE_CHECKING:
    from momus.look import FoundTrace
    from schemas.records import Span


def show_trace(found: FoundTrace) -> None:
    """Print the spans of a trace by time, each below its parent."""
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
