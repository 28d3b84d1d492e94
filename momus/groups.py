"""Look at groups: what people want, which failures are alike, how sure each group is, and what became of it."""

from collections import defaultdict
from dataclasses import dataclass

from schemas.clusters import Kind
from schemas.database import Database, Row

_FEW = 100  # items of a service below which groups say little


@dataclass(frozen=True, slots=True)
class GroupList:
    """Groups of one kind with their parents, and the most frequent of what belongs to none.

    `few` are the services with too few items to tell groups from chance.
    """

    kind: Kind
    groups: list[Row]
    loose: list[Row]
    few: tuple[str, ...] = ()


def list_groups(
    database: Database, kind: Kind, *, service: str = "", tenant: str | None = None, loose_limit: int = 8
) -> GroupList:
    """Return what `momus clusters` shows."""
    which = {"kind": kind, "service": service, "tenant": tenant}
    groups = database.query("list_clusters", **which)
    loose = database.query("loose_texts", **which, limit=loose_limit)
    seen: dict[str, int] = defaultdict(int)
    for row in groups:
        seen[row["service_name"]] += row["member_count"] * (row["level"] == 0)
    for name, count in {row["service_name"]: row["loose_count"] for row in loose}.items():
        seen[name] += count
    return GroupList(kind, groups, loose, tuple(sorted(name for name, count in seen.items() if count < _FEW)))


def list_history(database: Database, cluster: str, *, tenant: str | None, limit: int) -> list[Row]:
    """Return the events of one cluster, or of all, latest first."""
    return database.query("list_history", cluster=cluster, tenant=tenant, limit=limit)
