"""The terminal: where pages are printed, and what they are made of. All text from traces is shown as it is.

It is never markup and never a control code. What a command shows is in `pages/`.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

console = Console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else 120, highlight=False)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

FAMILY_STYLES = {
    "missing_capability": "magenta",
    "missing_inventory": "cyan",
    "technical_error": "red",
    "agent_mistake": "yellow",
    "user_or_policy": "dim",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def safe(text: object, limit: int = 0) -> str:
    """Return text of unknown origin without control codes and direction overrides, cut to `limit` characters with …"""
    shown = _CONTROL.sub("\ufffd", str(text))
    return shown if not limit or len(shown) <= limit else shown[: limit - 1] + "…"


def one_line(text: object, limit: int = 0) -> str:
    """Return `safe` text on one line."""
    return safe(" ".join(str(text).split()), limit)


def counted(count: int, what: str) -> str:
    """Return a number of things: 1 turn, 1,200 turns."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def percents(share: float, low: float, high: float) -> str:
    """Return a share with the bounds of its 95 % interval: 20% (10–30)."""
    return f"{round(100 * share)}% ({round(100 * low)}–{round(100 * high)})"


def listing(*names: str) -> Table:
    """Return a table without lines; columns of these names fold what is too long."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def fact_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Return names and values as two columns; what has no value is left out."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value:
            table.add_row(name, Text(value))
    return table


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
