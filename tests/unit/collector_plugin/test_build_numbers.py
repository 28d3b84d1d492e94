"""Numbers in attributes are text that anyone may have written: reading them never raises."""

import pytest

from collector_plugin.reading.build import http_status, number
from schemas.records import Span


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("0" * 30 + "7", 7),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**64), 2**63 - 1),
        ("9" * 5000, 2**63 - 1),
        ("²", 0),
        ("-1", 0),
        ("", 0),
    ],
)
def test_a_count_of_any_length_is_bounded(text: str, value: int) -> None:
    """More digits than the column holds are its largest number; what is no number is 0."""
    assert number({"n": text}, "n") == value


@pytest.mark.parametrize(("text", "status"), [("429", 429), ("²99", 0), ("4" * 5000, 0), ("200", 0), ("", 0)])
def test_only_three_digits_are_a_status(text: str, status: int) -> None:
    """Of failures: 400 to 599."""
    span = Span("t", "s", "n", 1, 2, attributes={"http.response.status_code": text})
    assert http_status(span, "") == status
