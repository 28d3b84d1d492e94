"""How a momus is: what listens, what is stored, what is not recognised, and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from momus.screen import console, safe

if TYPE_CHECKING:
    from momus.doctor import Health


def show_health(health: Health) -> None:
    """Print every part that was examined, then hints and faults."""
    _show_listeners(health)
    if health.engine_version:
        _show_stored(health)
    if health.dialects:
        _show_dialects(health)
    _show_unknown_spans(health)
    console.print()
    for hint in health.hints:
        console.print(Text(f"→ {safe(hint)}", "yellow"))
    for fault in health.faults:
        console.print(Text(f"✗ {safe(fault)}", "bold red"))
    if not health.faults:
        console.print("[green]✓ No faults found[/]" + (", but see above." if health.hints else "."))


def _show_listeners(health: Health) -> None:
    console.print("[bold]Listening[/]")
    for listener in health.listeners:
        mark, style = ("✓", "green") if listener.is_answering else ("–", "dim")
        console.print(
            Text.assemble((f"  {mark} {listener.what:<10}", style), f"{listener.address}  ", (listener.hint, "dim"))
        )
    if health.collector and "items_accepted" not in health.collector:
        console.print(Text("    its counters need a key: set MOMUS_KEYS as it is set for the server", "dim"))
    elif health.collector:
        counts = {key: value for key, value in health.collector.items() if type(value) in (int, float) and value}
        shown = ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in counts.items())
        console.print(Text(f"    {shown or 'nothing received since it started'}", "dim"))


def _show_stored(health: Health) -> None:
    console.print(f"\n[bold]Stored[/] [dim]({health.database}, engine {health.engine_version})[/]")
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    for row in health.tables:
        table.add_row(row["table"], f"{row['row_count']:,} rows", _size(row["size_bytes"] or 0))
    console.print(table)
    times = f"last received {_time(health.received_ns)}, last analysed {_time(health.analysed_ns)}"
    console.print(Text(f"    {times}", "dim"))


def _show_dialects(health: Health) -> None:
    console.print("\n[bold]Recognised[/]")
    for row in health.dialects:
        counts = f"{row['span_count']:>10,} spans{row['model_call_count']:>10,} model calls"
        console.print(Text(f"  {row['dialect']:<16}{counts}", "yellow" if row["dialect"] == "(none)" else ""))


def _show_unknown_spans(health: Health) -> None:
    for row in health.unknown_spans:
        keys = ", ".join(row["attribute_keys"])
        about = (
            f"  scope {safe(row['scope_name']) or '(none)'}; attributes {safe(keys, 200) or '(none)'}; "
            f"e.g. trace {row['example_trace_id']}"
        )
        name = f"    not recognised: {row['span_count']:,} × {safe(row['span_name'])}"
        console.print(Text.assemble((name, "yellow"), (about, "dim")))


def _time(time_ns: int) -> str:
    if not time_ns:
        return "never"
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _size(size_bytes: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} TiB"
