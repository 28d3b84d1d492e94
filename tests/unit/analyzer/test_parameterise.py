"""What varies in a message is masked; what tells failures apart stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.technical.parameterise import parameterise


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("user 4711 not found", "user <n> not found"),
        ("no row for kim@example.org", "no row for <email>"),
        (f"no row for {'k' * 64}@mail.{'e' * 63}.org", "no row for <email>"),
        (f"{'h' * 63}.a-1.svc.cluster.local:8080 is down", "<host> is down"),
        ("GET https://api.shop.example/v1/items?id=3 failed", "GET <url> failed"),
        ("job 7c9e6679-7425-40de-944b-e07fc1f90ae7 lost", "job <uuid> lost"),
        ("expired at 2026-01-31T10:00:00Z", "expired at <date>"),
        ("connect to 10.1.2.3:5432 refused", "connect to <ip> refused"),
        ("cannot open /srv/app/data/report.csv", "cannot open <path>"),
        ("bad token 9f86d081884c7d65", "bad token <hex>"),
        ('{"dog": "rex1231"}', '{"dog":<value>}'),
        ("ticket k9Mtd2gDcgG is closed", "ticket <id> is closed"),
        ("seat 12A on XY123 is taken", "seat <n> on <n> is taken"),
        ("took 3.5s of 1,000 ms", "took <n> of <n> ms"),
    ],
)
def test_what_varies_is_masked(message: str, expected: str) -> None:
    """Each kind of value becomes a placeholder of its kind."""
    assert parameterise(message) == expected


@pytest.mark.parametrize(
    "message",
    ["HTTP 404", "status code: 503", "exit code 137", "errno 2", "429 Too Many Requests", "invalid utf-8 in sha256"],
)
def test_codes_that_name_the_failure_stay(message: str) -> None:
    """HTTP, exit and system codes and technical words hold digits and are kept."""
    assert parameterise(message) == message


def test_only_the_first_two_lines_count() -> None:
    """What follows the second line is detail."""
    assert parameterise("\nfirst\n\nsecond\nthird") == "first second"


@pytest.mark.parametrize("piece", ["a.", "a", "a-", "_a", "$", "a@", "A", '="', "/a "])
def test_a_long_run_of_anything_takes_no_time_worth_saying(piece: str) -> None:
    """A failure's message is whatever a stranger makes it; each is read several times over."""
    message = piece * (8_192 // len(piece)) + "!"
    started_s = time.process_time()
    parameterise(message)
    assert time.process_time() - started_s < 0.5


@given(st.integers(10, 10**9), st.integers(10, 10**9))
def test_two_numbers_give_one_template(one: int, other: int) -> None:
    """The template of a message does not depend on the number in it."""
    assert parameterise(f"order {one} is late") == parameterise(f"order {other} is late")


@given(st.text(max_size=300))
def test_masking_never_fails_and_changes_nothing_twice_over(message: str) -> None:
    """Any text has a template, on one line, without a change of its words' order."""
    template = parameterise(message)
    assert "\n" not in template
