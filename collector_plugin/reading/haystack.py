"""Haystack's messages, which reach a span only as the repr() of dataclasses within JSON.

    {"messages": ["ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent(text='Hello')], _name=None, ...)"]}

Its agents have one span for a whole run and none for its calls: these reprs are all there is.
"""

import ast
import re
from typing import Any

from collector_plugin.reading.message_shapes import read_messages
from collector_plugin.reading.payload import MAX_LITERAL_CHARS, as_dict, as_list
from schemas.records import MessageBody

_ENUM = re.compile(r"<[A-Za-z_]\w*\.\w+: ('[^']*')>")
_MAX_DEPTH = 6  # a pipeline's data: component, argument, list


def read_reprs(value: Any, depth: int = 0) -> tuple[MessageBody, ...]:  # any JSON value
    """Return the messages of the first list of message reprs within `value`; none where there is none."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, str) and item.startswith("ChatMessage(") for item in value)
    ):
        return tuple(body for item in value for body in _read_repr(item))
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        return next((found for inner in value.values() if (found := read_reprs(inner, depth + 1))), ())
    return ()


def after_question(bodies: tuple[MessageBody, ...]) -> tuple[MessageBody, ...]:
    """Return what followed the last user message: an agent returns its whole history, and no other span tells its steps."""
    last_user = max((index for index, body in enumerate(bodies) if body.role == "user"), default=-1)
    return bodies[last_user + 1 :]


def _read_repr(text: str) -> tuple[MessageBody, ...]:
    if len(text) > MAX_LITERAL_CHARS:
        return ()
    try:
        message = _plain(ast.parse(_ENUM.sub(r"\1", text), mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ()
    parts = [_part(part) for part in as_list(as_dict(message).get("_content")) if isinstance(part, dict)]
    return (
        read_messages({"role": message.get("_role"), "content": parts, "name": message.get("_name")}) if parts else ()
    )


def _plain(node: ast.expr) -> Any:  # a constructor call becomes a dict of its arguments, anything else its value
    if isinstance(node, ast.Call):
        return {keyword.arg: _plain(keyword.value) for keyword in node.keywords if keyword.arg}
    if isinstance(node, ast.List | ast.Tuple):
        return [_plain(item) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except ValueError:  # meta data may hold constructor calls of any class
        return None


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a message in the shape of OpenTelemetry's."""
    if "origin" in part:
        origin = part["origin"] if isinstance(part["origin"], dict) else {}
        return {
            "type": "tool_call_response",
            "id": origin.get("id"),
            "name": origin.get("tool_name"),
            "response": part.get("result"),
        }
    if "tool_name" in part:
        return {
            "type": "tool_call",
            "id": part.get("id"),
            "name": part["tool_name"],
            "arguments": part.get("arguments"),
        }
    if "reasoning_text" in part:
        return {"type": "reasoning"}
    return {"type": "text", "text": part.get("text")}
