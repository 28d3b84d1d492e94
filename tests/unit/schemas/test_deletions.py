"""What a deletion announces is what it deletes: each `delete_` statement has a `count_` that asks about the same rows."""

from importlib.resources import files

import pytest

QUERIES = files("schemas") / "queries"


def condition(name: str) -> list[str]:
    """The words of a statement from WHERE on, without what only a mutation has."""
    words = (QUERIES / f"{name}.sql").read_text("utf-8").partition("WHERE")[2].split()
    return words[: words.index("SETTINGS")] if "SETTINGS" in words else words


@pytest.mark.parametrize("what", ["own_bodies", "response_feedback", "rows", "said_ids"])
def test_the_rows_counted_are_the_rows_deleted(what: str) -> None:
    """ClickHouse has no statement that does both, so the condition stands twice."""
    assert condition(f"count_{what}") == condition(f"delete_{what}") != []


def test_times_of_traces_are_counted_before_it_is_known_who_else_has_them() -> None:
    """The one pair that differs: an id that another tenant has as well is counted, and kept as long as its spans are there."""
    counted, deleted = condition("count_trace_times"), condition("delete_trace_times")
    assert deleted[: len(counted)] == counted
    assert deleted[len(counted) : len(counted) + 4] == ["AND", "TraceId", "NOT", "IN"]
