"""Groups in the terminal: one table a service, parents as headings, and what is not yet a pattern below it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from momus.screen import FAMILY_STYLES, console, listing, one_line, safe

if TYPE_CHECKING:
    from momus.groups import GroupList
    from schemas.database import Row

BADGE_STYLES = {"stable": "green", "tentative": "yellow"}


def show_groups(found: GroupList) -> None:
    """Print groups by service; which would be found again, and which failures they meet."""
    if not found.groups and not found.loose:
        console.print("No groups yet: run [bold]momus analyze[/] first.")
        return
    services: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in [*found.groups, *found.loose]:
        services[row["tenant"], row["service_name"]].append(row)
    for (tenant, service), rows in services.items():
        console.print(Text(" · ".join(safe(part) for part in (tenant, service) if part) or "no service name", "bold"))
        groups = [row for row in rows if "cluster_id" in row]
        console.print(_table(groups, is_intents=found.kind == "intents"))
        _show_loose([row for row in rows if "cluster_id" not in row])
    if found.few:
        names = ", ".join(safe(name) or "no service name" for name in found.few)
        console.print(
            f"Fewer than 100 of a kind: groups of {names} are tentative, and single findings say more.",
            style="yellow",
            markup=False,
        )
    console.print(
        "stability: how much of a group is found again when parts of the data are grouped anew, with the range of 95 of "
        "100 tries; it says that a group would re-appear, not that it is right.",
        style="dim",
    )


def _table(groups: Sequence[Row], *, is_intents: bool) -> Table:
    table = listing()
    table.add_column("group", overflow="fold", min_width=34)
    table.add_column("conversations", justify="right", no_wrap=True)
    table.add_column("users", justify="right", no_wrap=True)
    table.add_column("stability", no_wrap=True)
    for depth, row in _in_tree(groups):
        name = Text(one_line(row["name"], 80) or "no common word", "bold" if row["level"] else "")
        name.append(_about(row, is_intents))
        sure = Text(f"{row['stability']:.2f} ({row['stability_low']:.2f}–{row['stability_high']:.2f})\n")
        sure.append(row["badge"], BADGE_STYLES.get(row["badge"], ""))
        indented = Padding(name, (0, 0, 0, 2 * depth))
        table.add_row(indented, str(row["conversation_count"]), str(row["user_count"] or "–"), sure)
    return table


def _about(row: Row, is_intents: bool) -> Text:
    """Below the name: the id, who named it where not its own words did, and the failures that it meets."""
    named = f" · named by {safe(row['name_by'], 30)}" if row["name_by"] not in ("", "terms") else ""
    families = _families(row, is_intents)
    return Text.assemble((f"\n{row['cluster_id']}{named}", "dim"), " · " if families else "", families)


def _in_tree(groups: Sequence[Row]) -> Iterable[tuple[int, Row]]:
    """Each group with its depth, parents first."""
    children: dict[str, list[Row]] = defaultdict(list)
    ids = {row["cluster_id"] for row in groups}
    for row in groups:
        children[row["parent_id"] if row["parent_id"] in ids else ""].append(row)

    def walk(parent: str, depth: int) -> Iterable[tuple[int, Row]]:
        for row in sorted(children[parent], key=lambda row: -row["conversation_count"]):
            yield depth, row
            yield from walk(row["cluster_id"], depth + 1)

    return walk("", 0)


def _families(row: Row, is_intents: bool) -> Text:
    if not is_intents:
        return Text(row["family"].replace("_", " "), FAMILY_STYLES.get(row["family"], ""))
    met = sorted((pair for pair in row["families"] if pair[0] != "none"), key=lambda pair: -int(pair[1]))
    return Text(", ").join(
        Text(f"{count}× {family.replace('_', ' ')}", FAMILY_STYLES.get(family, "")) for family, count in met
    )


def _show_loose(rows: Sequence[Row]) -> None:
    if not rows:
        return
    first = rows[0]
    console.print(f"not yet a pattern: {first['loose_count']} of {first['item_count']}, such as", style="dim")
    for row in rows[:8]:
        console.print(Text(f"  {row['conversation_count']}×  {one_line(row['text'], 110)}", "dim"))
    console.print()


def show_history(rows: Sequence[Row]) -> None:
    """Print what became of groups and what people decided, latest first; sizes are conversations."""
    if not rows:
        console.print("No history yet: it begins with the first analysis that finds a group.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("when", "kind", "what", "group", "conversations", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        name = Text(one_line(row["name"], 60))
        name.append(f"  {row['cluster_id']}", "dim")
        sizes = f"{row['size_before']} → {row['size_after']}" if row["run_id"] else ""
        kind = "issue" if row["kind"] == "findings" else "intent"
        table.add_row(str(row["seen_at"])[:16], kind, row["event"], name, sizes, Text(_rest(row)))
    console.print(table)


def _rest(row: Row) -> str:
    """What else there is to an event: names and groups concerned, and who decided it."""
    was = f"was: {one_line(row['name_before'], 60)}" if row["event"] == "renamed" else " ".join(row["related_ids"])
    by = f"by {one_line(row['decided_by'], 24)}" if row["decided_by"] else ""
    return safe(" · ".join(part for part in (was, by, one_line(row["note"], 60)) if part))
