"""What a person sees cannot be taken over by text that came in a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from momus.facets import FacetSummary
from momus.groups import GroupList
from momus.look import IssueList
from momus.pages.facets import quantity, show_facets
from momus.pages.issues import show_decisions, show_issues
from momus.screen import console, one_line, safe
from momus.show_groups import show_groups
from schemas.database import Row


@given(st.text())
def test_no_control_code_reaches_the_terminal(text: str) -> None:
    """Escape sequences, carriage returns and direction overrides are replaced, the rest is as it was."""
    shown = safe(text)
    assert not any(ord(character) < 32 and character not in "\n\t" for character in shown)
    assert "\u202e" not in shown
    assert "\x1b" not in one_line(text)


def issue(**known: object) -> Row:
    return {
        "rank": 1, "title": "No tool for: this", "status": "new", "family": "missing_capability", "code": "tool_absent",
        "share": 0.2, "share_low": 0.1, "share_high": 0.3, "eligible_count": 10, "share_of": "users",
        "conversation_count": 2, "issue_id": "abc", "tenant": "", "method": "detectors", "model": "", "service_name": "shop",
        "grouped_by": "cluster", "badge": "stable",
    } | known  # fmt: skip


def printed(found: IssueList) -> str:
    with console.capture() as captured:
        show_issues(found)
    return captured.get()


def test_markup_in_a_title_is_text() -> None:
    """Square brackets from a trace neither colour the screen nor vanish."""
    assert "[red]boo[/red]" in printed(IssueList([issue(title="[red]boo[/red]")], None, 1))


def test_a_tentative_group_says_so_and_a_key_says_nothing() -> None:
    """What was grouped by meaning tells how sure that is; what a machine reported needs no such word."""
    tentative = printed(IssueList([issue(badge="tentative")], None, 1))
    assert "missing capability · tentative" in tentative
    assert "may change with more data" in tentative
    keyed = printed(IssueList([issue(grouped_by="key", badge="stable")], None, 1))
    assert "stable" not in keyed
    assert "tentative" not in keyed.casefold()


def test_an_empty_inbox_says_why() -> None:
    """Nothing received, nothing analysed and nothing found are three different things."""
    assert "nothing was received" in printed(IssueList([], None, 0))
    assert "momus analyze" in printed(IssueList([], None, 5))
    assert "looked at 7 conversations" in printed(IssueList([], {"conversation_count": 7}, 5))


def test_every_share_is_shown_with_its_interval() -> None:
    """A share without an interval is a claim."""
    shown = printed(IssueList([issue()], None, 1))
    assert "20% (10–30)" in shown
    assert "of 10 users" in shown


def test_what_people_wrote_is_no_markup() -> None:
    """A title with brackets is listed as it was given."""
    row = {
        "edit_id": "1", "decision": "rename", "issue_id": "a", "title": "[red]x[/red]", "name": "[red]x[/red] [/b]",
        "target_id": "", "note": "", "decided_by": "[b]",
    }  # fmt: skip
    with console.capture() as captured:
        show_decisions([row])
    assert "[red]x[/red] [/b]" in captured.get()


def test_each_issue_says_who_found_it_and_the_note_how_many() -> None:
    """Rows of detectors, of a model and of both are told apart; only those of detectors alone are doubted."""
    known = [("detectors", ""), ("model", "m"), ("model", "m"), ("both", "m")]
    shown = printed(IssueList([issue(method=method, model=model) for method, model in known], None, 1))
    assert [shown.count(f"· by {who} ·") for who in ("detectors", "m", "detectors and m")] == [1, 2, 1]
    assert "Found: 2 by m, 1 by detectors, 1 by detectors and m" in " ".join(shown.split())
    assert "wrong" not in printed(IssueList([issue(method="model", model="m")], None, 1))


def test_what_arrived_since_the_last_run_is_told() -> None:
    """With issues and without any: the list is as old as the run."""
    for listed in ([issue()], []):
        assert "132 spans arrived since the last run" in " ".join(
            printed(IssueList(listed, {"conversation_count": 0}, 132, 132)).split()
        )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("duration_s", 0.000254939, "0.3 ms"), ("slowest_turn_s", 0.25, "250 ms"), ("duration_s", 83.4, "83.4 s"),
        ("cost_usd", 0.00021, "$0.00021"), ("cost_usd", 1234.5, "$1,234.50"), ("input_tokens", 20763.0, "20,763"),
        ("feedback_score", 0.666, "0.67"),
    ],
)  # fmt: skip
def test_numbers_of_facets_have_units_and_no_more_digits_than_they_are_worth(
    name: str, value: float, shown: str
) -> None:
    """By the unit that the facet's name ends with."""
    assert quantity(name, value) == shown


def test_facets_that_nothing_tells_share_a_line() -> None:
    """What is known is not lost among dashes; sums of durations and scores are none."""
    told = FacetSummary("duration_s", "number", 3, 3, median=0.5, p95=2.0, total=3.0)
    with console.capture() as captured:
        show_facets([told, FacetSummary("task", "text", 3, 0), FacetSummary("user_signal", "choice", 3, 0)])
    assert "median 500 ms, 95 % below 2.0 s " in captured.get()
    assert "in all" not in captured.get()
    assert "No conversation tells: task, user_signal." in captured.get()


def test_a_group_tells_below_its_name_which_failures_it_meets() -> None:
    """Counted by conversations; those without a failure are not named."""
    group = {
        "tenant": "", "service_name": "shop", "cluster_id": "abc", "parent_id": "", "level": 0, "name": "refund order",
        "name_by": "terms", "conversation_count": 29, "user_count": 23, "badge": "tentative", "stability": 1.0,
        "stability_low": 1.0, "stability_high": 1.0,
        "families": [["none", 18], ["agent_mistake", 3], ["technical_error", 8]],
    }  # fmt: skip
    with console.capture() as captured:
        show_groups(GroupList("intents", [group], []))
    assert "abc · 8× technical error, 3× agent mistake" in captured.get()
