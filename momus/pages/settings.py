"""Every setting with its variable, default and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import console, listing

if TYPE_CHECKING:
    from schemas.settings import SettingLine


def show_settings(lines: Iterable[SettingLine]) -> None:
    """Print all settings."""
    table = listing("variable", "default", "meaning")
    for line in lines:
        table.add_row(Text(line.variable, "bold"), Text(line.default, "cyan"), Text(line.description))
    console.print(table)
