"""One trace: its spans as a tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from momus.screen import console, counted, one_line, safe

if TYPE_CHECKING:
    from momus.look import FoundTrace
    from schemas.records import Span


def show_trace(found: FoundTrace) -> None:
    """Print the spans of a trace by time, each below its parent."""
    console.print(Text.assemble(("trace ", "bold"), (found.trace_id, "bold"), f"  {counted(len(found.spans), 'span')}"))
    if found.tenant:
        console.print(Text(f"tenant {safe(found.tenant)}", "dim"))
    services = sorted({span.service_name for span in found.spans if span.service_name})
    if services:
        console.print(Text(f"service {', '.join(safe(name) for name in services)}", "dim"))
    console.print(Text(f"conversation {safe(found.conversation_id) or 'none assembled yet: run momus analyze'}", "dim"))
    console.print(Text("span · starts after · takes · scope · span id   ✗ failed", "dim"))
    for root in _trees(found.spans):
        console.print(root)


def _trees(spans: Iterable[Span]) -> list[Tree]:
    """The spans as trees; one whose parent is missing is a root."""
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    trees = {span.span_id: Tree(_span_line(span, ordered[0].start_ns)) for span in ordered}
    roots = []
    for span in ordered:
        parent = trees.get(span.parent_span_id)
        if parent and span.parent_span_id != span.span_id:
            parent.children.append(trees[span.span_id])
        else:
            roots.append(trees[span.span_id])
    return roots


def _span_line(span: Span, begin_ns: int) -> Text:
    failed = span.status_code == "Error"
    message = f"  {one_line(span.status_message, 120)}" if failed and span.status_message else ""
    told = [f"+{_ms(span.start_ns - begin_ns)}", _ms(span.end_ns - span.start_ns), safe(span.scope_name), span.span_id]
    return Text.assemble(
        (f"{'✗ ' * failed}{safe(span.name)}", "red" if failed else ""),
        (f"  {' · '.join(part for part in told if part)}", "dim"),
        (message, "red"),
    )


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / 1e6:,.1f} ms"
