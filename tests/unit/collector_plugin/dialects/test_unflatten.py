"""Numbered attributes become the lists they were."""

from hypothesis import given
from hypothesis import strategies as st

from collector_plugin.reading.unflatten import unflatten


def test_items_stand_in_order_of_their_numbers_not_of_their_text() -> None:
    """Item 10 follows item 9."""
    attributes = {f"m.{number}.text": str(number) for number in (10, 9, 0)}
    assert unflatten(attributes, "m") == [{"text": "0"}, {"text": "9"}, {"text": "10"}]


def test_lists_within_items_are_lists() -> None:
    """Nested numbers nest."""
    attributes = {"m.0.calls.0.call.name": "a", "m.0.calls.1.call.name": "b", "m.0.role": "assistant"}
    assert unflatten(attributes, "m") == [
        {"role": "assistant", "calls": [{"call": {"name": "a"}}, {"call": {"name": "b"}}]}
    ]


def test_what_is_spread_out_says_more_than_a_summary_under_the_same_key() -> None:
    """The order in which both arrive does not matter."""
    for keys in (("m.0.parts", "m.0.parts.0.text"), ("m.0.parts.0.text", "m.0.parts")):
        assert unflatten(dict.fromkeys(keys, "x"), "m") == [{"parts": [{"text": "x"}]}]


def test_another_prefix_and_an_array_of_the_same_name_are_not_taken() -> None:
    """`messages_2` and the attribute `m` itself are not items of `m`."""
    assert unflatten({"m": "[]", "m2.0.a": "x", "m.a": "x", "xm.0.a": "x"}, "m") == []


@given(st.lists(st.fixed_dictionaries({"role": st.text(), "text": st.text()}), max_size=30))
def test_flattening_is_undone(items: list[dict[str, str]]) -> None:
    """Whatever was flattened comes back, in order."""
    flat = {f"m.{number}.{name}": value for number, item in enumerate(items) for name, value in item.items()}
    assert unflatten(flat, "m") == items
