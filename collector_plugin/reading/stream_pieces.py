"""Answers that came as a stream, each piece recorded as a message of its own: Google's ADK and Gen AI SDK.

All pieces but the last have an empty finish reason:

    [{"role": "assistant", "parts": [{"type": "text", "content": "Good "}], "finish_reason": ""},
     {"role": "assistant", "parts": [{"type": "text", "content": "morning."}], "finish_reason": "stop"}]
"""

from dataclasses import replace
from typing import Any

from collector_plugin.reading.message_shapes import read_messages
from collector_plugin.reading.payload import as_dict, as_list
from schemas.records import MessageBody


def joined_pieces(value: Any) -> tuple[MessageBody, ...]:  # any JSON value
    """Return the messages of a streamed answer, its pieces put together; none where `value` is no such answer."""
    messages = as_list(value)
    if not any(map(_is_piece, messages)) or _is_piece(messages[-1]):
        return ()
    whole: list[MessageBody] = []
    is_open = False
    for message in messages:
        for body in read_messages(message, "assistant"):
            if is_open and whole and not body.tool_calls:
                body = replace(body, content=whole.pop().content + body.content)
            whole.append(body)
        is_open = _is_piece(message)
    return tuple(whole)


def _is_piece(message: Any) -> bool:  # any JSON value
    """Whether a message is text that goes on in the next."""
    if not isinstance(message, dict) or message.get("finish_reason") != "":
        return False
    return all(as_dict(part).get("type") == "text" for part in as_list(message.get("parts")))
