"""A quote from a tool call is a text that its payload holds, never our own spelling of the arguments."""

from dataclasses import replace

import pytest

from analyzer.evidence import locate
from analyzer.observations import quote_of_call
from schemas.families import Finding
from schemas.records import Conversation, ToolCall

CALL = ToolCall(turn=1, name="search", trace_id="t", span_id="s", time_ns=1)
FINDING = Finding(
    "agent_mistake", "loop", "The agent repeats", "", "arguments", "t", "s", "repetitions", "high", turn=1
)


@pytest.mark.parametrize(
    ("arguments", "quote"),
    [
        ('{"a":"one","q":{"text":["longest of all"]}}', "longest of all"),
        ('{"n":4}', "4"),
        ('{"flag":true}', "search"),
        ("{}", "search"),
        ('"bare value"', "bare value"),
    ],
)
def test_the_longest_text_among_the_arguments_is_quoted(arguments: str, quote: str) -> None:
    """Numbers where there is no text, the tool's name where there is neither."""
    call = replace(CALL, arguments=arguments)
    assert quote_of_call(call) == quote
    found = locate(Conversation("c", (), tool_calls=(call,)), replace(FINDING, quote=quote))
    assert found is not None
    assert found.quote_end - found.quote_start == len(quote)


def test_arguments_in_our_own_order_are_no_quote() -> None:
    """Keys are sorted to compare calls; the payload may hold them otherwise."""
    call = replace(CALL, arguments='{"a":"one","b":"two"}')
    assert locate(Conversation("c", (), tool_calls=(call,)), replace(FINDING, quote='{"a":"one","b":"two"}')) is None
