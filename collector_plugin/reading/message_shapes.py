"""Read messages in the shapes that model vendors and frameworks write them.

    {"role", "parts": [{"type": "text" | "tool_call" | "tool_call_response", ...}]}        OpenTelemetry GenAI >= 1.37
    {"role", "content", "tool_calls": [{"id", "function": {"name", "arguments"}}]}         OpenAI chat completions
    {"type": "message" | "function_call" | "function_call_output" | "reasoning", ...}      OpenAI responses
    {"role", "content": [{"type": "text" | "tool_use" | "tool_result", ...}]}              Anthropic
    {"role", "content": [{"text"} | {"toolUse"} | {"toolResult"}]}                         Bedrock, Strands
    {"role", "parts": [{"text"} | {"function_call"} | {"function_response"}]}              Gemini, Google ADK
    {"role", "content": [{"type": "text" | "tool-call" | "tool-result", ...}]}             Vercel AI SDK
    {"lc": 1, "id": [..., "AIMessage"], "kwargs": {...}} and {"type": "ai", "data": {...}} LangChain

A message is told by what it holds, never by who sent it: the same shapes turn up in every dialect.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from collector_plugin.reading import hosted_tools
from collector_plugin.reading.payload import as_dict, as_json, as_list, as_str, parse, parse_literal, parse_loosely
from collector_plugin.reading.remembered import remembered
from schemas.records import MessageBody, Role, ToolDefinition, ToolRequest

ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "systemmessage": "system",
    "user": "user", "human": "user", "humanmessage": "user", "humanmessagechunk": "user",
    "assistant": "assistant", "ai": "assistant", "model": "assistant", "aimessage": "assistant", "aimessagechunk": "assistant",
    "tool": "tool", "function": "tool", "toolmessage": "tool", "functionmessage": "tool", "tool-response": "tool",
    "tool_call": "assistant", "tool-call": "assistant",
}  # fmt: skip
_MAX_UNWRAPPING = 3  # JSON within JSON within JSON; deeper is content, not encoding

# Every call of a model repeats the conversation so far. A message of a longer list has most likely been read before, and
# to look it up takes an eighth of the time. It may be another tenant's: the same JSON is the same message, whoever sent it.
# What is kept mostly takes some 8 MiB; 80 MiB where every message is as long as can be, with wide characters.
_HISTORY_LENGTH = 3
_KNOWN_MESSAGES = 4_096
_KNOWN_BYTES = 4_096


class _Result(NamedTuple):
    call_id: str
    text: str
    name: str = ""
    is_error: bool = False


_Part = str | ToolRequest | _Result  # text, a call, or what came of one


def read_messages(value: Any, default_role: Role = "user") -> tuple[MessageBody, ...]:
    """Return the messages that a payload holds, in order.

    Args:
        value: a string, a message, a list of either, or an object that holds them as `messages`, `choices`, ...
        default_role: whose a text without a role is.
    """
    if isinstance(value, str):
        return (MessageBody(default_role, value),) if value.strip() else ()
    if isinstance(value, dict):
        return _from_object(value, default_role)
    if isinstance(value, list):
        read = read_messages if len(value) < _HISTORY_LENGTH else _read_repeated
        return tuple([body for item in value for body in read(item, default_role)])
    return ()


def _read_repeated(item: Any, default_role: Role) -> tuple[MessageBody, ...]:  # any element of a list of messages
    """Return what `read_messages` does, from memory where an equal message was read lately."""
    try:
        encoded = orjson.dumps(item)
    except TypeError:  # no JSON: out of a Python literal
        return read_messages(item, default_role)
    return _read_known(encoded, default_role) if len(encoded) <= _KNOWN_BYTES else read_messages(item, default_role)


@lru_cache(_KNOWN_MESSAGES)
def _read_known(encoded: bytes, default_role: Role) -> tuple[MessageBody, ...]:
    return read_messages(orjson.loads(encoded), default_role)


def _from_object(value: dict[str, Any], default_role: Role) -> tuple[MessageBody, ...]:
    kind = value.get("type")
    if kind is None and "role" in value and "kwargs" not in value:  # nearly all: spared the questions below
        return _message(value, _role(as_str(value["role"]), default_role))
    inner = _lists_of_messages(value)
    if inner is None:
        inner = hosted_tools.items_of(value)
    if inner is not None:
        return read_messages(inner, default_role)
    if "kwargs" in value and as_list(value.get("id")):  # LangChain's constructor form
        return _message(as_dict(value["kwargs"]), _role(str(value["id"][-1]), default_role))
    if isinstance(value.get("data"), dict) and isinstance(kind, str):  # LangChain's messages_to_dict
        return _message(value["data"], _role(kind, default_role))
    if kind in ("function_call", "custom_tool_call"):
        return (MessageBody("assistant", tool_calls=(read_tool_request(value),)),)
    if kind in ("function_call_output", "custom_tool_call_output"):
        return (MessageBody("tool", text_of(value.get("output")), tool_call_id=as_str(value.get("call_id"))),)
    if kind == "reasoning" and "role" not in value:
        return ()
    return _message(value, _role(as_str(value.get("role") or kind), default_role))


def _lists_of_messages(value: dict[str, Any]) -> Any:  # the list within a request or response, or None
    """What a whole request or response of a model API holds its messages in."""
    if "role" in value or "lc" in value or "kwargs" in value:
        return None
    if isinstance(value.get("messages"), list):
        system = value.get("system") or value.get("instructions")
        return ([{"role": "system", "content": system}] if system else []) + value["messages"]
    for key in ("choices", "generations", "candidates", "contents"):
        if isinstance(value.get(key), list):
            return value[key]
    if isinstance(value.get("output"), list) and ("object" in value or "usage" in value or "id" in value):
        return value["output"]
    if isinstance(value.get("message"), dict):
        return [value["message"]]
    if isinstance(value.get("content"), dict) and "parts" in value["content"]:
        return [{"role": "model"} | value["content"]]
    return None


def _message(value: dict[str, Any], role: Role) -> tuple[MessageBody, ...]:
    """One message of ours, or several where it holds tool results."""
    parts = _parts(value)
    name = as_str(value.get("name"))
    text = "\n".join([part for part in parts if isinstance(part, str) and part])
    calls = tuple([part for part in parts if isinstance(part, ToolRequest)])
    results = [part for part in parts if isinstance(part, _Result)]
    if results:
        return tuple(_with_results(MessageBody(role, text, calls, name=name), results))
    if role == "tool":
        answered = as_str(value.get("tool_call_id")) or as_str(value.get("id"))
        return (MessageBody("tool", text_of(_content(value)), (), answered, name, _is_error(value)),)
    return (MessageBody(role, text, calls, name=name),)


def _with_results(body: MessageBody, results: Iterable[_Result]) -> Iterator[MessageBody]:
    """The results of tools that a message holds, and what else it says."""
    if body.role == "assistant" and body.tool_calls:  # the vendor ran the tool between the call and the words
        yield replace(body, content="")
        body = replace(body, tool_calls=())
    for result in results:
        yield MessageBody("tool", result.text, (), result.call_id, result.name, result.is_error)
    if body.role != "tool" and (body.content or body.tool_calls):
        yield body


def _parts(message: dict[str, Any]) -> list[_Part]:
    content, calls = _content(message), _tool_calls(message)
    items = content if isinstance(content, list) else [content]
    parts = [part for part in map(_part, items) if part is not None]
    if not calls:
        return parts
    ids = {call.id for call in calls if call.id}
    # LangChain repeats Anthropic's tool_use blocks as tool_calls
    return [part for part in parts if not (isinstance(part, ToolRequest) and part.id in ids)] + calls


def _content(message: dict[str, Any]) -> Any:  # text, a list of parts, or whatever a tool returned
    parts = message.get("parts")
    content = parts if isinstance(parts, list) else message.get("content")
    return message.get("text", message.get("refusal")) if content is None else content


def _tool_calls(message: dict[str, Any]) -> list[ToolRequest]:
    calls = message.get("tool_calls") or as_dict(message.get("additional_kwargs")).get("tool_calls")
    function_call = message.get("function_call")
    if isinstance(function_call, dict) and not calls:
        return [read_tool_request(function_call)]
    listed = as_list(parse(calls) if isinstance(calls, str) else calls)
    return [read_tool_request(call) for call in listed if isinstance(call, dict)]


_NOT_TEXT = {
    "reasoning", "thinking", "redacted_thinking",
    "image", "image_url", "image-url", "input_image", "audio", "audio-url", "input_audio", "video", "video-url",
    "file", "input_file", "document-url", "binary", "blob", "uri", "media", "compaction",
}  # fmt: skip


_CALLS = frozenset(("tool_call", "tool_use", "tool-call", "function_call", "toolCall"))
_RESULTS = frozenset(
    ("tool_call_response", "tool_result", "tool-result", "function_call_output", "tool-return", "tool_response")
)


def _part(item: Any) -> _Part | None:  # any element of a content list
    if isinstance(item, str):
        return item
    if not isinstance(item, dict) or item.get("thought") is True:  # Gemini: what the model thought, where words stand
        return None
    item = hosted_tools.part_of(item)
    kind = as_str(item.get("type") or item.get("part_kind") or item.get("kind"))
    if kind in _CALLS:
        return read_tool_request(item)
    if kind in _RESULTS:
        return _read_result(item)
    for key, read in _HOLDS:
        if isinstance(item.get(key), dict):
            return read(item[key])
    return None if kind in _NOT_TEXT else _text(item)


def _text(item: dict[str, Any]) -> str | None:
    for key in ("text", "content", "refusal"):
        text = item.get(key)
        if isinstance(text, str):
            return text
    return None


_IDS = ("call_id", "toolCallId", "toolUseId", "tool_call_id", "id")
_RESULT_IDS = ("call_id", "tool_use_id", "toolCallId", "toolUseId", "tool_call_id", "id")
_NAMES = ("name", "toolName", "tool_name")
_ARGUMENTS = ("arguments", "args", "input", "parameters")


def read_tool_request(value: dict[str, Any]) -> ToolRequest:
    """Return the tool call that an object of any known shape asks for."""
    function = as_dict(value.get("function")) or value
    arguments = next((function[key] for key in _ARGUMENTS if key in function), None)
    return ToolRequest(_first(value, _IDS), _first(function, _NAMES), canonical_arguments(arguments))


def _read_result(value: dict[str, Any]) -> _Result:
    result = next((value[k] for k in ("response", "output", "result", "content") if value.get(k) is not None), None)
    return _Result(_first(value, _RESULT_IDS), text_of(result), _first(value, _NAMES), _is_error(value))


_HOLDS: tuple[tuple[str, Callable[[dict[str, Any]], _Part]], ...] = (
    ("toolUse", read_tool_request),
    ("function_call", read_tool_request),
    ("functionCall", read_tool_request),
    ("toolResult", _read_result),
    ("function_response", _read_result),
    ("functionResponse", _read_result),
)


def _first(value: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The first of `keys` that says something, as text."""
    for key in keys:
        said = value.get(key)
        if said:
            return as_str(said)
    return ""


def _is_error(result: dict[str, Any]) -> bool:
    """Whether a tool's result is marked as the failure of the call; what its text says is another matter."""
    return (
        result.get("is_error") is True  # Anthropic
        or result.get("isError") is True  # MCP
        or result.get("status") == "error"  # Bedrock, LangChain
        or as_dict(result.get("output")).get("type") in ("error-text", "error-json")  # AI SDK
    )


def text_of(value: Any) -> str:  # any JSON value
    """Return a tool's result or a message's content as the text that a person would call its content.

    Blocks that only wrap text are unwrapped; any other object or list stays the JSON that it is.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        if "value" in value and set(value) <= {
            "type",
            "value",
        }:  # AI SDK: {"type": "json" | "text" | "error-text", "value"}
            return text_of(value["value"])
        if set(value) == {"json"}:  # Bedrock
            return as_str(value["json"])
        text = value.get("text", value.get("content") if value.get("type") == "text" else None)
        if isinstance(text, str) and set(value) <= {"type", "text", "content", "annotations"}:
            return text
    if isinstance(value, list) and is_blocks(value):
        return "\n".join(text_of(item) for item in value)
    return as_str(value)


def is_blocks(value: Any) -> bool:  # any JSON value
    """Tell whether a list is made of content blocks, rather than of whatever a tool returned or a user typed."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, dict)
            and (as_str(item.get("type")) in _BLOCK_TYPES or (len(item) == 1 and set(item) <= _BLOCK_KEYS))
            for item in value
        )
    )


_BLOCK_KEYS = {"text", "json", "image", "document", "video", "toolUse", "toolResult", "reasoningContent", "cachePoint"}
_BLOCK_TYPES = {
    "text", "input_text", "output_text", "refusal", "image", "image_url", "input_image", "reasoning", "thinking",
    "tool_call", "tool_call_response", "tool_use", "tool_result", "tool-call", "tool-result",
}  # fmt: skip


def canonical_arguments(value: Any) -> str:  # an object, its JSON, or its Python repr
    """Return tool arguments as JSON text with sorted keys; `{}` for none. JSON within strings is unwrapped."""
    for _ in range(_MAX_UNWRAPPING):
        if not isinstance(value, str):
            break
        inner = parse(value) if value.strip() else {}
        if inner is None and value.lstrip()[:1] == "{":
            inner = parse_literal(value)
        if inner is None:
            break
        value = inner
    return "{}" if value is None or value == {} else as_json(value)


def tools_in(text: str | None) -> tuple[ToolDefinition, ...]:
    """Return the tools that an attribute's text offers: JSON, JSON that was cut, or a Python literal."""
    return _tools_in(text) if text else ()


@remembered
def _tools_in(text: str) -> tuple[ToolDefinition, ...]:
    return read_tool_definitions(parse_loosely(text))


def read_tool_definitions(value: Any) -> tuple[ToolDefinition, ...]:
    """Return the tools that a request offers, from any list of OpenAI, Anthropic, Gemini or MCP definitions."""
    tools: list[ToolDefinition] = []
    items = list(value.values()) if isinstance(value, dict) and "name" not in value else as_list(value) or [value]
    for item in items:
        item = parse(item) if isinstance(item, str) else item
        if isinstance(item, dict) and isinstance(
            declared := item.get("functionDeclarations", item.get("function_declarations")), list
        ):
            tools.extend(read_tool_definitions(declared))
        elif isinstance(item, dict):
            tools.extend(_definition(as_dict(item.get("function") or item.get("toolSpec")) or item))
    return tuple(tools)


def _definition(value: dict[str, Any]) -> Iterator[ToolDefinition]:
    name = as_str(value.get("name"))
    schema = next(
        (value[k] for k in ("parameters", "input_schema", "inputSchema", "parameters_json_schema") if value.get(k)),
        None,
    )
    if name:
        yield ToolDefinition(name, as_str(value.get("description")), as_str(schema))


def _role(name: str, default: Role) -> Role:
    return ROLES.get(name) or ROLES.get(name.strip().lower(), default)
