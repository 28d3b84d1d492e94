"""OpenInference's messages, spread over numbered attributes, each item of a list in a wrapper of its own.

    llm.input_messages.<i>.message.{role, content, name, tool_call_id}
    llm.input_messages.<i>.message.contents.<j>.message_content.{type, text, image.image.url}
    llm.input_messages.<i>.message.tool_calls.<k>.tool_call.{id, function.name, function.arguments}

`content` is absent where `contents` is used, and `arguments` where there are none.
"""

from collections.abc import Mapping
from typing import Any

from collector_plugin.reading.message_shapes import read_messages
from collector_plugin.reading.payload import as_dict, as_list, parse
from collector_plugin.reading.unflatten import unflatten
from schemas.records import Attributes, MessageBody, Role, Span

_BLOCKS = ("tool_use", "tool_result")  # the instrumentations for JavaScript keep Anthropic's blocks
_RAW = "raw"
_RESULT = "tool_result"
_RESULTS = {"toolResult", "function_response", "functionResponse"}
_SAYS_RESULT = (_RESULT, *sorted(_RESULTS))


def messages(span: Span, prefix: str, default_role: Role = "user") -> tuple[MessageBody, ...]:
    """Messages from numbered attributes. One whose role an attribute limit has dropped is dropped whole: it is the oldest."""
    items = [as_dict(as_dict(item).get("message")) for item in unflatten(span.attributes, prefix)]
    if span.dropped_attributes_count:
        items = [item for item in items if "role" in item]
    if prefix.endswith("input_messages"):
        items = _with_raw_results(items, span.attributes)
    return read_messages([item.get(_RAW) or _plain_message(item) for item in items], default_role)


def _with_raw_results(items: list[dict[str, Any]], attributes: Attributes) -> list[dict[str, Any]]:
    """The messages, tools' results taken from the raw request.

    Anthropic's instrumentation gives them as a user's text; those of Bedrock and Gemini keep the last of several alone.
    """
    request = attributes.get("input.value", "")
    if not any(word in request for word in _SAYS_RESULT):  # to read all of a request takes long
        return items
    raw = _raw_messages(parse(request))
    if not any(_has_result(message) for message in raw):
        return items
    spoken = [number for number, item in enumerate(items) if item.get("role") != "system"]
    if len(spoken) != len(raw):
        return items
    results = {number: message for number, message in zip(spoken, raw, strict=True) if _has_result(message)}
    return [{_RAW: results[number]} if number in results else item for number, item in enumerate(items)]


def _raw_messages(request: Any) -> list[Any]:  # a request of any model's API
    if isinstance(request, list):
        return request
    return as_list(as_dict(request).get("messages")) or as_list(as_dict(request).get("contents"))


def _has_result(message: Any) -> bool:  # a message of Anthropic's, Bedrock's or Gemini's
    blocks = as_list(as_dict(message).get("content")) or as_list(as_dict(message).get("parts"))
    return any(as_dict(block).get("type") == _RESULT or _RESULTS & as_dict(block).keys() for block in blocks)


def _plain_message(item: Mapping[str, Any]) -> dict[str, Any]:
    """A message without the wrappers `message_content` and `tool_call` around the items of its lists."""
    parts = [as_dict(as_dict(part).get("message_content")) for part in as_list(item.get("contents"))]
    calls = [as_dict(as_dict(call).get("tool_call")) for call in as_list(item.get("tool_calls"))]
    blocks = [{"type": kind, **as_dict(part.get(kind))} for part in parts for kind in _BLOCKS if kind in part]
    # openai-agents sends a text both ways, and what has only a type is an image or reasoning
    texts = [part for part in parts if isinstance(part.get("text"), str) and part.get("type") != "reasoning"]
    message = {name: item[name] for name in ("role", "name", "tool_call_id") if name in item}
    content = [{"type": "text", "text": part["text"]} for part in texts] + blocks
    message["content"] = content or item.get("content")
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
