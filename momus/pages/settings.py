"""Every setting with its variable, default and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import console, listing, safe

if TYPE_CHECKING:
    from schemas.settings import SettingLine


def show_settings(lines: Iterable[SettingLine]) -> None:
    """Print all settings; what the environment says stands out in the place of the default."""
    table = listing("variable", "value", "meaning")
    for line in lines:
        value = (
            Text.assemble((safe(line.given), "bold green"), ("\nfrom the environment", "dim")) if line.given else None
        )
        table.add_row(Text(line.variable, "bold"), value or Text(line.default, "cyan"), Text(line.description))
    console.print(table)
