"""OpenInference's messages, spread over numbered attributes, each item of a list in a wrapper of its own.

    llm.input_messages.<i>.message.{role, content, name, tool_call_id}
    llm.input_messages.<i>.message.contents.<j>.message_content.{type, text, image.image.url}
    llm.input_messages.<i>.message.tool_calls.<k>.tool_call.{id, function.name, function.arguments}

`content` is absent where `contents` is used, and `arguments` where there are none.
"""

from collections.abc import Mapping
from typing import Any

from collector_plugin.dialects.unflatten import unflatten
from collector_plugin.message_shapes import read_messages
from collector_plugin.payload import as_dict, as_list, parse
from schemas.records import Attributes, MessageBody, Role, Span


def messages(span: Span, prefix: str, default_role: Role = "user") -> tuple[MessageBody, ...]:
    """Messages from numbered attributes. One whose role an attribute limit has dropped is dropped whole: it is the oldest."""
    items = [as_dict(as_dict(item).get("message")) for item in unflatten(span.attributes, prefix)]
    if span.dropped_attributes_count:
        items = [item for item in items if "role" in item]
    return tuple(body for item in items for body in read_messages(_plain_message(item), default_role))


def _plain_message(item: Mapping[str, Any]) -> dict[str, Any]:
    """A message without the wrappers `message_content` and `tool_call` around the items of its lists."""
    parts = [as_dict(as_dict(part).get("message_content")) for part in as_list(item.get("contents"))]
    calls = [as_dict(as_dict(call).get("tool_call")) for call in as_list(item.get("tool_calls"))]
    # openai-agents sends a text both ways, and what has only a type is an image or reasoning
    texts = [part for part in parts if isinstance(part.get("text"), str) and part.get("type") != "reasoning"]
    message = {name: item[name] for name in ("role", "name", "tool_call_id") if name in item}
    message["content"] = [{"type": "text", "text": part["text"]} for part in texts] or item.get("content")
    message["tool_calls"] = [call for call in calls if call]
    if "tool_call_id" in item and not calls:  # Anthropic's results come in the role of the user
        message["role"] = "tool"
    if "function_call_name" in item and not calls:
        message["function_call"] = {
            "name": item["function_call_name"],
            "arguments": item.get("function_call_arguments_json"),
        }
    return message


def prompts(attributes: Attributes) -> tuple[MessageBody, ...]:
    """The prompts of a text completion, numbered or as an array."""
    numbered = [as_dict(as_dict(item).get("prompt")).get("text") for item in unflatten(attributes, "llm.prompts")]
    return read_messages(
        [text for text in numbered or as_list(parse(attributes.get("llm.prompts"))) if isinstance(text, str)]
    )
