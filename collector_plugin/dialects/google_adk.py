"""Google's Agent Development Kit before version 2: a Gemini request and response as JSON on every model call.

    invocation
      invoke_agent {name} | agent_run [{name}]
        call_llm                                `gcp.vertex.agent.llm_request` and `.llm_response`
          execute_tool {name}                   `gcp.vertex.agent.tool_call_args` and `.tool_response`

Not all that has the role of a user was said by one: ADK adds prompts that keep a model going, and tells an agent what
the agents before it said and did. Version 2 speaks OpenTelemetry's conventions and is read by `otel_genai`.

https://google.github.io/adk-docs/observability/traces/
"""

from collections.abc import Iterator
from typing import Any

from collector_plugin.dialects.otel_genai import model_fields, tool_call_id
from collector_plugin.reading.adk_prompts import FILLERS, FOREIGN
from collector_plugin.reading.build import make_execution, make_facts, number
from collector_plugin.reading.function_io import is_cut
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse_loosely
from schemas.records import Attributes, MessageBody, Record, Span, SpanRole

NAME = "google_adk"

REQUEST, RESPONSE = "gcp.vertex.agent.llm_request", "gcp.vertex.agent.llm_response"
_MERGED = "(merged tools)"  # the span that sums up tools which ran at once, each with a span of its own
_ROLES: tuple[tuple[str, SpanRole], ...] = (
    ("call_llm", "llm"),
    ("execute_tool", "tool"),
    ("invoke_agent", "agent"),
    ("agent_run", "agent"),
    ("invocation", "chain"),
)


def recognises(span: Span) -> bool:
    """ADK's own attributes, or its scope on one of the spans that version 1 makes; a failed call has no attributes at all."""
    if REQUEST in span.attributes or "gcp.vertex.agent.tool_response" in span.attributes:
        return True
    return span.scope_name == "gcp.vertex.agent" and span.name in ("call_llm", "invocation")


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a span, and the tool execution that it is."""
    attributes = span.attributes
    role = _role(span)
    known: dict[str, Any] = model_fields(attributes)
    if role == "llm":
        known |= _call(attributes)
    yield make_facts(span, NAME, role, **known)
    if role == "tool":
        yield make_execution(
            span,
            attributes.get("gen_ai.tool.name") or span.name.removeprefix("execute_tool").strip(" []"),
            arguments=attributes.get("gen_ai.tool.call.arguments") or attributes.get("gcp.vertex.agent.tool_call_args"),
            result=attributes.get("gen_ai.tool.call.result") or _response(attributes),
            call_id=tool_call_id(attributes) or attributes.get("gcp.vertex.agent.tool_call_id", ""),
        )


def _response(attributes: Attributes) -> str | None:
    """A tool's result, which ADK wraps in an object: an empty one stands for content whose capture is off."""
    response = attributes.get("gcp.vertex.agent.tool_response")
    return None if response == "{}" else response


def _role(span: Span) -> SpanRole:
    if _MERGED in span.name or span.attributes.get("gen_ai.tool.name") == _MERGED:
        return "chain"
    return next((role for start, role in _ROLES if span.name.startswith(start)), "other")


def _call(attributes: Attributes) -> dict[str, Any]:
    """Fields of a model call, out of the request and the response."""
    request = as_dict(parse_loosely(attributes.get(REQUEST)))
    response = as_dict(parse_loosely(attributes.get(RESPONSE)))
    config = as_dict(request.get("config"))
    usage = as_dict(response.get("usage_metadata"))
    system = (
        read_messages([{"role": "system", "content": config["system_instruction"]}])
        if config.get("system_instruction")
        else ()
    )
    return {
        "input": system + users_words(as_list(request.get("contents"))),
        "output": read_messages(response, "assistant") if response.get("content") else (),
        "tools_offered": read_tool_definitions(as_list(config.get("tools"))),
        "agent_name": as_str(as_dict(config.get("labels")).get("adk_agent_name")),
        "request_model": as_str(request.get("model")) or attributes.get("gen_ai.request.model", ""),
        "response_model": as_str(response.get("model_version")),
        "input_tokens": number(usage, "prompt_token_count") or number(attributes, "gen_ai.usage.input_tokens"),
        "output_tokens": number(usage, "candidates_token_count") or number(attributes, "gen_ai.usage.output_tokens"),
        "cached_tokens": number(usage, "cached_content_token_count"),
        "is_truncated": any(is_cut(attributes.get(key, "")) for key in (REQUEST, RESPONSE)),
    }


def users_words(contents: list[Any]) -> tuple[MessageBody, ...]:
    """Return the messages of Gemini contents without what ADK put into the user's mouth."""
    said: list[Any] = []
    for content in filter(as_dict, contents):
        parts = as_list(content.get("parts"))
        texts = [as_str(part.get("text")) for part in parts if isinstance(part, dict) and part.get("text")]
        if content.get("role") == "user" and texts and texts[0].strip() == FOREIGN:
            continue
        kept = [part for part in parts if not (isinstance(part, dict) and part.get("text") in FILLERS)]
        if kept:
            said.append({**content, "parts": kept})
    return read_messages(said)
