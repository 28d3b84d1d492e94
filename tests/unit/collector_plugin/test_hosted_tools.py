"""Tools that the model's vendor runs are called and answer like any other."""

from typing import Any

import pytest

from collector_plugin.reading.message_shapes import read_messages
from schemas.records import MessageBody, ToolRequest


def call(call_id: str, name: str, arguments: str) -> MessageBody:
    return MessageBody("assistant", tool_calls=(ToolRequest(call_id, name, arguments),))


def result(call_id: str, text: str) -> MessageBody:
    return MessageBody("tool", text, tool_call_id=call_id)


CASES: dict[str, tuple[dict[str, Any], tuple[MessageBody, ...]]] = {
    "a search that found nothing, OpenTelemetry": (
        {
            "role": "assistant",
            "parts": [
                {
                    "type": "server_tool_call",
                    "id": "s1",
                    "name": "web_search",
                    "server_tool_call": {"input": {"q": "ibex"}},
                },
                {"type": "server_tool_call_response", "id": "s1", "server_tool_call_response": {"content": []}},
                {"type": "text", "content": "Nobody has seen one."},
            ],
        },
        (
            call("s1", "web_search", '{"q":"ibex"}'),
            result("s1", "[]"),
            MessageBody("assistant", "Nobody has seen one."),
        ),
    ),
    "a tool of a connected server, Anthropic": (
        {
            "role": "assistant",
            "content": [
                {"type": "mcp_tool_use", "id": "m1", "name": "roll", "server_name": "dice", "input": {"sides": 6}},
                {"type": "mcp_tool_result", "tool_use_id": "m1", "content": [{"type": "text", "text": "4"}]},
            ],
        },
        (call("m1", "roll", '{"sides":6}'), result("m1", "4")),
    ),
    "a search whose results are not told, OpenAI": (
        {"type": "web_search_call", "id": "ws1", "status": "completed", "action": {"query": "ibex"}},
        (call("ws1", "web_search", '{"action":{"query":"ibex"}}'),),
    ),
    "a tool of a connected server, OpenAI": (
        {
            "type": "mcp_call",
            "id": "m2",
            "name": "roll",
            "server_label": "dice",
            "arguments": '{"sides":6}',
            "output": "4",
        },
        (call("m2", "roll", '{"sides":6}'), result("m2", "4")),
    ),
    "what a computer answered, OpenAI": (
        {"type": "local_shell_call_output", "id": "sh1", "output": "two files"},
        (result("sh1", "two files"),),
    ),
    "which tools a server has is nobody's message": (
        {"type": "mcp_list_tools", "id": "l1", "tools": [{"name": "roll"}]},
        (),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hosted_tool_is_called_and_answers_like_any_other(name: str) -> None:
    """Each vendor's shape gives the same request and the same result."""
    shape, expected = CASES[name]
    assert read_messages([shape]) == expected


def test_a_message_that_has_a_role_is_no_call() -> None:
    """A role decides, whatever the type is called."""
    assert read_messages([{"type": "phone_call", "role": "user", "content": "Ring me."}]) == (
        MessageBody("user", "Ring me."),
    )
