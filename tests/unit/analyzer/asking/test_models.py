"""What a model answers is taken in the form that was asked for, or not at all."""

import json

import pytest

from analyzer.models import read_reply
from analyzer.openai_models import OpenAIChat
from analyzer.with_model.replies import MendedQuote
from schemas.errors import ModelAnswerInvalid, ModelUnreachable

GOOD = {"number": 1, "marker": "m2", "quote": "I cannot do that"}


def test_an_endpoint_that_is_not_there_is_unreachable() -> None:
    """Connection failures are told apart from bad answers."""
    chat = OpenAIChat("http://127.0.0.1:9/v1", "m", timeout_s=1, retries=0)
    with pytest.raises(ModelUnreachable):
        chat.ask("s", "u", MendedQuote)
    chat.close()


def test_an_answer_of_another_form_is_invalid() -> None:
    """Fences are tolerated; a missing or wrong field is named."""
    assert read_reply(f"```json\n{json.dumps(GOOD)}\n```", MendedQuote).marker == "m2"
    with pytest.raises(ModelAnswerInvalid, match="number"):
        read_reply(json.dumps(GOOD | {"number": "first"}), MendedQuote)
