"""What conversations answer to facets; and the data that users ask for and that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import console, listing, one_line, percents, safe

if TYPE_CHECKING:
    from momus.facets import AnswerShare, FacetSummary
    from schemas.database import Row


def show_facets(found: list[FacetSummary]) -> None:
    """Print each facet with its answers, or why there is none; those that nothing tells share a line."""
    if not found:
        console.print("No facets: nothing was analysed yet, or there is none of that name. Run [bold]momus analyze[/].")
        return
    told = [facet for facet in found if facet.told_count]
    table = listing("facet", "answers")
    table.add_column("told", justify="right", no_wrap=True)
    for facet in told:
        table.add_row(Text(facet.name), _answers(facet), f"{facet.told_count} of {facet.conversation_count}")
    if told:
        console.print(table)
        console.print(Text("Shares are of the conversations that tell, with 95 % intervals.", "dim"))
    silent = ", ".join(facet.name for facet in found if not facet.told_count)
    if silent:
        console.print(Text(f"No conversation tells: {silent}. Some are answered only by a model.", "dim"))


def _answers(facet: FacetSummary) -> Text:
    if facet.median is None or facet.p95 is None:
        return Text("\n").join(_answer(answer) for answer in facet.answers)
    median, p95 = quantity(facet.name, facet.median), quantity(facet.name, facet.p95)
    adds_up = facet.total is not None and not facet.name.endswith(("_s", "_score"))
    in_all = f", in all {quantity(facet.name, facet.total or 0)}" if adds_up else ""
    return Text(f"median {median}, 95 % below {p95}{in_all}")


def quantity(name: str, value: float) -> str:
    """Return the number of a facet as a person reads it: `_s` in seconds or milliseconds, `_usd` in dollars."""
    if name.endswith("_usd"):
        return f"${value:,.2f}" if value >= 1 or not value else f"${value:.2g}"
    if name.endswith("_s"):
        return f"{value:,.1f} s" if value >= 1 else f"{value * 1000:,.{0 if value >= 0.01 else 1}f} ms"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _answer(answer: AnswerShare) -> Text:
    share = percents(answer.share.value, answer.share.low, answer.share.high)
    return Text.assemble(one_line(answer.value, 60), (f"  {share} · {answer.conversation_count}", "dim"))


def show_demand(found: list[Row]) -> None:
    """Print what is asked for, by how many ask, with the latest words."""
    if not found:
        console.print("No demand: no conversation asked for data that is not there, or none was analysed yet.")
        return
    table = listing()
    table.add_column("asked for", overflow="fold", min_width=30)
    for column in ("asks", "users", "last seen"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found:
        wish = Text(one_line(row["requested_object"], 100))
        wish.append(f"\n“{one_line(row['last_asked'] or row['last_quote'], 120)}”", "dim italic")
        table.add_row(wish, str(row["ask_count"]), str(row["user_count"] or "–"), safe(str(row["last_seen_at"])[:10]))
    console.print(table)
