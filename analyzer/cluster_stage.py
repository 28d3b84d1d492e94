"""The groups of one service, from what the last run left to rows of today: members, names, levels, map and history.

Two kinds are grouped alike: `findings`, family by family, which become issues, and `intents`, what conversations asked
for, served or not. What a cluster is called says who named it; what is held back is stored and not shown.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.clusters.group import Method
from analyzer.clusters.hierarchy import levels
from analyzer.clusters.keep import (
    Clustering,
    Item,
    Known,
    Rules,
    bring_up_to_date,
    history,
    is_still,
    new_id,
)
from analyzer.clusters.lineage import Seen, match
from analyzer.clusters.model_names import Name
from analyzer.clusters.naming import Named, name_kept, name_parents
from analyzer.clusters.places import places
from analyzer.edits import Edits
from analyzer.models import ChatModel, Embedder
from analyzer.result_rows import Row, Stamp
from schemas.clusters import Kind
from schemas.database import Database

Owner = tuple[str, str]  # tenant and service


@dataclass(frozen=True, slots=True)
class Means:
    """What groups are made and named with."""

    embedder: Embedder
    model: ChatModel | None = None
    rules: Rules = field(default_factory=Rules)
    method: Method = "neighbours"


@dataclass(frozen=True, slots=True)
class Before:
    """What the last run left of one service and kind.

    `family_of` is by cluster id; `loose_ids` are items that belonged nowhere when the clusters were made.
    """

    known: tuple[Known, ...] = ()
    parents: tuple[Seen, ...] = ()
    parent_names: Mapping[str, Name] = field(default_factory=dict)
    family_of: Mapping[str, str] = field(default_factory=dict)
    loose_ids: frozenset[str] = frozenset()
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    embedder: str = ""
    method: str = ""

    def of_family(self, family: str) -> tuple[Known, ...]:
        """The clusters of one family."""
        return tuple(cluster for cluster in self.known if self.family_of[cluster.id] == family)


@dataclass(slots=True)
class ClusterRows:
    """Rows of the three tables, gathered over services and families; `notes` are sentences about how groups were cut."""

    clusters: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)
    lineage: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def write(self, database: Database, token: str) -> None:
        """Insert members and history before the clusters, so that no cluster is seen without its members."""
        database.insert("cluster_member_log", self.members, token=f"{token}/members")
        database.insert("cluster_lineage_log", self.lineage, token=f"{token}/lineage")
        database.insert("cluster_log", self.clusters, token=f"{token}/clusters")


def load_before(database: Database, owner: Owner, kind: Kind, former: Sequence[Row]) -> Before:
    """Return what the last run left of a service; `former` are the rows of `former_clusters`."""
    own = [row for row in former if (row["tenant"], row["service_name"], row["kind"]) == (*owner, kind)]
    if not own:
        return Before()
    members: dict[str, set[str]] = defaultdict(set)
    core: dict[str, set[str]] = defaultdict(set)
    stood: dict[str, tuple[float, float]] = {}
    for row in database.query("former_members", tenant=owner[0], service=owner[1], kind=kind):
        members[row["cluster_id"]].add(row["item_id"])
        stood[row["item_id"]] = (row["x"], row["y"])
        if not row["is_assigned"]:
            core[row["cluster_id"]].add(row["item_id"])
    leaves = [row for row in own if row["level"] == 0]
    above = [row for row in own if row["level"] > 0]
    return Before(
        tuple(_known(row, members[row["cluster_id"]], core[row["cluster_id"]]) for row in leaves),
        tuple(
            Seen(row["cluster_id"], row["name"], frozenset(c["cluster_id"] for c in own if c["parent_id"] == row["cluster_id"]))
            for row in above
        ),
        {row["cluster_id"]: Name(row["name"], row["name_by"]) for row in above},
        {row["cluster_id"]: row["family"] for row in own},
        frozenset(core.get("", ())),
        stood,
        own[0]["embedder"],
        own[0]["cluster_method"],
    )  # fmt: skip


def _known(row: Row, members: set[str], core: set[str]) -> Known:
    return Known(
        row["cluster_id"], row["name"], frozenset(members), frozenset(core), row["badge"], row["stability"],
        (row["stability_low"], row["stability_high"]), row["name_by"], tuple(row["terms"]), row["is_held_back"],
        row["conversation_count"],
    )  # fmt: skip


def cluster_items(
    items: Sequence[Item],
    said: Mapping[str, str],
    before: Before,
    means: Means,
    *,
    kind: Kind,
    owner: Owner,
    family: str = "",
    edits: Edits | None = None,
) -> tuple[list[Named], Clustering]:
    """Group items and name the groups.

    Args:
        items: of one service, and of one family where they are findings.
        said: by item id, the words that names are made of.
        before: what the last run left of the service and kind.
        means: what to do it with.
        kind, owner, family: whose and which they are.
        edits: what people decided.
    """
    known = before.of_family(family)
    clustering = bring_up_to_date(
        items, known, means.embedder, owner="\x1f".join((*owner, kind, family)), method=means.method,
        may_extend=(before.embedder, before.method) == (means.embedder.name, means.method), loose_ids=before.loose_ids, edits=edits, rules=means.rules,
    )  # fmt: skip
    return name_kept(clustering, items, said, means.model, kind), clustering


def add_rows(
    rows: ClusterRows,
    named: Sequence[Named],
    clustering: Clustering,
    items: Sequence[Item],
    before: Before,
    means: Means,
    stamp: Stamp,
    *,
    kind: Kind,
    owner: Owner,
    family: str = "",
    issue_of: Mapping[str, str] | None = None,
) -> None:
    """Add what is new or changed since the last run; `issue_of` says by cluster id which issue it is part of."""
    key = {"tenant": owner[0], "service_name": owner[1], "kind": kind}
    known = before.of_family(family)
    parent_of, parents = _parents(named, before, means, kind, "\x1f".join((*owner, kind, family)))
    points = _points(items, clustering, before, means)
    made = {"embedder": means.embedder.name, "cluster_method": means.method}
    shared = key | made | {"family": family} | stamp.columns
    if clustering.note:
        rows.notes.append(f"{' '.join(filter(None, (owner[1], family, kind)))}: {clustering.note}")
    for one in named:
        where = np.mean([points[item.id] for item in one.cluster.items], axis=0)
        rows.clusters.append(
            shared
            | _cluster_row(one)
            | {"issue_id": (issue_of or {}).get(one.cluster.id, ""), "parent_id": parent_of.get(one.cluster.id, "")}
            | {"x": float(where[0]), "y": float(where[1])}
        )
    rows.clusters += [shared | row for row in parents]
    now = {one.cluster.id for one in named} | {row["cluster_id"] for row in parents}
    gone = [id for id, of in before.family_of.items() if of == family and id not in now]
    rows.clusters += [shared | {"cluster_id": id, "is_deleted": 1} for id in gone]
    names = {one.cluster.id: one.name.text for one in named}
    for event in history(known, [one.cluster for one in named], names):
        fields = {name: getattr(event, name) for name in event.__slots__} | {"related_ids": list(event.related_ids)}
        rows.lineage.append(key | fields | {"run_id": stamp.run_id, "version": stamp.version})
    rows.members += _member_rows(items, clustering, points, before, known, key, stamp)


def forget(rows: ClusterRows, ids: Sequence[str], *, kind: Kind, owner: Owner, stamp: Stamp) -> None:
    """Mark items that are no more."""
    key = {"tenant": owner[0], "service_name": owner[1], "kind": kind}
    rows.members += [key | {"item_id": id} | stamp.columns | {"is_deleted": 1} for id in ids]


# --- levels -----------------------------------------------------------------------------------------------------------


def _parents(
    named: Sequence[Named], before: Before, means: Means, kind: Kind, owner: str
) -> tuple[dict[str, str], list[Row]]:
    """The parent id of each cluster, and the rows of all higher levels."""
    shown = [one for one in named if not one.cluster.is_held_back]
    parent_of: dict[str, str] = {}
    rows: list[Row] = []
    below = [(one.cluster.id, [one]) for one in shown]
    if not shown:
        return parent_of, rows
    taken = {seen.id for seen in before.parents}
    for level, labels in enumerate(levels(np.stack([one.cluster.centroid for one in shown])), start=1):
        leaves: dict[int, list[Named]] = defaultdict(list)
        children: dict[int, list[str]] = defaultdict(list)
        place = {one.cluster.id: int(label) for one, label in zip(shown, labels, strict=True)}
        for id, under in below:
            label = place[under[0].cluster.id]
            children[label].append(id)
            leaves[label] += under
        order = sorted(children)
        today = [Seen("", "", frozenset(children[label])) for label in order]
        kept = match(before.parents, today)
        names = [_parent_name(before, kept.get(at), seen.members) for at, seen in enumerate(today)]
        named_parents = name_parents([leaves[label] for label in order], names, means.model, kind)
        below = []
        for at, label in enumerate(order):
            id = kept.get(at) or new_id(f"{owner}/{level}", min(children[label]), taken)
            taken.add(id)
            parent_of |= dict.fromkeys(children[label], id)
            rows.append(_parent_row(id, level, leaves[label], *named_parents[at]))
            below.append((id, leaves[label]))
    for row in rows:
        row["parent_id"] = parent_of.get(row["cluster_id"], "")
    return parent_of, rows


def _parent_name(before: Before, id: str | None, children: frozenset[str]) -> Name | None:
    """The name of before, where the children are still those that it was given for."""
    was = next((seen for seen in before.parents if seen.id == id), None)
    return before.parent_names[was.id] if was and was.name and is_still(was.members, children) else None


def _parent_row(id: str, level: int, leaves: Sequence[Named], name: Name, terms: tuple[str, ...]) -> Row:
    items = [item for one in leaves for item in one.cluster.items]
    sizes = [len(one.cluster.items) for one in leaves]
    stability = float(np.average([one.cluster.stability for one in leaves], weights=sizes))
    return {
        "cluster_id": id, "level": level, "title": name.text, "name_by": name.by, "terms": list(terms),
        "badge": "tentative", "stability": stability, "stability_low": min(one.cluster.interval[0] for one in leaves),
        "stability_high": max(one.cluster.interval[1] for one in leaves),
    } | _counts(items)  # fmt: skip


# --- rows -------------------------------------------------------------------------------------------------------------


def _cluster_row(one: Named) -> Row:
    cluster = one.cluster
    return {
        "cluster_id": cluster.id, "level": 0, "title": one.name.text, "name_by": one.name.by, "terms": list(one.terms),
        "badge": cluster.badge, "stability": cluster.stability, "stability_low": cluster.interval[0],
        "stability_high": cluster.interval[1], "is_held_back": cluster.is_held_back,
    } | _counts(cluster.items)  # fmt: skip


def _counts(items: Sequence[Item]) -> Row:
    return {
        "finding_count": len(items),
        "conversation_count": len({item.conversation_id for item in items}),
        "user_count": len({item.user_id for item in items} - {""}),
    }


def _points(
    items: Sequence[Item], clustering: Clustering, before: Before, means: Means
) -> dict[str, tuple[float, float]]:
    ids = sorted(item.id for item in items)
    found = places(ids, clustering.vectors, before.places, anew=before.embedder != means.embedder.name)
    return {id: (float(x), float(y)) for id, (x, y) in zip(ids, found, strict=True)}


def _member_rows(
    items: Sequence[Item],
    clustering: Clustering,
    points: Mapping[str, tuple[float, float]],
    before: Before,
    known: Sequence[Known],
    key: Row,
    stamp: Stamp,
) -> list[Row]:
    """One row an item; where nothing was grouped anew, only for items that are new or elsewhere now."""
    was = dict.fromkeys(before.places, "") | {id: cluster.id for cluster in known for id in cluster.members}
    rows = []
    for item in items:
        placement = clustering.placements[item.id]
        if not clustering.is_regrouped and was.get(item.id) == placement.cluster_id:
            continue
        x, y = points[item.id]
        rows.append(
            key
            | {
                "item_id": item.id, "conversation_id": item.conversation_id, "cluster_id": placement.cluster_id,
                "is_assigned": placement.is_assigned, "membership": placement.membership,
                "outlier_score": placement.outlier_score, "x": x, "y": y,
            }
            | stamp.columns
        )  # fmt: skip
    return rows
