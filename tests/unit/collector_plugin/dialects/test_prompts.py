"""Frameworks wrap what people said; the words come out again, and other texts stay as they are."""

import pytest

from collector_plugin.reading.failure_words import class_of, unwrapped
from collector_plugin.reading.prompts import own_words
from schemas.records import MessageBody

CREW = "\nCurrent Task: Fix it.\nNow.\n\nThis is the {} criteria for your final answer: A text\nyou MUST return it."
DSPY = "[[ ## history ## ]]\n[]\n\n[[ ## question ## ]]\nHow high?\n\nRespond with the corresponding output fields, starting ..."


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (CREW.format("expected"), "Fix it.\nNow."),
        (CREW.format("expect"), "Fix it.\nNow."),
        ("New task:\nCount.", "Count."),
        (DSPY, "How high?"),
        ("[[ ## text ## ]]\nA\n\n[[ ## lang ## ]]\nde\n", "[[ ## text ## ]]\nA\n\n[[ ## lang ## ]]\nde\n"),
        ("Current Task: none of CrewAI's", "Current Task: none of CrewAI's"),
        ("What does [[ ## question ## ]] mean?", "What does [[ ## question ## ]] mean?"),
    ],
)
def test_the_words_of_the_user_are_told_from_the_prompt(prompt: str, words: str) -> None:
    """A prompt that does not tell them apart, and a text that only looks alike, stay whole."""
    assert own_words([MessageBody("user", prompt)]) == (MessageBody("user", words),)


def test_an_assistant_who_speaks_of_a_task_is_not_cut() -> None:
    """Only the user's messages are wrapped."""
    said = MessageBody("assistant", "New task:\nCount.")
    assert own_words([said]) == (said,)


def test_a_prompt_that_nobody_said_is_left_out() -> None:
    """smolagents asks again in the role of the user when an agent is stuck."""
    again = "Based on the above, please provide an answer to the following user task:\nCount."
    assert own_words([MessageBody("user", again)]) == ()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Error getting response: {'error': 'Request timed out.'}", "Request timed out."),
        ("Error running tool (non-fatal): {'tool_name': 't', 'error': 'redacted'}", "redacted"),
        ("{'message': 'Error running tool (non-fatal)', 'data': {'tool_name': 't', 'error': 'redacted'}}", "redacted"),
        (
            "Error code: 429 - {'error': {'message': 'slow down'}}",
            "Error code: 429 - {'error': {'message': 'slow down'}}",
        ),
        ("no {braces} at the end", "no {braces} at the end"),
    ],
)
def test_a_failure_is_unwrapped_to_its_own_words(message: str, words: str) -> None:
    """A failure's message reads the same whether the SDK wrapped it or not."""
    assert unwrapped(message) == words


def test_a_class_is_named_only_where_the_text_is_one_classs_own() -> None:
    """The SDKs' fixed texts name their class; anything else names none."""
    named = [class_of(f"Error code: {status} - x") for status in (401, 429, 503)]
    assert named == ["AuthenticationError", "RateLimitError", "InternalServerError"]
    assert class_of("Request timed out.") == "APITimeoutError"
    assert class_of("the request timed out. sorry") == class_of("Error code: 418 - tea") == ""
