"""`momus evaluate --clusters`: how well the clusters agree with groups that a person made."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from analyzer.evaluate.groupings import Agreement, Purity, agree, read_groupings
from analyzer.evaluate.intervals import Estimate
from momus.evaluation import named, read_file
from momus.screen import console, safe
from schemas.database import Database
from schemas.errors import NotFound
from schemas.parameters import in_pieces

_SHOWN = 12  # clusters; all of them with --json


@dataclass(frozen=True, slots=True)
class ClusterEvaluation:
    """Agreement for each kind of cluster that was labelled, the clusters' titles, and what was not scored."""

    labelled: int
    absent: int
    agreements: tuple[Agreement, ...]
    titles: dict[str, str]
    problems: tuple[str, ...]


def run_cluster_evaluation(database: Database, path: Path, *, tenant: str | None) -> ClusterEvaluation:
    """Score the clusters of the last run against the labels of a file.

    Raises:
        NotFound: the file cannot be read, holds no label, none of its items was clustered, or two tenants have one of
            the same id and none was named.
    """
    labels, problems = read_groupings(read_file(path).splitlines())
    if not labels:
        raise NotFound(f"{path} holds no label. {problems[0] if problems else 'It is empty.'}")
    clusters: dict[str, dict[str, str]] = {}
    titles: dict[str, str] = {}
    for piece in in_pieces(list(labels)):
        for row in database.query(
            "evaluated_members", item_ids=piece, tenant=tenant or "", is_any_tenant=tenant is None
        ):
            of_kind = clusters.setdefault(row["kind"], {})
            if row["item_id"] in of_kind:
                raise NotFound(f"Several tenants have an item {row['item_id']}: say which with --tenant.")
            of_kind[row["item_id"]] = row["cluster_id"]
            titles[row["cluster_id"]] = row["title"]
    if not clusters:
        raise NotFound(
            f"None of the {len(labels)} labelled items was clustered: ids are conversation_id (intents) or finding_id (issues)."
        )
    absent = len(labels.keys() - {item for of_kind in clusters.values() for item in of_kind})
    agreements = tuple(agree(kind, labels, of_kind) for kind, of_kind in sorted(clusters.items()))
    titles.pop("", None)
    return ClusterEvaluation(len(labels), absent, agreements, titles, tuple(problems))


def cluster_json(evaluation: ClusterEvaluation) -> dict[str, Any]:
    """The evaluation as plain JSON values; estimates are {value, low, high}, null where there is nothing to count."""
    plain: dict[str, Any] = named(asdict(evaluation))
    return plain


def show_cluster_evaluation(evaluation: ClusterEvaluation) -> None:
    """Print for each kind the indices with their intervals, and the clusters with what they are made of."""
    for problem in evaluation.problems[:5]:
        console.print(Text(f"  {safe(problem)}", "yellow"))
    if evaluation.absent:
        console.print(f"[yellow]  {evaluation.absent} labelled items are in no stored run[/]")
    for agreement in evaluation.agreements:
        console.print(
            f"[bold]{agreement.item_count}[/] labelled items in [bold]{agreement.label_count}[/] groups of a person, "
            f"in [bold]{agreement.cluster_count}[/] clusters of {agreement.kind}\n"
        )
        console.print(_indices(agreement))
        console.print()
        console.print(_clusters(agreement.clusters, evaluation.titles))
        if len(agreement.clusters) > _SHOWN:
            console.print(f"[dim]and {len(agreement.clusters) - _SHOWN} smaller clusters (--json has all)[/]")
        console.print()
    console.print(
        "[dim]Agreement is 0 by chance and 1 at best, over items in a cluster; noise is the share in none. Intervals: 95 %, by half-samples.[/]"
    )


def _indices(agreement: Agreement) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", min_width=30)
    table.add_column("value", justify="right")
    table.add_column("95 %", justify="right")
    for name, estimate in (
        ("adjusted Rand index", agreement.adjusted_rand),
        ("adjusted mutual information", agreement.adjusted_mutual_information),
        ("V-measure", agreement.v_measure),
        ("  homogeneity", agreement.homogeneity),
        ("  completeness", agreement.completeness),
        ("purity", agreement.purity),
        ("noise", agreement.noise),
    ):
        table.add_row(name, _value(estimate), _interval(estimate))
    return table


def _clusters(purities: Sequence[Purity], titles: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("cluster", "items", "purity", "95 %", "mostly"):
        table.add_column(name, justify="left" if name in ("cluster", "mostly") else "right", overflow="fold")
    for one in purities[:_SHOWN]:
        title = safe(titles.get(one.cluster_id, "")) or one.cluster_id
        table.add_row(Text(title), str(one.size), _value(one.share), _interval(one.share), Text(safe(one.label)))
    return table


def _value(estimate: Estimate) -> str:
    return "–" if estimate.value is None else f"{estimate.value:.2f}"


def _interval(estimate: Estimate) -> str:
    return "" if estimate.low is None or estimate.high is None else f"{estimate.low:.2f}–{estimate.high:.2f}"
