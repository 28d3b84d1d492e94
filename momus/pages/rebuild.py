"""What a rebuild of the records read and wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from momus.screen import console

if TYPE_CHECKING:
    from momus.reflatten import Reflattened


def show_rebuild(done: Reflattened) -> None:
    """Print what a rebuild read and wrote, and what it could not read."""
    console.print(f"Read {done.span_count:,} spans and {done.log_count:,} log records anew: {done.row_count:,} rows.")
    if done.unreadable_count:
        console.print(f"[yellow]{done.unreadable_count:,} could not be read; they are kept as they came.[/]")
    console.print("The next [bold]momus analyze[/] looks at what changed.")
