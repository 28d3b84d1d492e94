"""Bring the clusters of some items up to date: the same ids, names and boundaries from run to run, unless the data moved.

    items ─▶ few new ones, near what is known?  ─yes▶ each into the cluster within whose radius it stands, else loose
                      │ no: first run, other vectors, a tenth new, or too many that match nothing
                      ▼
             group all anew ─▶ give the ids of before to whom they belong (lineage) ─▶ split as people decided
                                                                                     ─▶ hold back what is too small
Pure given the embedder.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analyzer.clusters.assign import Cluster, assign, centroids_of, is_rising, radii_of
from analyzer.clusters.graph import Labels
from analyzer.clusters.group import Grouping, Method, group
from analyzer.clusters.lineage import LineageEvent, Seen, events, match
from analyzer.clusters.small import group_few
from analyzer.clusters.stability import Badge
from analyzer.edits import Edits
from analyzer.models import Embedder, Vectors
from analyzer.text import stems

FEW = 100  # distinct texts below which groups are made by linkage alone and are tentative, all of them
_ALWAYS = 1_000  # items up to which grouping anew costs less than thinking about it
_NEW = 0.1  # share of items that came since the last grouping, from which on all are grouped anew
_NEARER = 1e-4  # cosine by which an item must be nearer to move; equal texts stay where they are
_SEED = 42


@dataclass(frozen=True, slots=True)
class Item:
    """Something that is grouped: what it says, and whose it is. `user_id` is empty where unknown."""

    id: str
    text: str
    conversation_id: str
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A cluster as the last run left it. `core` are the items that made it, `members` those put there later, too."""

    id: str
    name: str
    members: frozenset[str]
    core: frozenset[str]
    badge: Badge = "tentative"
    stability: float = 0.0
    interval: tuple[float, float] = (0.0, 0.0)
    name_by: str = "terms"
    terms: tuple[str, ...] = ()
    is_held_back: bool = False
    conversation_count: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a cluster must have to be shown. Users count where they are known."""

    min_conversations: int = 2
    min_users: int = 1


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an item belongs: `cluster_id` is empty for what is not yet a pattern.

    `membership` and `outlier_score` are 0 to 1, as `group` gives them; `is_assigned` marks what came after the clusters
    were made, whether it stands within the radius of one or of none.
    """

    cluster_id: str
    membership: float = 0.0
    outlier_score: float = 0.0
    is_assigned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A cluster of today, largest first. `centroid` is float32[d] of length 1."""

    id: str
    items: tuple[Item, ...]
    centroid: Vectors
    badge: Badge
    stability: float
    interval: tuple[float, float]
    is_held_back: bool = False
    known: Known | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Clustering:
    """What there is today. `vectors` is float32[n, d] in the order of the items' ids; `note` is that of a `Grouping`."""

    clusters: tuple[Kept, ...]
    placements: Mapping[str, Placement]
    is_regrouped: bool
    vectors: Vectors
    note: str = ""


def bring_up_to_date(
    items: Sequence[Item],
    known: Sequence[Known],
    embedder: Embedder,
    *,
    owner: str,
    may_extend: bool = True,
    loose_ids: Collection[str] = (),
    edits: Edits | None = None,
    rules: Rules | None = None,
    method: Method = "neighbours",
) -> Clustering:
    """Return the clusters of today.

    Args:
        items: all that there are, old and new.
        known: clusters of the last run.
        embedder: equal texts get one vector.
        owner: what the items are and whose; part of new ids.
        may_extend: whether the boundaries of before can hold; False where the embedder or the method has changed since.
        loose_ids: items that belonged nowhere when the clusters were made; those that came later are asked again.
        edits: what people decided.
        rules: what a cluster must have to be shown.
        method: how a hundred distinct texts and more are grouped.
    """
    edits, rules = edits or Edits(), rules or Rules()
    items = sorted(items, key=lambda item: item.id)
    vectors = _embedded(items, embedder)
    placed = _extended(items, vectors, known, frozenset(loose_ids)) if may_extend else None
    is_regrouped = placed is None
    if placed is None:
        placed = _regrouped(items, vectors, _whole(known, edits), owner, method)
    placed = _carved(placed, items, vectors, edits)
    clusters = _clusters(placed, items, vectors, {cluster.id: cluster for cluster in known}, edits, rules)
    return Clustering(clusters, placed.of, is_regrouped, vectors, placed.note)


def history(known: Sequence[Known], clusters: Sequence[Kept], names: Mapping[str, str]) -> list[LineageEvent]:
    """Tell what happened to what is shown since the last run; `names` are those of today by id."""
    today = [
        Seen(
            c.id, names.get(c.id, ""), frozenset(item.id for item in c.items),
            conversation_count=len({item.conversation_id for item in c.items}),
        ) for c in clusters if not c.is_held_back
    ]  # fmt: skip
    before = [
        Seen(c.id, c.name, c.members, conversation_count=c.conversation_count) for c in known if not c.is_held_back
    ]
    return events(before, today)


@dataclass(frozen=True, slots=True)
class _Placed:
    """Items by cluster id, how sure each cluster is (badge, stability and its interval), and the note of the grouping."""

    of: dict[str, Placement]
    sure: dict[str, tuple[Badge, float, tuple[float, float]]]
    note: str = ""


def _embedded(items: Sequence[Item], embedder: Embedder) -> Vectors:
    """One vector an item; texts of equal content words are embedded once."""
    keys = [_key(item.text) for item in items]
    distinct = sorted(set(keys))
    if not distinct:
        return np.zeros((0, 1), dtype=np.float32)
    vectors = embedder.embed(distinct)
    place = {key: at for at, key in enumerate(distinct)}
    return np.asarray(vectors[[place[key] for key in keys]], dtype=np.float32)


def _key(text: str) -> str:
    """A text without its layout and case; `-` where nothing is left."""
    return " ".join(text.lower().split()) or "-"


def _extended(
    items: Sequence[Item], vectors: Vectors, known: Sequence[Known], loose_ids: frozenset[str]
) -> _Placed | None:
    """Keep the clusters and put what came after them into them; None where it is time to group anew.

    What came later and matched nothing is looked at again each time: a topic that comes in drops adds up.
    """
    ids = {item.id for item in items}
    standing = [cluster for cluster in known if not ids.isdisjoint(cluster.core)]
    of_core = {id: label for label, cluster in enumerate(standing) for id in cluster.core}
    late = [at for at, item in enumerate(items) if item.id not in of_core and item.id not in loose_ids]
    if not standing or len(items) <= _ALWAYS or len(late) > _NEW * len(items):
        return None
    labels = np.array([of_core.get(item.id, -1) for item in items], dtype=np.int64)
    centroids = centroids_of(vectors, labels)
    radii = radii_of(vectors, labels, centroids)
    frame = [
        Cluster(label, 0.0, c.stability, c.interval, c.badge, float(radii[label]), centroids[label])
        for label, c in enumerate(standing)
    ]
    found = assign(vectors[late], frame)
    home = {id: label for label, cluster in enumerate(standing) for id in cluster.members}
    placed = np.array([home.get(items[at].id, label) for at, label in zip(late, found.labels, strict=True)])
    if is_rising(placed):
        return None
    names = [*(cluster.id for cluster in standing), ""]  # -1 is the last
    of = {
        item.id: Placement(names[label], 1.0 if label >= 0 else 0.0) for item, label in zip(items, labels, strict=True)
    }
    for at, label, similarity in zip(late, placed, found.similarities, strict=True):
        of[items[at].id] = Placement(names[label], float(similarity), is_assigned=True)
    return _Placed(of, {c.id: (c.badge, c.stability, c.interval) for c in standing})


def _regrouped(items: Sequence[Item], vectors: Vectors, known: Sequence[Known], owner: str, method: Method) -> _Placed:
    grouping = _grouped(items, vectors, method)
    members: dict[int, list[int]] = defaultdict(list)
    for at, label in enumerate(grouping.labels):
        if label >= 0:
            members[int(label)].append(at)
    labels = sorted(members)
    today = [
        Seen("", "", frozenset(items[at].id for at in members[label]), grouping.clusters[label].centroid)
        for label in labels
    ]
    kept = match([Seen(cluster.id, cluster.name, cluster.members) for cluster in known], today)
    taken = {cluster.id for cluster in known}
    ids: dict[int, str] = {}
    for position, label in enumerate(labels):
        ids[label] = kept.get(position) or new_id(owner, min(today[position].members), taken)
        taken.add(ids[label])
    of = {
        item.id: Placement(
            ids.get(int(grouping.labels[at]), ""), float(grouping.membership[at]), float(grouping.outlier_scores[at])
        )
        for at, item in enumerate(items)
    }
    sure = {ids[c.label]: (c.badge, c.stability, c.interval) for c in grouping.clusters if c.label in ids}
    return _Placed(of, sure, grouping.note)


def _whole(known: Sequence[Known], edits: Edits) -> list[Known]:
    """The clusters of before with what people split off put back: grouping knows nothing of it, and would take it for
    the cluster itself where it is the larger part."""
    found = {cluster.id: cluster for cluster in known}
    for cluster in known:
        origin = cluster.id
        while origin in edits.origins:
            origin = edits.origins[origin]
        if origin != cluster.id:
            del found[cluster.id]
            rest = found.get(origin)
            members = cluster.members | (rest.members if rest else frozenset())
            found[origin] = replace(rest or cluster, id=origin, members=members)
    return list(found.values())


def _grouped(items: Sequence[Item], vectors: Vectors, method: Method) -> Grouping:
    distinct_count = len({_key(item.text) for item in items})
    return group_few(vectors) if distinct_count < FEW else group(vectors, seed=_SEED, method=method)


def new_id(owner: str, first: str, taken: Collection[str]) -> str:
    """12 hex that follow from the owner and the first member; another try where a cluster that split has them already."""
    for attempt in range(len(taken) + 1):
        id = hashlib.blake2b("\x1f".join((owner, first, str(attempt))).encode(), digest_size=6).hexdigest()
        if id not in taken:
            return id
    raise AssertionError("one of more candidates than there are ids is free")


def _carved(placed: _Placed, items: Sequence[Item], vectors: Vectors, edits: Edits) -> _Placed:
    """Move what people split off, and what is nearer to it than to the cluster that it was split off from."""
    position = {item.id: at for at, item in enumerate(items)}
    pieces: dict[str, list[int]] = defaultdict(list)
    for item_id, piece in edits.carved.items():
        if item_id in position:
            pieces[piece].append(position[item_id])
    if not pieces:
        return placed
    of, sure = dict(placed.of), dict(placed.sure)
    for piece, rows in pieces.items():
        origin = edits.resolve(edits.origins[piece])
        left = [
            at for at, item in enumerate(items)
            if at not in set(rows) and edits.resolve(of[item.id].cluster_id) == origin and item.id not in edits.carved
        ]  # fmt: skip
        sure[piece] = sure.get(piece) or sure.get(origin) or ("tentative", 0.0, (0.0, 0.0))
        for at in [*rows, *_nearer(vectors, left, rows)]:
            of[items[at].id] = replace(of[items[at].id], cluster_id=piece)
    return replace(placed, of=of, sure=sure)


def _nearer(vectors: Vectors, left: Sequence[int], taken: Sequence[int]) -> list[int]:
    """Those of `left` that are nearer to the middle of `taken` than to their own."""
    if not left:
        return []
    labels = np.full(len(vectors), -1, dtype=np.int64)
    labels[list(left)], labels[list(taken)] = 0, 1
    similarities = vectors[list(left)] @ centroids_of(vectors, labels).T
    return [at for at, (own, other) in zip(left, similarities, strict=True) if other > own + _NEARER]


def _clusters(
    placed: _Placed,
    items: Sequence[Item],
    vectors: Vectors,
    known: Mapping[str, Known],
    edits: Edits,
    rules: Rules,
) -> tuple[Kept, ...]:
    ids = sorted({placement.cluster_id for placement in placed.of.values()} - {""})
    rank = {id: label for label, id in enumerate(ids)}
    labels: Labels = np.array([rank.get(placed.of[item.id].cluster_id, -1) for item in items], dtype=np.int64)
    centroids = centroids_of(vectors, labels) if ids else vectors
    members: dict[int, list[Item]] = defaultdict(list)
    for label, item in zip(labels, items, strict=True):
        members[int(label)].append(item)
    found = [
        Kept(
            id,
            tuple(members[label]),
            centroids[label],
            *placed.sure[id],
            is_held_back=edits.resolve(id) not in edits.pinned and _is_small(members[label], rules),
            known=known.get(id),
        )
        for id, label in rank.items()
    ]
    return tuple(sorted(found, key=lambda cluster: (-len(cluster.items), cluster.id)))


def _is_small(items: Sequence[Item], rules: Rules) -> bool:
    users = {item.user_id for item in items if item.user_id}
    conversations = {item.conversation_id for item in items}
    return len(conversations) < rules.min_conversations or (bool(users) and len(users) < rules.min_users)


def keeps_name(cluster: Kept) -> bool:
    """Whether the cluster had a name that still fits."""
    if cluster.known is None or not cluster.known.name:
        return False
    return is_still(cluster.known.members, {item.id for item in cluster.items})


def is_still(before: Collection[str], now: Collection[str]) -> bool:
    """Whether what was named before is what there is now: seven of ten are still there, and not twice as many more."""
    return len(set(now) & set(before)) >= 0.7 * len(before) and len(now) <= 2 * len(before)


def vocabulary(items: Sequence[Item]) -> frozenset[str]:
    """The stems that items of at least two owners use; the owner of an item is its user, else its conversation."""
    owners: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for stem in stems(item.text):
            owners[stem].add(item.user_id or item.conversation_id)
    return frozenset(stem for stem, used_by in owners.items() if len(used_by) > 1)
