"""What LangChain's own objects say, whichever instrumentation wrote them into an attribute.

A tool's result arrives as a serialised ToolMessage, in one of two JSON forms or as its Python repr, or as the Command
of a tool that steers the graph, with a ToolMessage within.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from collector_plugin.reading.message_shapes import read_messages, text_of
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse, parse_literal
from schemas.numbers import finite
from schemas.records import Document, MessageBody

_REPR = re.compile(r"^content=(?P<content>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?P<rest> .*)$", re.DOTALL)
_CALL_ID = re.compile(r"\btool_call_id='([^']*)'")
_FAILED = re.compile(r"\bstatus='error'")


class ToolResult(NamedTuple):
    """What a tool returned: its text, which call it answers (or empty), and whether LangChain marks it as failed."""

    text: str
    call_id: str = ""
    failed: bool = False


def read_tool_result(text: str) -> ToolResult:
    """Return what a tool's output says; text that is no ToolMessage is the result itself."""
    in_repr = _REPR.match(text)
    if in_repr:
        call_id = _CALL_ID.search(in_repr["rest"])
        return ToolResult(
            str(parse_literal(in_repr["content"])), call_id[1] if call_id else "", bool(_FAILED.search(in_repr["rest"]))
        )
    return _within(parse(text)) or ToolResult(text)


def _within(value: Any) -> ToolResult | None:  # any JSON value
    if isinstance(value, list):
        return next((found for item in reversed(value) if (found := _within(item))), None)
    if not isinstance(value, dict):
        return None
    message = as_dict(value.get("data") or value.get("kwargs")) or value
    if "tool_call_id" in message and "content" in message:
        return ToolResult(
            text_of(message["content"]), as_str(message["tool_call_id"]), message.get("status") == "error"
        )
    return _within(as_list(as_dict(value.get("update")).get("messages")))


def read_state(value: Any) -> tuple[MessageBody, ...]:  # any JSON value
    """Return the messages of a graph's state, of a node's update to it, or of a list of such updates."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "update" in item for item in value):
        return tuple(body for item in value for body in read_state(item["update"]))
    state = as_dict(value)
    messages = state.get("messages")
    if isinstance(messages, list):
        return read_messages([_message(message) for message in messages])
    for name in ("input", "output", "question", "query"):
        if isinstance(state.get(name), str):
            return (MessageBody("assistant" if name == "output" else "user", state[name]),)
    return ()


def _message(value: Any) -> Any:  # a message object, or a (role, text) pair, which becomes one
    if isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value):
        return {"role": value[0], "content": value[1]}
    return value


def last_answer(bodies: tuple[MessageBody, ...]) -> tuple[MessageBody, ...]:
    """Return the assistant's messages at the end: a graph returns its whole state, question and all."""
    last_other = max((index for index, body in enumerate(bodies) if body.role != "assistant"), default=-1)
    return bodies[last_other + 1 :]


def read_document(item: Mapping[str, Any]) -> Document:
    """Return a document of a retriever, flat or in LangChain's constructor form; a score may stand in its metadata."""
    item = as_dict(item.get("kwargs")) or item
    metadata = item.get("metadata")
    metadata = as_dict(parse(metadata) if isinstance(metadata, str) else metadata)
    content = next((item[name] for name in ("content", "page_content", "text") if item.get(name)), "")
    score = next(
        (
            place[name]
            for place in (item, metadata)
            for name in ("score", "relevance_score")
            if place.get(name) is not None
        ),
        None,
    )
    identity = item["id"] if isinstance(item.get("id"), str) else metadata.get("id")
    return Document(as_str(identity), as_str(content), finite(score))
