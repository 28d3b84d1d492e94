"""Lists of any length reach a server that takes 128 KiB for one parameter."""

from clickhouse_connect.driver.binding import format_bind_value
from hypothesis import given
from hypothesis import strategies as st

from schemas.parameters import in_pieces, side_by_side


@given(st.lists(st.text(alphabet="a\\'`\t\nü😀", max_size=40), max_size=5).map(lambda values: values * 1500))
def test_every_piece_fits_and_nothing_is_lost(values: list[str]) -> None:
    """Escapes and text beyond ASCII count as the bytes they become; order and repetition stay."""
    pieces = list(in_pieces(values))
    assert [value for piece in pieces for value in piece] == values
    assert all(len(format_bind_value(piece).encode()) <= 100_002 for piece in pieces)  # and two brackets


def test_pieces_are_as_large_as_they_may_be() -> None:
    """What fits is asked for at once; a value that is too long by itself stands alone."""
    assert list(in_pieces([2**63 + number for number in range(4_000)])) == [[2**63 + n for n in range(4_000)]]
    assert [len(piece) for piece in in_pieces([f"{number:032x}" for number in range(5_000)])] == [2_777, 2_223]
    assert list(in_pieces(["a", "b" * 200_000, "c"])) == [["a"], ["b" * 200_000], ["c"]]
    assert list(in_pieces([])) == []


def test_several_lists_are_cut_side_by_side() -> None:
    """As many times to ask as the longest list needs, not one for each pair of pieces."""
    ids = [f"{number:032x}" for number in range(5_000)]
    first, second = side_by_side({"ids": ids, "names": ["a"], "none": []})
    assert (first["names"], second["names"], first["none"]) == (["a"], [], [])
    assert first["ids"] + second["ids"] == ids
