"""A tool result that is marked as a failure stays one, although only the model's client speaks and no span ran the tool."""

from typing import Any

import orjson
import pytest

from analyzer.assembly.conversations import assemble
from collector_plugin.dialects import read_span
from collector_plugin.reading.message_shapes import read_messages
from schemas.database import Database
from schemas.records import MessageBody, Span, SpanFacts
from schemas.rows import batch_rows, facts_from_rows

WORDS = "the lamp store closes at noon"  # that no list of words takes for a failure

MARKED: dict[str, Any] = {
    "Anthropic": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": WORDS}]},
    "Anthropic, blocks": {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": [{"type": "text", "text": WORDS}]}],
    },
    "Bedrock": {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"text": WORDS}]}}],
    },
    "AI SDK": {
        "role": "tool",
        "content": [{"type": "tool-result", "toolCallId": "t1", "output": {"type": "error-text", "value": WORDS}}],
    },
    "LangChain": {"lc": 1, "id": ["langchain", "ToolMessage"], "kwargs": {"content": WORDS, "tool_call_id": "t1", "status": "error"}},
}  # fmt: skip


@pytest.mark.parametrize("result", MARKED.values(), ids=MARKED.keys())
def test_the_mark_of_each_vendor_is_read(result: dict[str, Any]) -> None:
    """And its words are the result, as ever."""
    assert read_messages([result]) == (MessageBody("tool", WORDS, tool_call_id="t1", is_error=True),)


def test_a_result_that_went_well_is_not_marked() -> None:
    """Whatever else it says of its state."""
    good = [
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "is_error": False, "content": WORDS}],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "t1", "status": "success", "content": [{"text": WORDS}]}}],
        },
        {"type": "function_call_output", "call_id": "t1", "output": '{"status": "error of the order"}'},
    ]
    assert not any(body.is_error for body in read_messages(good))


def asked_and_failed() -> SpanFacts:
    """A model call whose history holds a call and its failed result."""
    ask = {"type": "tool_use", "id": "t1", "name": "opening_hours", "input": {"shop": "lamps"}}
    said = [{"role": "user", "content": "When?"}, {"role": "assistant", "content": [ask]}, MARKED["Anthropic"]]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.conversation.id": "c",
        "gen_ai.input.messages": orjson.dumps(said).decode(),
        "gen_ai.output.messages": '[{"role": "assistant", "content": "I cannot see it."}]',
    }
    span = Span("a" * 32, "b" * 16, "chat", 1_790_000_000 * 10**9, 1_790_000_001 * 10**9, attributes=attributes)
    (facts,) = (record for record in read_span(span) if isinstance(record, SpanFacts))
    return facts


def test_the_call_of_a_marked_result_failed() -> None:
    """Its status is error, and why is what the model was told."""
    (conversation,) = assemble([asked_and_failed()])
    (call,) = conversation.tool_calls
    assert (call.name, call.status, call.error_message) == ("opening_hours", "error", WORDS)


def test_the_mark_is_stored(database: Database) -> None:
    """And tells two results of the same words apart; one without it is named as it always was."""
    facts = asked_and_failed()
    tables = batch_rows([facts], "segment", 1)
    for table, rows in tables.items():
        database.insert(table, rows)
    stored = {table: database.query(f"SELECT * FROM {table}") for table in tables}
    (read,) = facts_from_rows(stored["span_facts"], stored["message_bodies"], stored.get("tool_definitions", []))
    assert [body.is_error for body in read.input] == [body.is_error for body in facts.input] == [False, False, True]
