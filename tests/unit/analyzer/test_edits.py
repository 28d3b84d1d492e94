"""What people decided about issues."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.edits import Edit, in_effect


def merge(source: str, target: str, at: int) -> Edit:
    return Edit(f"e{at}", "merge", source, at, target_id=target)


def test_an_issue_nobody_touched_counts_for_itself() -> None:
    """Without edits every id is its own."""
    assert in_effect([]).resolve("A") == "A"


def test_merges_are_followed_to_their_end() -> None:
    """A went into B, then B into C: what is found under A counts under C."""
    edits = in_effect([merge("A", "B", 1), merge("B", "C", 2)])
    assert [edits.resolve(issue_id) for issue_id in "ABC"] == ["C", "C", "C"]


def test_merging_back_turns_the_older_merge_around() -> None:
    """The later decision wins: A into B, then B into A leaves both under A."""
    edits = in_effect([merge("A", "B", 1), merge("B", "A", 2)])
    assert [edits.resolve(issue_id) for issue_id in "AB"] == ["A", "A"]


def test_a_later_merge_replaces_an_earlier_one_of_the_same_issue() -> None:
    """An issue is in one place."""
    assert in_effect([merge("A", "B", 1), merge("A", "C", 2)]).resolve("A") == "C"


def test_the_order_of_rows_does_not_matter_but_their_time_does() -> None:
    """Rows come from the database in any order."""
    renames = [Edit("1", "rename", "A", 1, name="first"), Edit("2", "rename", "A", 2, name="second")]
    assert in_effect(renames[::-1]).names == {"A": "second"}


def test_a_split_takes_its_findings_along_under_a_new_id() -> None:
    """The named findings belong to the new issue, which remembers where it came from and what it was called."""
    edits = in_effect([Edit("1", "split", "A", 1, target_id="N", name="Refunds", finding_ids=("f1", "f2"))])
    assert edits.carved == {"f1": "N", "f2": "N"}
    assert edits.origins == {"N": "A"}
    assert edits.names == {"N": "Refunds"}


def test_a_pin_stays() -> None:
    """Pinned is pinned, whatever else happens to the issue."""
    assert in_effect([Edit("1", "pin", "A", 1), merge("B", "A", 2)]).pinned == {"A"}


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")), max_size=30))
def test_no_sequence_of_merges_makes_a_circle(pairs: list[tuple[str, str]]) -> None:
    """Following merges always ends, and the last merge is in effect."""
    edits = in_effect([merge(source, target, at) for at, (source, target) in enumerate(pairs)])
    ends = {issue_id: edits.resolve(issue_id) for issue_id in "ABCDE"}
    assert all(edits.resolve(end) == end for end in ends.values())
    if pairs:
        source, target = pairs[-1]
        assert ends[source] == ends[target]
