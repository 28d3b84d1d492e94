"""`momus facets`, `momus demand` and `momus prompts`: what conversations answer, what they lack, what the model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from momus.options import DatabaseOption, JsonOption, TenantOption, opened_database, print_json, settings_of
from momus.screen import console, one_line, safe

if TYPE_CHECKING:  # imported where it is used: the driver takes half a second
    from momus.facets import AnswerShare, FacetSummary
    from schemas.database import Row

ServiceOption = Annotated[str, typer.Option(help="Only this service.name.")]


def facets(
    name: Annotated[str, typer.Argument(metavar="[FACET]", help="Only this one, with more of its answers.")] = "",
    database: DatabaseOption = None,
    service: ServiceOption = "",
    tenant: TenantOption = None,
    json: JsonOption = False,
) -> None:
    """Tell what conversations answer to each facet: counts, costs, and a team's own questions.

    Questions of one's own are asked by the model of every conversation. Put them into a file that MOMUS_FACETS_FILE names:

    \b
        \\[\\[facet]]
        name = "upgrade_offered"
        question = "Did the agent offer an upgrade?"
        type = "bool"  # number, text, or choice with choices = ["a", "b"]
    """
    from momus.facets import list_facets

    with opened_database(settings_of(database)) as opened:
        found = list_facets(opened, name=name, service=service, tenant=tenant, limit=20 if name else 3)
    print_json(found) if json else _show_facets(found)


def demand(
    database: DatabaseOption = None,
    service: ServiceOption = "",
    tenant: TenantOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Wishes to list at most.")] = 25,
    json: JsonOption = False,
) -> None:
    """List the data that users ask for and that is not there, by how many ask."""
    from momus.facets import list_demand

    with opened_database(settings_of(database)) as opened:
        found = list_demand(opened, service=service, tenant=tenant, limit=limit)
    print_json(found) if json else _show_demand(found)


def prompts(
    name: Annotated[str, typer.Argument(metavar="[PROMPT]", help="Show this one whole.")] = "",
    json: JsonOption = False,
) -> None:
    """Show what the model is asked, with the content hash that is stored with every answer."""
    from analyzer.clusters.model_names import NAMES, SIBLINGS, NamesOfGroups
    from analyzer.with_model.prompts import PROMPTS, SUMMARY
    from momus.reading_setup import reading_setup
    from schemas.errors import NotFound

    setup = reading_setup(settings_of(None))
    texts = {prompt.name: prompt.text for prompt in (*PROMPTS, NAMES, SIBLINGS)} | {"summary": setup.summary_prompt}
    if name and name not in texts:
        raise NotFound(f"There is no prompt of that name: there are {', '.join(texts)}.")
    hashes = {prompt.name: prompt.hash(NamesOfGroups) for prompt in (NAMES, SIBLINGS)} | dict(setup.prompt_hashes)
    own = "your own" if setup.summary_prompt != SUMMARY else "part of read and merge"
    if json:
        shown = [name] if name else list(texts)
        print_json([{"name": key, "hash": hashes.get(key, ""), "text": texts[key]} for key in shown])
    elif name:
        console.print(Text(texts[name]))
    else:
        for key in texts:
            told = hashes.get(key, own)
            console.print(Text.assemble((f"{key:8}", "bold"), f" {told:22} ", (one_line(texts[key], 80), "dim")))


def _show_facets(found: list[FacetSummary]) -> None:
    if not found:
        console.print("No facets: nothing was analysed yet, or there is none of that name. Run [bold]momus analyze[/].")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("facet", "answers"):
        table.add_column(column, overflow="fold")
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
    low, high = round(100 * answer.share.low), round(100 * answer.share.high)
    shown = f"{round(100 * answer.share.value)}% ({low}–{high})"
    return Text.assemble(one_line(answer.value, 60), (f"  {shown} · {answer.conversation_count}", "dim"))


def _show_demand(found: list[Row]) -> None:
    if not found:
        console.print("No demand: no conversation asked for data that is not there, or none was analysed yet.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("asked for", overflow="fold", min_width=30)
    for column in ("asks", "users", "last seen"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found:
        wish = Text(one_line(row["requested_object"], 100))
        wish.append(f"\n“{one_line(row['last_quote'], 120)}”", "dim italic")
        table.add_row(wish, str(row["ask_count"]), str(row["user_count"] or "–"), safe(str(row["last_seen_at"])[:10]))
    console.print(table)
