"""What conversations answer to facets; and the data that users ask for and that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from momus.screen import console, listing, one_line, percents, safe

if TYPE_CHECKING:
    from momus.facets import AnswerShare, FacetSummary
    from schemas.database import Row


def show_facets(found: list[FacetSummary]) -> None:
    """Print each facet with its answers, or why there is none."""
    if not found:
        console.print("No facets: nothing was analysed yet, or there is none of that name. Run [bold]momus analyze[/].")
        return
    table = listing("facet", "answers")
    table.add_column("told", justify="right", no_wrap=True)
    for facet in found:
        table.add_row(Text(facet.name), _answers(facet), f"{facet.told_count} of {facet.conversation_count}")
    console.print(table)
    console.print(Text("Shares are of the conversations that tell, with 95 % intervals.", "dim"))


def _answers(facet: FacetSummary) -> Text:
    if facet.type == "number":
        if facet.median is None:
            return Text("–", "dim")
        return Text(f"median {facet.median:g}, 95 % below {facet.p95:g}, in all {facet.total:g}")
    return Text("\n").join(_answer(answer) for answer in facet.answers) if facet.answers else Text("–", "dim")


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
        wish.append(f"\n“{one_line(row['last_quote'], 120)}”", "dim italic")
        table.add_row(wish, str(row["ask_count"]), str(row["user_count"] or "–"), safe(str(row["last_seen_at"])[:10]))
    console.print(table)
