"""Tools that the model's vendor runs itself: their calls and results in the shapes of any other tool's.

    {"type": "server_tool_call", "name", "server_tool_call": {...}}               OpenTelemetry GenAI, parts of a message
    {"type": "server_tool_use" | "mcp_tool_use" | "web_search_tool_result", ...}  Anthropic, parts of a message
    {"type": "web_search_call" | "file_search_call" | "mcp_call", ...}            OpenAI responses, items beside messages

A search that found nothing on the vendor's side is a finding like any other, so these calls are not left out.
"""

from typing import Any

_Object = dict[str, Any]

_REQUESTS = ("server_tool_use", "mcp_tool_use")
_OWN_KEYS = ("type", "id", "name", "server_name", "caller")
# what an item of the Responses API says beside its arguments; `results` only where they were asked for
_OUTPUTS = ("results", "output", "outputs", "result", "error")
_ABOUT_ITEM = frozenset(("type", "id", "status", "name", "arguments", "server_label", "approval_request_id", *_OUTPUTS))
_KNOWN = ("function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "tool_call")
_NO_MESSAGES = ("mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "item_reference", "compaction")


def part_of(item: _Object) -> _Object:
    """Return a part of a message as the tool call or result that it is; any other part unchanged."""
    kind = item.get("type")
    if kind == "server_tool_call":
        asked = item.get("server_tool_call")
        return {"type": "tool_call", "id": item.get("id"), "name": item.get("name"), "arguments": _arguments(asked)}
    if kind == "server_tool_call_response":
        answered = item.get("server_tool_call_response")
        response = answered.get("content", answered) if isinstance(answered, dict) else answered
        return {"type": "tool_call_response", "id": item.get("id"), "response": response}
    if kind in _REQUESTS:
        return {**item, "type": "tool_use"}
    if isinstance(kind, str) and kind.endswith("_tool_result"):
        return {**item, "type": "tool_result"}
    return item


def items_of(item: _Object) -> list[_Object] | None:
    """Return the call, and the result if it is told, of an item of the Responses API; None for any item that is no such call."""
    kind = item.get("type")
    if not isinstance(kind, str) or "role" in item or kind in _KNOWN:
        return None
    if kind in _NO_MESSAGES:
        return []
    if kind.endswith("_call_output"):
        return [{**item, "type": "function_call_output", "call_id": item.get("call_id") or item.get("id")}]
    if not kind.endswith("_call"):
        return None
    name = item.get("name") or kind.removesuffix("_call")
    given = item.get("arguments", {key: value for key, value in item.items() if key not in _ABOUT_ITEM})
    call = {"type": "function_call", "call_id": item.get("id"), "name": name, "arguments": given}
    told = next((item[key] for key in _OUTPUTS if item.get(key) is not None), None)
    output = {"type": "function_call_output", "call_id": item.get("id"), "output": told}
    return [call] if told is None else [call, output]


def _arguments(asked: Any) -> Any:  # what a vendor's tool was given: an object, or text of one
    if not isinstance(asked, dict):
        return asked
    named = next((asked[key] for key in ("arguments", "input") if asked.get(key) is not None), None)
    return {key: value for key, value in asked.items() if key not in _OWN_KEYS} if named is None else named
