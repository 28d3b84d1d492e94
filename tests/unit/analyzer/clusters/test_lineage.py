"""Identity of clusters over runs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.clusters.lineage import LineageEvent, Seen, events, match


def seen(id: str, members: str, name: str = "", at: tuple[float, ...] | None = None) -> Seen:
    centroid = None if at is None else np.array(at, dtype=np.float32)
    return Seen(id, name or id, frozenset(members), centroid, len(members))


def told(former: list[Seen], today: list[Seen]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(event.event, event.cluster_id, event.related_ids) for event in events(former, today)]


def test_a_cluster_that_grew_keeps_its_id() -> None:
    """New members do not count against a cluster: only those that both runs saw are compared."""
    assert match([seen("A", "abc"), seen("B", "xyz")], [seen("", "xyzuvwrst"), seen("", "abcdefgh")]) == {
        0: "B",
        1: "A",
    }


def test_the_larger_piece_of_a_split_keeps_the_id() -> None:
    """Both pieces overlap the former cluster; the id goes to where most of it went."""
    assert match([seen("A", "abcde")], [seen("", "ab"), seen("", "cde")]) == {1: "A"}


def test_ids_go_where_the_overlap_is_largest_in_total() -> None:
    """A greedy choice for the first cluster would leave the second with nothing."""
    former = [seen("A", "abcdef"), seen("B", "ghi")]
    today = [seen("", "abcghi"), seen("", "def")]
    assert match(former, today) == {0: "B", 1: "A"}


def test_clusters_without_common_members_are_one_at_the_same_place() -> None:
    """All old members may have expired; a cluster at the same place with none of them is still the same."""
    former = [seen("A", "abc", at=(1.0, 0.0)), seen("B", "xyz", at=(0.0, 1.0))]
    assert match(former, [seen("", "def", at=(0.99, 0.14)), seen("", "uvw", at=(0.7, 0.7))]) == {0: "A"}


def test_members_count_more_than_places() -> None:
    """A cluster that shares members is never given away for one that merely stands nearby."""
    former = [seen("A", "abc", at=(1.0, 0.0))]
    today = [seen("", "xyz", at=(1.0, 0.0)), seen("", "abc", at=(0.0, 1.0))]
    assert match(former, today) == {1: "A"}


def test_nothing_before_or_nothing_today_matches_nothing() -> None:
    """Empty runs are ordinary."""
    assert match([], [seen("", "a")]) == {}
    assert match([seen("A", "a")], []) == {}


def test_what_stayed_the_same_has_no_event() -> None:
    """History tells of changes only."""
    assert events([seen("A", "abc")], [seen("A", "abc")]) == []


def test_growth_and_a_new_name_are_told_apart() -> None:
    """One event each, with sizes and the former name."""
    assert events([seen("A", "ab", "old")], [seen("A", "abc", "new")]) == [
        LineageEvent("grew", "A", "new", size_before=2, size_after=3),
        LineageEvent("renamed", "A", "new", size_before=2, size_after=3, name_before="old"),
    ]


def test_sizes_are_conversations() -> None:
    """The numbers of every other page: sixteen findings of eight conversations are born as eight, and no more is no growth."""
    before, after = Seen("A", "a", frozenset("ab"), None, 1), Seen("A", "a", frozenset("abc"), None, 1)
    assert events([], [after]) == [LineageEvent("born", "A", "a", size_after=1)]
    assert events([before], [after]) == []


def test_a_split_names_its_pieces_and_they_are_not_born() -> None:
    """A piece came from somewhere."""
    assert told([seen("A", "abcdef")], [seen("A", "abcd"), seen("N", "efg")]) == [
        ("shrank", "A", ()),
        ("split", "A", ("N",)),
    ]


def test_a_cluster_absorbed_by_another_merged_and_did_not_die() -> None:
    """Whoever looks for it is led to where it went."""
    assert told([seen("A", "abc"), seen("B", "xyz")], [seen("A", "abcxyz")]) == [
        ("grew", "A", ()),
        ("merged", "A", ("B",)),
    ]


def test_two_clusters_that_became_a_new_one_merged_into_it() -> None:
    """The new cluster has the id of neither, and both are named."""
    assert ("merged", "N", ("A", "B")) in told([seen("A", "abc"), seen("B", "xyz")], [seen("N", "abcxyz")])


def test_a_cluster_from_nowhere_is_born_and_one_without_members_dies() -> None:
    """New members make a birth; members that are in no cluster any more make a death."""
    assert told([seen("A", "abc")], [seen("N", "uvw")]) == [("died", "A", ()), ("born", "N", ())]


def test_one_stray_member_is_no_split() -> None:
    """A single member that moved is noise of the method, not history."""
    assert told([seen("A", "abcdefghij")], [seen("A", "abcdefghi"), seen("N", "jklm")]) == [
        ("shrank", "A", ()),
        ("born", "N", ()),
    ]


groupings = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@given(groupings, groupings)
def test_a_matching_gives_each_id_once_and_does_not_depend_on_order(before: list[int], after: list[int]) -> None:
    """Whatever was grouped how, ids are given at most once, and shuffling the clusters changes nothing."""
    former = [seen(f"F{k}", "".join(chr(97 + i) for i, v in enumerate(before) if v == k)) for k in sorted(set(before))]
    today = [seen("", "".join(chr(97 + i) for i, v in enumerate(after) if v == k)) for k in sorted(set(after))]
    found = match(former, today)
    assert len(set(found.values())) == len(found)
    by_members = {today[j].members: id for j, id in found.items()}
    turned = match(former[::-1], today[::-1])
    totals = [_total(former, today, found), _total(former, today[::-1], turned)]
    assert abs(totals[0] - totals[1]) < 1e-9
    assert by_members.keys() <= {cluster.members for cluster in today}


@given(groupings)
def test_the_same_grouping_keeps_every_id(labels: list[int]) -> None:
    """Nothing changed, so nothing changes its name."""
    former = [seen(f"F{k}", "".join(chr(97 + i) for i, v in enumerate(labels) if v == k)) for k in sorted(set(labels))]
    found = match(former, former)
    assert [found[j] for j in range(len(former))] == [cluster.id for cluster in former]
    assert events(former, former) == []


def _total(former: list[Seen], today: list[Seen], found: dict[int, str]) -> float:
    by_id = {cluster.id: cluster.members for cluster in former}
    known = frozenset().union(*by_id.values())
    return sum(
        len(by_id[id] & today[j].members) / len((by_id[id] | today[j].members) & known) for j, id in found.items()
    )
