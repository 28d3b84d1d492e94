"""Clusters that stay what they are from run to run."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from analyzer.clusters.keep import (
    Clustering,
    Item,
    Known,
    Rules,
    bring_up_to_date,
    history,
    keeps_name,
    vocabulary,
)
from analyzer.edits import Edit, in_effect
from analyzer.models import Vectors


class Topics:
    """An embedder that reads the topic out of `topic/variant`: topics are far apart, variants of one near each other."""

    name = "topics"

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = []
        for text in texts:
            topic, _, variant = text.partition("/")
            middle = np.random.default_rng(sum(topic.encode())).normal(size=32)
            around = np.random.default_rng(int(variant or 0)).normal(size=32)
            row = middle / np.linalg.norm(middle) + 0.5 * around / np.linalg.norm(around)
            rows.append(row / np.linalg.norm(row))
        return np.array(rows, dtype=np.float32)


def items(counts: dict[str, int], start: int = 0) -> list[Item]:
    return [
        Item(f"{topic}{start + n:04}", f"{topic}/{start + n}", f"c{topic}{start + n}", f"u{topic}{start + n}")
        for topic, count in counts.items()
        for n in range(count)
    ]


def today(found: list[Item], known: Sequence[Known] = (), **rest: object) -> Clustering:
    return bring_up_to_date(found, known, Topics(), owner="shop", **rest)  # type: ignore[arg-type]  # by name


def as_known(clustering: Clustering, name: str = "") -> list[Known]:
    found = []
    for cluster in clustering.clusters:
        members = frozenset(item.id for item in cluster.items)
        core = frozenset(id for id in members if not clustering.placements[id].is_assigned)
        found.append(
            Known(
                cluster.id,
                name or cluster.id,
                members,
                core,
                cluster.badge,
                conversation_count=len({item.conversation_id for item in cluster.items}),
            )
        )
    return found


def loose(clustering: Clustering) -> set[str]:
    return {id for id, placement in clustering.placements.items() if not placement.cluster_id}


def left_out(clustering: Clustering) -> set[str]:
    """What belonged nowhere when clusters were made, as it is stored."""
    return {id for id in loose(clustering) if not clustering.placements[id].is_assigned}


def by_topic(clustering: Clustering) -> dict[str, str]:
    """The id of the cluster that each topic is in; fails where a topic is in several."""
    found: dict[str, str] = {}
    for cluster in clustering.clusters:
        for item in cluster.items:
            assert found.setdefault(item.text.partition("/")[0], cluster.id) == cluster.id
    return found


def test_few_items_are_grouped_and_called_tentative() -> None:
    """A dozen findings of three kinds are three groups, and nothing is promised about them."""
    found = today(items({"refund": 5, "seat": 4, "invoice": 3}))
    assert len(found.clusters) == 3
    assert {cluster.badge for cluster in found.clusters} == {"tentative"}
    assert loose(found) == set()


def test_many_items_are_grouped_with_a_stability() -> None:
    """Four planted topics of fifty are found, and each would be found again."""
    found = today(items({"refund": 50, "seat": 50, "invoice": 50, "hotel": 50}))
    assert len(by_topic(found)) == 4
    assert all(cluster.badge == "stable" and cluster.interval[0] > 0.5 for cluster in found.clusters)


def test_the_order_of_items_changes_nothing() -> None:
    """Rows come from the database in any order."""
    listed = items({"refund": 20, "seat": 20, "invoice": 20})
    shuffled = random.Random(1).sample(listed, len(listed))
    assert by_topic(today(listed)) == by_topic(today(shuffled))


@pytest.mark.parametrize("count", [12, 60])
def test_ids_survive_new_data(count: int) -> None:
    """A fifth more data, and every topic has the id it had; a new topic has a new one."""
    before = today(items({"refund": count, "seat": count, "invoice": count}))
    more = items({"refund": count // 4, "seat": count // 5, "hotel": count // 2}, start=1000)
    after = today([item for cluster in before.clusters for item in cluster.items] + more, as_known(before))
    ids = by_topic(after)
    assert {topic: ids[topic] for topic in by_topic(before)} == by_topic(before)
    assert ids["hotel"] not in by_topic(before).values()


def test_a_little_that_is_new_is_put_into_what_there_is() -> None:
    """Of a large set only the new are looked at: those near a cluster join it, the others belong nowhere yet."""
    topics = {f"topic{n}": 120 for n in range(10)}
    before = today(items(topics))
    old = items(topics)
    new = [*items({"topic3": 4}, start=5000), *items({"unheard": 2}, start=5000)]
    after = today([*old, *new], as_known(before), loose_ids=left_out(before))
    assert not after.is_regrouped
    assert by_topic(after) == by_topic(before)
    joined = [id for id, placement in after.placements.items() if placement.is_assigned and placement.cluster_id]
    assert 1 <= len(joined) <= 4
    assert all(id.startswith("topic35") for id in joined)
    assert loose(after) >= {item.id for item in items({"unheard": 2}, start=5000)}


def test_a_topic_that_comes_in_drops_is_found() -> None:
    """Twenty a run are never many, but none of them matches anything: the third run groups anew and finds what they are."""
    there = items({f"topic{n}": 120 for n in range(10)})
    found = today(there)
    regrouped = []
    for start in (5000, 5020, 5040):
        there += items({"unheard": 20}, start=start)
        found = today(there, as_known(found), loose_ids=left_out(found))
        regrouped.append(found.is_regrouped)
    assert regrouped == [False, False, True]
    assert "unheard" in by_topic(found)


def test_what_joined_a_cluster_outlives_those_that_made_it() -> None:
    """Where all that a cluster was made of is gone, what came later is looked at anew."""
    before = today(items({f"topic{n}": 150 for n in range(10)}))
    gone, *kept = as_known(before)
    late = sorted(gone.members)[0]
    known = [replace(gone, core=gone.core - {late}), *kept]
    there = [item for cluster in before.clusters for item in cluster.items if item.id not in known[0].core]
    after = today(there, known, loose_ids=left_out(before))
    assert not after.is_regrouped
    assert late in loose(after)


def test_much_that_is_new_is_grouped_anew() -> None:
    """A tenth more than there was ends the old boundaries, not the old ids."""
    topics = {f"topic{n}": 120 for n in range(10)}
    before = today(items(topics))
    after = today([*items(topics), *items({"unheard": 140}, start=5000)], as_known(before))
    assert after.is_regrouped
    assert by_topic(after).items() >= by_topic(before).items()


def test_another_embedder_groups_anew_and_keeps_ids() -> None:
    """Boundaries of other vectors mean nothing; members still tell who is who."""
    topics = {f"topic{n}": 120 for n in range(10)}
    before = today(items(topics))
    after = today(items(topics), as_known(before), may_extend=False)
    assert after.is_regrouped
    assert by_topic(after) == by_topic(before)


def test_what_is_too_small_is_held_back_unless_pinned() -> None:
    """One conversation is no pattern, nor is one user where more are asked for; a pin shows it all the same."""
    one_user = [Item(f"i{n}", f"seat/{n}", f"c{n}", "u1") for n in range(4)]
    assert not today(one_user).clusters[0].is_held_back
    held = today(one_user, rules=Rules(min_users=2)).clusters[0]
    assert held.is_held_back
    pinned = in_effect([Edit("1", "pin", held.id, 1)])
    assert not today(one_user, rules=Rules(min_users=2), edits=pinned).clusters[0].is_held_back


def test_unknown_users_do_not_hold_a_cluster_back() -> None:
    """Where nobody says who the users are, conversations decide."""
    unknown = [Item(f"i{n}", f"seat/{n}", f"c{n}") for n in range(4)]
    assert not today(unknown, rules=Rules(min_users=2)).clusters[0].is_held_back


def test_a_split_by_people_survives_grouping_anew() -> None:
    """The named items and those nearer to them stay apart, under the id that was given to them."""
    half = [Item(f"a{n}", "seat/1", f"ca{n}") for n in range(5)] + [Item(f"b{n}", "seat/2", f"cb{n}") for n in range(5)]
    (whole,) = today(half).clusters
    edits = in_effect([Edit("1", "split", whole.id, 1, target_id="piece", finding_ids=("b0", "b1"))])
    after = today(half, as_known(today(half)), edits=edits)
    assert {cluster.id: sorted(item.id for item in cluster.items) for cluster in after.clusters} == {
        whole.id: ["a0", "a1", "a2", "a3", "a4"],
        "piece": ["b0", "b1", "b2", "b3", "b4"],
    }
    again = today(half, as_known(after), edits=edits)
    assert by_id(again) == by_id(after)


def by_id(clustering: Clustering) -> dict[str, list[str]]:
    return {cluster.id: sorted(item.id for item in cluster.items) for cluster in clustering.clusters}


def test_history_tells_of_births_and_growth() -> None:
    """What was not there is born, what has more members grew."""
    before = today(items({"refund": 12, "seat": 12}))
    after = today([*items({"refund": 12, "seat": 12}), *items({"hotel": 9, "seat": 2}, start=500)], as_known(before))
    ids = by_topic(after)
    told = {
        (event.event, event.cluster_id)
        for event in history(as_known(before), after.clusters, {i: i for i in ids.values()})
    }
    assert told == {("born", ids["hotel"]), ("grew", ids["seat"])}


def test_a_name_is_kept_while_it_fits() -> None:
    """A cluster with most of its members and not many more keeps its name; one that doubled is named anew."""
    before = today(items({"refund": 12}))
    known = as_known(before, "Refund twice")
    assert keeps_name(today(items({"refund": 14}), known).clusters[0])
    assert not keeps_name(today(items({"refund": 30}), known).clusters[0])
    assert not keeps_name(before.clusters[0])


def test_only_words_of_several_owners_are_in_the_vocabulary() -> None:
    """A name that one user said ten times is that user's."""
    mine = [Item(f"m{n}", "call jane about berlin", f"c{n}", "u1") for n in range(10)]
    theirs = [Item("t", "flights to berlin", "c11", "u2")]
    assert vocabulary([*mine, *theirs]) == {"berlin"}


def test_nothing_to_group_is_no_cluster() -> None:
    """An empty database is ordinary."""
    assert today([]).clusters == ()
