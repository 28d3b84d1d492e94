"""Clusters keep their identity from run to run: who of today is whom of before, and what became of the others.

    match     one to one, by the members that both runs saw; by place where they share none (old members may have expired)
    events    born, grew, shrank, split, merged, renamed, died: the history that is shown beside a cluster

Only members known to both runs are compared: a cluster that doubled overnight is still the same cluster. The matching is
the one of largest total overlap (Hungarian method), so that no cluster takes an id which another deserves more.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Event = Literal["born", "grew", "shrank", "split", "merged", "renamed", "died"]

_SAME = 0.3  # Jaccard overlap of common members from which on two clusters are one
_SAME_PLACE = 0.9  # cosine of centroids, where no member is common
_PART = 0.2  # share of a cluster's common members that makes a piece worth telling of
_WHOLE = 0.5  # share of a cluster's common members that must have gone into another for the two to have merged


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster as one run saw it, with the number of its conversations.

    `centroid` is float32[d] of length 1, or None where places cannot be compared.
    """

    id: str
    name: str
    members: frozenset[str]
    centroid: npt.NDArray[np.float32] | None = None
    conversation_count: int = 0


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """What became of one cluster. `related_ids` are the pieces of a split, or the clusters that merged; sizes are conversations."""

    event: Event
    cluster_id: str
    name: str
    related_ids: tuple[str, ...] = ()
    size_before: int = 0
    size_after: int = 0
    name_before: str = ""


def match(former: Sequence[Seen], today: Sequence[Seen]) -> dict[int, str]:
    """Return the former id that each cluster of today keeps, by its position; those that are new are left out.

    Depends on the order of neither. Every id is given once at most.
    """
    if not former or not today:
        return {}
    from scipy.optimize import linear_sum_assignment

    former = sorted(former, key=lambda cluster: cluster.id)
    likeness = _overlaps(former, today)
    _add_places(likeness, former, today)
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return {int(j): former[i].id for i, j in zip(rows, columns, strict=True) if likeness[i, j] >= _SAME}


def events(former: Sequence[Seen], today: Sequence[Seen]) -> list[LineageEvent]:
    """Tell what happened between two runs; `today` has its ids and names already. Nothing is told of what stayed."""
    before = {cluster.id: cluster for cluster in former}
    after = {cluster.id: cluster for cluster in today}
    flows = _flows(former, today)
    pieces = _pieces(before, flows)
    sources = _sources(after, flows)
    told = [event for cluster in today for event in _changes(before.get(cluster.id), cluster)]
    told += [_split(before[id], after, ids) for id, ids in pieces.items()]
    told += [_merged(after[id], before, ids) for id, ids in sources.items()]
    taken = {id for ids in pieces.values() for id in ids}
    absorbed = {id for ids in sources.values() for id in ids}
    told += [
        LineageEvent("born", cluster.id, cluster.name, size_after=cluster.conversation_count)
        for cluster in today
        if cluster.id not in before and cluster.id not in taken
    ]
    told += [
        LineageEvent("died", cluster.id, cluster.name, size_before=cluster.conversation_count, name_before=cluster.name)
        for cluster in former
        if cluster.id not in after and cluster.id not in absorbed and cluster.id not in pieces
    ]
    return sorted(told, key=lambda event: (event.cluster_id, event.event))


def _overlaps(former: Sequence[Seen], today: Sequence[Seen]) -> npt.NDArray[np.float64]:
    """Jaccard overlap of every pair, counted over the members that both runs saw: float64[len(former), len(today)]."""
    likeness = np.zeros((len(former), len(today)))
    position = {id: i for i, cluster in enumerate(former) for id in cluster.members}
    sizes = Counter(position[id] for cluster in today for id in cluster.members if id in position)
    for j, cluster in enumerate(today):
        shared = Counter(position[id] for id in cluster.members if id in position)
        for i, count in shared.items():
            likeness[i, j] = count / (sizes[i] + shared.total() - count)
    return likeness


def _add_places(likeness: npt.NDArray[np.float64], former: Sequence[Seen], today: Sequence[Seen]) -> None:
    """Let two clusters without a common member be one where they stand at the same place; overlap always counts more."""
    lost = _places(former, likeness.sum(axis=1))
    new = _places(today, likeness.sum(axis=0))
    for i, place in lost.items():
        for j, other in new.items():
            cosine = float(place @ other) if len(place) == len(other) else 0.0
            likeness[i, j] = cosine if cosine >= _SAME_PLACE else 0.0


def _places(clusters: Sequence[Seen], likeness: npt.NDArray[np.float64]) -> dict[int, npt.NDArray[np.float32]]:
    """The centroids of clusters that are like no other by their members, by position."""
    return {i: c.centroid for i, c in enumerate(clusters) if not likeness[i] and c.centroid is not None}


def _flows(former: Sequence[Seen], today: Sequence[Seen]) -> dict[str, Counter[str]]:
    """How many members of each former cluster are in which of today's, by ids; what left all clusters is not counted."""
    home = {member: cluster.id for cluster in today for member in cluster.members}
    return {
        cluster.id: Counter(home[member] for member in cluster.members if member in home)
        for cluster in former
    }  # fmt: skip


def _pieces(before: dict[str, Seen], flows: dict[str, Counter[str]]) -> dict[str, tuple[str, ...]]:
    """The new clusters that hold a worthwhile part of each former one, where it is not whole any more."""
    found = {}
    for id, flow in flows.items():
        parts = sorted(other for other, count in flow.items() if count >= max(2, _PART * flow.total()))
        new = tuple(other for other in parts if other not in before)
        if len(parts) > 1 and new:
            found[id] = new
    return found


def _sources(after: dict[str, Seen], flows: dict[str, Counter[str]]) -> dict[str, tuple[str, ...]]:
    """The former clusters that have no id of their own any more, by the cluster that most of their members went into."""
    found: dict[str, list[str]] = defaultdict(list)
    for id, flow in flows.items():
        if id in after or not flow:
            continue
        target, count = max(flow.items(), key=lambda item: (item[1], item[0]))
        if count >= _WHOLE * flow.total():
            found[target].append(id)
    return {id: tuple(sorted(ids)) for id, ids in found.items()}


def _changes(before: Seen | None, after: Seen) -> list[LineageEvent]:
    if before is None:
        return []
    size_before, size_after = before.conversation_count, after.conversation_count
    told = []
    if size_before != size_after:
        event: Event = "grew" if size_after > size_before else "shrank"
        told.append(LineageEvent(event, after.id, after.name, (), size_before, size_after))
    if before.name != after.name:
        told.append(LineageEvent("renamed", after.id, after.name, (), size_before, size_after, before.name))
    return told


def _split(before: Seen, after: dict[str, Seen], ids: tuple[str, ...]) -> LineageEvent:
    size = after[before.id].conversation_count if before.id in after else 0
    name = after[before.id].name if before.id in after else before.name
    return LineageEvent("split", before.id, name, ids, before.conversation_count, size, before.name)


def _merged(after: Seen, before: dict[str, Seen], ids: tuple[str, ...]) -> LineageEvent:
    size = before[after.id].conversation_count if after.id in before else 0
    return LineageEvent("merged", after.id, after.name, ids, size, after.conversation_count)
