"""Attribute values hold JSON, cut JSON, JSON in JSON and Python literals; reading them never raises."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector_plugin.reading.payload import as_json, parse, parse_cut, parse_literal, parse_loosely

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
containers = json_values.filter(lambda value: isinstance(value, list | dict))


@given(st.text())
def test_no_text_makes_reading_raise(text: str) -> None:
    """Trace text is never trusted."""
    for read in (parse, parse_loosely, parse_cut, parse_literal):
        read(text)
        read("[" + text)
        read('{"a": ' + text)


@given(containers)
def test_json_is_read_as_what_it_spells(value: Any) -> None:
    """Whole JSON needs no tolerance."""
    assert parse_loosely(json.dumps(value)) == value


@given(
    st.lists(st.fixed_dictionaries({"role": st.just("user"), "content": st.text(min_size=1)}), min_size=2), st.data()
)
def test_of_cut_json_all_that_was_complete_is_kept(messages: list[dict[str, str]], data: st.DataObject) -> None:
    """An attribute length limit cuts anywhere; every message before the cut is still there, unchanged."""
    whole = json.dumps(messages)
    first_end = len(json.dumps(messages[0])) + 1
    cut = data.draw(st.integers(first_end + 1, len(whole) - 1))
    read = parse_cut(whole[:cut])
    assert isinstance(read, list)
    assert read[0] == messages[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[{"a": "some tex', [{"a": "some tex"}]),
        ('[{"a": "x", "b', [{"a": "x"}]),
        ('[{"a": "x", "b": ', [{"a": "x"}]),
        ('[{"a": 1}, {"b": tr', [{"a": 1}, {}]),
        ('[{"a": "quote \\', [{"a": "quote "}]),
        ('[{"a": "\\u00', [{"a": ""}]),
        ("[1, 2", [1, 2]),
        ("{'a': True, 'b': None}", {"a": True, "b": None}),
        ("[}", None),
        ("plain words", None),
        ("", None),
    ],
)
def test_what_is_read_of_damaged_and_foreign_text(text: str, value: Any) -> None:
    """The cut string is kept up to the cut; a key without its value is dropped; a Python repr is read."""
    assert parse_loosely(text) == value


@pytest.mark.parametrize("text", ["[" + "A" * 300_000 + "!", "[" + " " * 300_000 + "!", '["' + '","' * 100_000 + "!"])
def test_long_text_that_is_no_json_is_given_up_soon(text: str) -> None:
    """Its length may not be squared: at a nanosecond a step that would be more than a minute."""
    started_s = time.process_time()
    parse_cut(text)
    assert time.process_time() - started_s < 5


def test_a_number_beyond_json_and_a_lone_surrogate_become_text() -> None:
    """Writing never raises either."""
    assert as_json({"n": 2**80}) == json.dumps(str({"n": 2**80}))
    assert isinstance(as_json("\ud800"), str)


@pytest.mark.parametrize("text", ["{b'a': 1}", "[{1: {None: 2}}]", "({(1, 2): 3},)"])
def test_the_keys_of_a_python_literal_are_text(text: str) -> None:
    """Whoever looks a key over takes it for text, as it is in JSON."""
    found = parse_literal(text)
    (outer,) = found if isinstance(found, list) else (found,)
    assert all(isinstance(key, str) for key in outer)
    assert all(isinstance(key, str) for item in outer.values() if isinstance(item, dict) for key in item)


def test_a_tuple_of_a_python_literal_is_a_list() -> None:
    """As in JSON, so that what asks for a list finds it at any depth."""
    assert parse_literal("{'said': ('a', ('b',))}") == {"said": ["a", ["b"]]}
