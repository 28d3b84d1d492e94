"""Detectors and a model tell each failure once."""

from dataclasses import replace

import pytest

from analyzer.with_model.merge import is_fact, merge, together
from schemas.families import Finding

TIMEOUT = Finding("technical_error", "timeout", "A call failed", "timed out", "message", "t", "s2", "failed_calls", "high",
                  message_index=2, turn=1, group_key="v1:x")  # fmt: skip
REFUSAL = Finding("missing_capability", "tool_absent", "No tool", "I cannot", "message", "t", "s4", "refusals", "low",
                  message_index=4, turn=1, subject="compare invoices")  # fmt: skip
AFTER = replace(REFUSAL, is_root=False, quote="I could not help", message_index=9, turn=3)
POLICY = Finding("user_or_policy", "correct_refusal", "By a rule", "not refundable", "message", "t", "s8", "refusals", "high",
                 message_index=12, turn=4)  # fmt: skip
CLAIM = replace(REFUSAL, detector="model", model="m", quote="cannot compare", message_index=5)


def test_a_fact_is_not_claimed_again() -> None:
    """A technical error near a failed call is that failure; one elsewhere is another."""
    near = replace(TIMEOUT, detector="model", model="m", code="exception", message_index=3, quote="failed")
    far = replace(near, message_index=40, turn=9, trace_id="u", span_id="s40", quote="seats are gone")
    merged = merge([TIMEOUT], [near, far])
    assert (merged.facts, merged.claimed, merged.repeated) == ((TIMEOUT,), (far,), 1)


@pytest.mark.parametrize(
    "claim",
    [CLAIM, replace(CLAIM, message_index=30, turn=8), replace(CLAIM, family="agent_mistake", code="false_refusal")],
)
def test_a_suspicion_that_the_model_judged_is_told_in_its_words(claim: Finding) -> None:
    """At the same place, or of the same kind: the model has said what it is."""
    merged = merge([REFUSAL], [claim])
    assert (merged.claimed, merged.suspected) == ((claim,), ())


def test_a_suspicion_that_the_model_passed_over_is_put_to_the_verifier() -> None:
    """Of another kind and place: it may be true all the same."""
    other = replace(CLAIM, family="agent_mistake", code="loop", message_index=40, turn=9, quote="again")
    assert merge([REFUSAL], [other]).suspected == (REFUSAL,)


def test_one_wish_claimed_twice_is_one_finding() -> None:
    """By the same quote, or about the same in other words."""
    again = replace(CLAIM, quote="no tool for it", subject="compare two invoices")
    other = replace(CLAIM, quote="nor sums", subject="add up yearly totals")
    merged = merge([], [CLAIM, CLAIM, again, other])
    assert (merged.claimed, merged.repeated) == ((CLAIM, other), 2)


def test_that_the_user_was_told_of_a_failure_is_no_finding_of_its_own() -> None:
    """The cause alone is told; what a rule rightly refused stays, as it is counted and not ranked."""
    found = [TIMEOUT, replace(TIMEOUT, is_root=False, message_index=3), REFUSAL, AFTER, POLICY]
    merged = merge(found, [])
    assert together(found, merged, [REFUSAL]) == (TIMEOUT, REFUSAL, POLICY)
    assert together(found, merged, []) == (TIMEOUT, POLICY)


def test_only_what_needs_no_judgement_is_a_fact() -> None:
    """Failures of calls, loops and tools that were not offered; no reading of words."""
    loop = replace(REFUSAL, family="agent_mistake", code="loop")
    assert [is_fact(finding) for finding in (TIMEOUT, loop, REFUSAL, POLICY)] == [True, True, False, False]
