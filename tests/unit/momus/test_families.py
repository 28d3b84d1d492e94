"""A family or code that is added in one place is missed in none."""

import re
from typing import get_args

import pytest

from analyzer.with_model.prompts import READ
from momus.screen import FAMILY_STYLES
from schemas.families import CODES, FAMILIES, UNRANKED, Code


def test_every_code_is_of_one_family() -> None:
    """The type of codes and the families' lists say the same, and no code is listed twice."""
    listed = [code for codes in CODES.values() for code in codes]
    assert sorted(listed) == sorted(get_args(Code))
    assert tuple(CODES) == FAMILIES
    assert set(FAMILIES) >= UNRANKED


@pytest.mark.parametrize("code", get_args(Code))
def test_a_model_is_told_of_every_code(code: str) -> None:
    """A code that the prompt does not name is never chosen, or chosen by its sound alone."""
    assert re.search(rf"\b{code}\b", READ.text)


def test_every_family_has_a_colour() -> None:
    """And nothing else has."""
    assert set(FAMILY_STYLES) == set(FAMILIES)
