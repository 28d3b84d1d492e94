"""One reader for the message shapes of all vendors: what was said and asked is the same in every one."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector_plugin.reading.message_shapes import canonical_arguments, read_messages, read_tool_definitions, text_of
from collector_plugin.reading.payload import as_json, parse
from schemas.records import MessageBody, Role, ToolRequest

ARGUMENTS = {"city": "Graz", "days": 3}
CALL = ToolRequest("c1", "forecast", '{"city":"Graz","days":3}')
SAID = (
    MessageBody("system", "Be brief."),
    MessageBody("user", "Weather in Graz?"),
    MessageBody("assistant", "", (CALL,)),
    MessageBody("tool", "rain", tool_call_id="c1"),
    MessageBody("assistant", "It rains."),
)

OTEL = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Weather in Graz?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "tool_call", "id": "c1", "name": "forecast", "arguments": ARGUMENTS},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "It rains."}], "finish_reason": "stop"},
]
OPENAI = [
    {"role": "developer", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Weather in Graz?"},
            {"type": "image_url", "image_url": {"url": "data:..."}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "forecast", "arguments": json.dumps(ARGUMENTS)}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    {"role": "assistant", "content": "It rains.", "refusal": None},
]
RESPONSES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "input_text", "text": "Weather in Graz?"}]},
    {"type": "reasoning", "id": "r", "summary": []},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "forecast", "arguments": json.dumps(ARGUMENTS)},
    {"type": "function_call_output", "call_id": "c1", "output": "rain"},
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "It rains.", "annotations": []}],
    },
]
ANTHROPIC = {
    "system": "Be brief.",
    "messages": [
        {"role": "user", "content": "Weather in Graz?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "tool_use", "id": "c1", "name": "forecast", "input": ARGUMENTS},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "rain"}]}],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "It rains."}]},
    ],
}
BEDROCK = [
    {"role": "system", "content": [{"text": "Be brief."}]},
    {"role": "user", "content": [{"text": "Weather in Graz?"}]},
    {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "forecast", "input": ARGUMENTS}}]},
    {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "c1", "status": "success", "content": [{"text": "rain"}]}}],
    },
    {"role": "assistant", "content": [{"text": "It rains."}]},
]
GEMINI = [
    {"role": "system", "parts": [{"text": "Be brief."}]},
    {"role": "user", "parts": [{"text": "Weather in Graz?"}]},
    {"role": "model", "parts": [{"function_call": {"id": "c1", "name": "forecast", "args": ARGUMENTS}}]},
    {"role": "user", "parts": [{"function_response": {"id": "c1", "name": "", "response": "rain"}}]},
    {"role": "model", "parts": [{"text": "It rains."}]},
]
AI_SDK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Weather in Graz?"}]},
    {
        "role": "assistant",
        "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "forecast", "input": ARGUMENTS}],
    },
    {
        "role": "tool",
        "content": [{"type": "tool-result", "toolCallId": "c1", "output": {"type": "text", "value": "rain"}}],
    },
    {"role": "assistant", "content": [{"type": "text", "text": "It rains."}]},
]


def _lc(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", kind], "kwargs": kwargs}


LANGCHAIN = {
    "messages": [
        [
            _lc("SystemMessage", content="Be brief."),
            _lc("HumanMessage", content="Weather in Graz?"),
            _lc(
                "AIMessage",
                content="",
                tool_calls=[{"name": "forecast", "args": ARGUMENTS, "id": "c1", "type": "tool_call"}],
            ),
            _lc("ToolMessage", content="rain", tool_call_id="c1", status="success"),
            _lc("AIMessage", content="It rains."),
        ]
    ]
}


@pytest.mark.parametrize(
    "shape",
    [OTEL, OPENAI, RESPONSES, ANTHROPIC, BEDROCK, GEMINI, AI_SDK, LANGCHAIN],
    ids=["otel", "openai", "responses", "anthropic", "bedrock", "gemini", "ai_sdk", "langchain"],
)
def test_one_conversation_reads_the_same_in_every_shape(shape: Any) -> None:
    """System, user, tool call, its result and the answer: images, reasoning and encodings aside, five messages."""
    assert read_messages(shape) == SAID


@pytest.mark.parametrize(
    "arguments",
    [
        ARGUMENTS,
        json.dumps(ARGUMENTS),
        json.dumps(json.dumps(ARGUMENTS)),
        repr(ARGUMENTS),
        '{"days": 3, "city": "Graz"}',
    ],
)
def test_arguments_are_one_text_however_they_were_packed(arguments: Any) -> None:
    """Objects, JSON, JSON in JSON and Python reprs of the same arguments are equal."""
    assert canonical_arguments(arguments) == '{"city":"Graz","days":3}'


@pytest.mark.parametrize("nothing", [None, "", "{}", {}, "  "])
def test_missing_arguments_are_an_empty_object(nothing: Any) -> None:
    """Some libraries leave out what is empty."""
    assert canonical_arguments(nothing) == "{}"


def test_a_tool_result_keeps_its_text() -> None:
    """Wrappers of known shape are taken off; any other object stays JSON."""
    assert text_of({"type": "json", "value": {"a": 1}}) == '{"a":1}'
    assert text_of([{"text": "a"}, {"text": "b"}]) == "a\nb"
    assert text_of({"text": "a", "score": 1}) == '{"score":1,"text":"a"}'


def test_tool_definitions_are_read_in_every_shape() -> None:
    """OpenAI nests them, Anthropic and MCP do not, Gemini groups them, some send each as JSON text."""
    nested = [{"type": "function", "function": {"name": "t", "description": "d", "parameters": {"type": "object"}}}]
    flat = [{"name": "t", "description": "d", "input_schema": {"type": "object"}}]
    grouped = [{"function_declarations": [{"name": "t", "description": "d", "parameters": {"type": "object"}}]}]
    as_text = [json.dumps(nested[0])]
    assert (
        read_tool_definitions(nested)
        == read_tool_definitions(flat)
        == read_tool_definitions(grouped)
        == read_tool_definitions(as_text)
    )
    assert read_tool_definitions("no list") == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "parts",
                    "type",
                    "text",
                    "tool_calls",
                    "function",
                    "id",
                    "kwargs",
                    "messages",
                    "choices",
                    "output",
                    "data",
                    "name",
                ]
            )
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_payload_makes_reading_raise(value: Any) -> None:
    """Whatever is sent as messages, reading gives messages or none."""
    for body in read_messages(value):
        assert isinstance(body, MessageBody)
        assert all(isinstance(text, str) for text in (body.content, body.tool_call_id, body.name))
    for definition in read_tool_definitions(value):
        assert isinstance(definition.description, str)


@given(st.lists(json_values, min_size=3).map(lambda history: parse(as_json(history))))
def test_a_history_reads_as_its_messages_do(history: list[Any]) -> None:
    """What is remembered of a message that comes again is what reading it alone gives, and another role is another message."""
    assume(isinstance(history, list))  # a number that JSON cannot hold makes text of it
    roles: tuple[Role, ...] = ("user", "assistant", "user")
    for role in roles:
        alone = [body for item in history for body in read_messages(item, role)]
        assert list(read_messages(history, role)) == alone
