"""A score is a finite number or none, whatever a library wrote for one."""

import math

import pytest

from schemas.numbers import finite


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (0.5, 0.5), ("0.9", 0.9), (" 1e3 ", 1000.0), (True, 1.0), (-0.0, 0.0)]
)
def test_numbers_and_their_texts_are_read(value: object, expected: float) -> None:
    """A verdict of true or false is one or zero."""
    assert finite(value) == expected


@pytest.mark.parametrize(
    "value", [None, "high", "", {}, [1], {"a": 1}, math.nan, math.inf, "nan", "-inf", "1e400", 10**400]
)
def test_what_no_column_of_floats_holds_is_none(value: object) -> None:
    """Words, objects, lists, and numbers that are not finite."""
    assert finite(value) is None
