"""Give every cluster of today its name: the one it had while that fits, else a new one, by the model or by terms."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.clusters.keep import Clustering, Item, Kept, keeps_name, vocabulary
from analyzer.clusters.model_names import Name, Unnamed, name_groups
from analyzer.clusters.terms import name_clusters
from analyzer.models import ChatModel, Vectors
from analyzer.text import core, impersonal, stems
from schemas.clusters import Kind

_SHOWN_MEMBERS = 12  # of a cluster, to a model
_SHOWN_OUTSIDERS = 6
_LIKE_WORDS = 6  # of a member, where no phrase is shared
_NAMING_SAMPLE = 300  # members whose words make a name of terms


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A cluster of today with its name and distinguishing terms."""

    cluster: Kept
    name: Name
    terms: tuple[str, ...]


def name_kept(
    clustering: Clustering, items: Sequence[Item], said: Mapping[str, str], model: ChatModel | None, kind: Kind
) -> list[Named]:
    clusters = clustering.clusters
    by_terms = name_clusters([[said[item.id] for item in cluster.items[:_NAMING_SAMPLE]] for cluster in clusters])
    wanted = model.name if model else "terms"
    stays = [
        keeps_name(cluster) and cluster.known is not None and cluster.known.name_by == wanted for cluster in clusters
    ]
    asked = [at for at, kept in enumerate(stays) if not kept]
    row_of = {id: at for at, id in enumerate(sorted(item.id for item in items))}
    unnamed = [
        _unnamed(clusters[at], clusters, clustering.vectors, row_of, said, by_terms[at]) for at in asked
    ]  # fmt: skip
    taken = [cluster.known.name for cluster, kept in zip(clusters, stays, strict=True) if kept and cluster.known]
    fresh = dict(zip(asked, name_groups(model, kind, unnamed, taken), strict=True))
    return [
        Named(cluster, fresh[at], by_terms[at][1])
        if at in fresh or cluster.known is None
        else Named(cluster, Name(cluster.known.name, cluster.known.name_by), cluster.known.terms)
        for at, cluster in enumerate(clusters)
    ]


def _unnamed(
    cluster: Kept,
    clusters: Sequence[Kept],
    vectors: Vectors,
    row_of: Mapping[str, int],
    said: Mapping[str, str],
    by_terms: tuple[str, tuple[str, ...]],
) -> Unnamed:
    """Half of the members shown are from the middle, half from all over; outsiders are the nearest of the nearest others."""
    rows = np.array([row_of[item.id] for item in cluster.items])
    order = np.argsort(-(vectors[rows] @ cluster.centroid), kind="stable")
    near = [cluster.items[at].id for at in order[: _SHOWN_MEMBERS // 2]]
    far = [cluster.items[at].id for at in order[_SHOWN_MEMBERS // 2 :: max(1, len(order) // (_SHOWN_MEMBERS // 2))]]
    others = sorted(
        (other for other in clusters if other is not cluster), key=lambda o: -float(o.centroid @ cluster.centroid)
    )[:3]
    around = [item.id for other in others for item in other.items]
    outside = np.array([row_of[id] for id in around], dtype=np.int64)
    nearest = np.argsort(-(vectors[outside] @ cluster.centroid), kind="stable")[:_SHOWN_OUTSIDERS]
    members = tuple(dict.fromkeys(said[id] for id in [*near, *far]))[:_SHOWN_MEMBERS]
    owned = [Item(item.id, said[item.id], item.conversation_id, item.user_id) for item in cluster.items]
    phrase, terms = by_terms
    name = in_short(phrase or ", ".join(terms[:3]), [said[item.id] for item in cluster.items[:_NAMING_SAMPLE]])
    return Unnamed(members, tuple(said[around[at]] for at in nearest), name, terms, vocabulary(owned))


def in_short(phrase: str, texts: Sequence[str]) -> str:
    """A name made of a phrase that texts share, which promises no more than they have in common.

    A single word gets an instance beside it, no word at all is an instance, and what less than half are about is marked
    as one of several. Empty if the texts say nothing.
    """
    about = stems(phrase)
    if not about:
        said = _instance(texts)
        return f"{said}, among others" if said else ""
    sharing = [text for text in texts if about & stems(text)]
    if len(sharing) * 2 < len(texts):
        return f"{phrase}, among others"
    said = _instance(sharing) if len(about) == 1 else phrase
    return phrase if stems(said) <= about else f"{phrase}, such as {said}"


def _instance(texts: Sequence[str]) -> str:
    """The commonest of some texts in six words, without what may name a person; of equally common ones the fullest."""
    short = Counter(core(impersonal(text), limit=_LIKE_WORDS) for text in texts)
    said = max(short, key=lambda text: (bool(stems(text)), short[text], len(stems(text)), text))
    return said if stems(said) else ""


def name_parents(
    groups: Sequence[Sequence[Named]], kept: Sequence[Name | None], model: ChatModel | None, kind: Kind
) -> list[tuple[Name, tuple[str, ...]]]:
    """Names and terms of groups of clusters, made of the names of their clusters, the largest first.

    `kept` are names of before that still fit; a model is not asked for those that it gave.
    """
    texts = [[one.name.text or "-" for one in group] for group in groups]
    by_terms = name_clusters(texts)
    unnamed = [
        Unnamed(
            tuple(texts[at][:_SHOWN_MEMBERS]),
            tuple(other[0] for place, other in enumerate(texts) if place != at)[:_SHOWN_OUTSIDERS],
            ", ".join(terms[:3]) or phrase or f"{texts[at][0]}, among others",
            terms,
            frozenset(word for one in groups[at] for word in vocabulary(one.cluster.items)),
        )
        for at, (phrase, terms) in enumerate(by_terms)
    ]
    stays = {at: name for at, name in enumerate(kept) if name and name.by == (model.name if model else "terms")}
    asked = [at for at in range(len(groups)) if at not in stays]
    fresh = name_groups(model, kind, [unnamed[at] for at in asked], [name.text for name in stays.values()])
    names = stays | dict(zip(asked, fresh, strict=True))
    return [(names[at], terms) for at, (_, terms) in enumerate(by_terms)]
