"""The answer to a person's SQL: a table, or where the columns are many a record a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.text import Text

from momus.screen import console, fact_table, listing, safe

if TYPE_CHECKING:
    from schemas.database import Answer

_COLUMN_CHARS = 14  # a column narrower than this is folded beyond reading
_VALUE_CHARS = 500


def show_answer(answer: Answer) -> None:
    """Print the rows that a person's SQL returned."""
    if len(answer.columns) * _COLUMN_CHARS > console.width:
        _show_records(answer)
    else:
        _show_table(answer)
    if answer.is_cut:
        console.print(f"[dim]The first {len(answer.rows):,} rows; --limit shows more.[/]")


def _show_table(answer: Answer) -> None:
    table = listing()
    for name in answer.columns:
        table.add_column(Text(safe(name)), overflow="fold")  # `list[index]` is no markup
    for row in answer.rows:
        table.add_row(*(Text(safe(value, _VALUE_CHARS)) for value in row))
    console.print(table)


def _show_records(answer: Answer) -> None:
    """Each row as lines of name and value: side by side nobody could read them."""
    for number, row in enumerate(answer.rows, 1):
        console.print(Rule(str(number), style="dim", align="left"))
        named = zip(answer.columns, row, strict=True)
        console.print(fact_table((safe(name), safe(value, _VALUE_CHARS)) for name, value in named))
