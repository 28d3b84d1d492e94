"""What conversations answer to facets, as shares with intervals; and what data is asked for but not there."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from analyzer.statistics import Share, wilson
from momus.evidence import said_in_turns
from schemas.database import Database, Row


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """One answer and its share of the conversations that tell."""

    value: str
    conversation_count: int
    share: Share


@dataclass(frozen=True, slots=True)
class FacetSummary:
    """One facet over all conversations: `told_count` of `conversation_count` tell.

    `answers` are those of bool, choice and text, the commonest first; `median`, `p95` and `total` those of numbers.
    """

    name: str
    type: str
    conversation_count: int
    told_count: int
    answers: tuple[AnswerShare, ...] = ()
    median: float | None = None
    p95: float | None = None
    total: float | None = None


def list_facets(
    database: Database, *, name: str = "", service: str = "", tenant: str | None = None, limit: int = 5
) -> list[FacetSummary]:
    """Every facet, or the one of a name, with at most `limit` answers each."""
    scope: dict[str, Any] = {"name": name, "service": service, "tenant": tenant}  # Any: parameters of every type
    values: dict[str, list[Row]] = {}
    for row in database.query("facet_values", limit=limit, **scope):
        values.setdefault(row["name"], []).append(row)
    return [_summary(row, values.get(row["name"], [])) for row in database.query("facet_overview", **scope)]


def list_demand(database: Database, *, service: str = "", tenant: str | None = None, limit: int = 25) -> list[Row]:
    """Data that users ask for and that is not there, by how many conversations ask; `last_asked` is the latest in full."""
    rows = database.query("list_demand", service=service, tenant=tenant, limit=limit)
    ids: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        ids[row["tenant"]].add(row["last_conversation_id"])
    said = {owner: said_in_turns(database, owner, of) for owner, of in ids.items()}
    return [
        row | {"last_asked": said[row["tenant"]].get((row["last_conversation_id"], row["last_turn"]), "")}
        for row in rows
    ]


def _summary(row: Row, values: list[Row]) -> FacetSummary:
    told = row["told_count"]
    if row["type"] == "bool":
        counts = [("yes", row["true_count"]), ("no", told - row["true_count"])]
    else:
        counts = [(value["value"], value["conversation_count"]) for value in values]
    answers = tuple(AnswerShare(value, count, wilson(count, told)) for value, count in counts if told)
    is_number = row["type"] == "number"
    return FacetSummary(
        row["name"], row["type"], row["conversation_count"], told, answers,
        *((row["median"], row["p95"], row["total"]) if is_number else ()),
    )  # fmt: skip
