"""How right the findings are: by family, by code, by source, by confidence, and whether quotes are where they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from analyzer.evaluate.scores import FEW
from momus.screen import FAMILY_STYLES, console, listing, safe

if TYPE_CHECKING:
    from analyzer.evaluate.intervals import Estimate
    from analyzer.evaluate.report import Evaluation
    from analyzer.evaluate.scores import Quality, Scores


def show_evaluation(evaluation: Evaluation) -> None:
    """Print what was scored, the families, the codes, the sources, and what is known of quotes and confidence."""
    _show_scope(evaluation)
    overall = evaluation.overall
    if not overall.conversation_count:
        console.print("[yellow]There is nothing to score: no labelled conversation of this split was analysed.[/]")
        return
    tables = (
        _quality_table(overall.families, "family", overall),
        _quality_table(overall.codes, "code"),
        _source_table(evaluation.sources) if len(evaluation.sources) > 1 else None,
        _reach_table(overall),
    )
    for table in tables:
        if table and table.row_count:
            console.print(table, "")
    for line in (*_shares(overall), *_quotes(evaluation), *_warnings(evaluation)):
        console.print(line)


def _show_scope(evaluation: Evaluation) -> None:
    scored = evaluation.overall
    how = " and ".join(safe(method) for method in evaluation.methods) or "nothing"
    of = f" of the {evaluation.split} split" if evaluation.split else ""
    versions = f" in {scored.group_count} groups of near-duplicates" if evaluation.repeated else ""
    console.print(f"[bold]{scored.conversation_count}[/] labelled conversations{of}{versions}, analysed by {how}.")
    left = [
        f"{evaluation.absent} labelled conversations are not in the database" if evaluation.absent else "",
        f"{evaluation.undecided} are labelled insufficient_evidence and not scored" if evaluation.undecided else "",
        *evaluation.problems[:5],
        f"and {len(evaluation.problems) - 5} more lines" if len(evaluation.problems) > 5 else "",
    ]
    for line in filter(None, left):
        console.print(Text(f"  {safe(line)}", "yellow"))
    console.print()


def _quality_table(qualities: Iterable[Quality], what: str, overall: Scores | None = None) -> Table:
    table = _table(what, "labelled", "found", "precision", "recall", "F1", "95 %")
    for quality in qualities:
        labelled = quality.true_positives + quality.false_negatives
        found = quality.true_positives + quality.false_positives
        table.add_row(
            Text(quality.name.replace("_", " "), FAMILY_STYLES.get(quality.name, "")),
            Text(f"{labelled}{' *' if quality.is_thin else '  '}"), str(found),
            _figure(quality.precision), _figure(quality.recall), _figure(quality.f1), _interval(quality.f1),
        )  # fmt: skip
    if overall:
        macro = overall.macro_f1
        table.add_row("macro-F1", "", "", "", "", _figure(macro), _interval(macro), style="bold")
    return table


def _source_table(sources: Mapping[str, Scores]) -> Table:
    families = next(iter(sources.values())).families
    table = _table("source", "n", *(f"{quality.name.replace('_', ' ')}" for quality in families), "macro-F1", "exact")
    for source, scores in sources.items():
        table.add_row(
            Text(safe(source) or "(none)"), str(scores.conversation_count),
            *(f"{_figure(q.f1)}{' *' if q.is_thin and q.f1.value is not None else '  '}" for q in scores.families),
            _figure(scores.macro_f1), _figure(scores.exact_match),
        )  # fmt: skip
    return table


def _reach_table(overall: Scores) -> Table:
    table = _table("believe only", "kept", "coverage", "risk", "recall")
    for reach in overall.reach:
        least = "all" if reach.confidence == "low" else f"{reach.confidence} or more".replace("high or more", "high")
        table.add_row(
            least, str(reach.kept), f"{reach.coverage:.0%}", f"{reach.risk:.0%}", f"{reach.recall:.0%}"
        )  # fmt: skip
    return table


def _table(first: str, *others: str) -> Table:
    table = listing()
    table.add_column(first, min_width=22, overflow="fold")
    for name in others:
        table.add_column(name, justify="right")
    return table


def _shares(overall: Scores) -> Iterable[str]:
    yield f"exact match           {_percent(overall.exact_match)} of {overall.conversation_count}"
    if overall.clean_count:
        yield f"false issues          {_percent(overall.false_issue_rate)} of {overall.clean_count} conversations that are clean"
    if overall.evidence_count:
        yield f"evidence within two   {_percent(overall.evidence_near)} of {overall.evidence_count} found in the right family"


def _quotes(evaluation: Evaluation) -> Iterable[str]:
    quotes = evaluation.quotes
    if quotes.seen:
        yield f"quotes at the gate    {_of(quotes.seen - quotes.rejected, quotes.seen)} verbatim in their place; the others were dropped"
    if quotes.checked:
        yield f"quotes stored         {_of(quotes.verbatim, quotes.checked)} found again in the raw span"
    if quotes.gone:
        yield f"                      {quotes.gone} name a span that is no longer stored"


def _warnings(evaluation: Evaluation) -> Iterable[str]:
    overall = evaluation.overall
    if any(quality.is_thin for quality in overall.families):
        yield f"\n[yellow]* fewer than {FEW} labelled: too little to conclude from.[/]"
    yield "[dim]Intervals: 95 %, by resampling groups of near-duplicates. Figures on data that rules were mended on are in-sample.[/]"


def _of(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part} of {whole})"


def _figure(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.2f}"


def _interval(estimate: Estimate) -> str:
    return "" if estimate.low is None or estimate.high is None else f"{estimate.low:.2f}–{estimate.high:.2f}"


def _percent(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    around = (
        f" ({estimate.low:.0%}–{estimate.high:.0%})" if estimate.low is not None and estimate.high is not None else ""
    )
    return f"{estimate.value:.0%}{around}"
