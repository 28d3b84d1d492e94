"""Arize's OpenInference, which the instrumentations of Phoenix speak: OpenAI, LangChain, LlamaIndex, CrewAI, smolagents, ...

Messages, tools and documents are spread over numbered attributes (`llm.input_messages.0.message.role`); `input.value`
and `output.value` hold the raw request and answer as JSON, as text, or as a Python repr.

https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from collector_plugin.dialects import otel_genai, vercel
from collector_plugin.reading import crewai, haystack, langchain, smolagents
from collector_plugin.reading.build import amount, make_execution, make_facts, make_retrieval, number
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions
from collector_plugin.reading.openinference_messages import messages, prompts
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse, parse_loosely
from collector_plugin.reading.remembered import remembered
from collector_plugin.reading.unflatten import unflatten
from schemas.records import (
    Attributes,
    Document,
    MessageBody,
    Record,
    Role,
    Span,
    SpanFacts,
    SpanRole,
    ToolDefinition,
    ToolExecution,
)

NAME = "openinference"
_REWRITTEN = (vercel, otel_genai)
KIND = "openinference.span.kind"

ROLES: dict[str, SpanRole] = {
    "LLM": "llm",
    "AGENT": "agent",
    "TOOL": "tool",
    "RETRIEVER": "retriever",
    "EMBEDDING": "embedding",
    "CHAIN": "chain",
    "RERANKER": "chain",
    "GUARDRAIL": "chain",
    "EVALUATOR": "chain",
}
# any of them tells that a model was called; LlamaIndex gives the kind LLM to steps that only prepare a call
_SIGNS_OF_A_CALL = (
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.token_count.",
    "llm.prompts.",
    "llm.model_name",
    "llm.finish_reason",
)
_RESPONSE_ID = re.compile(r'\{\s*"id":\s*"([^"]+)"')
_HANDOFF = "handoff to "  # openai-agents: what the call `transfer_to_...` did; it ran no tool
_NO_WORDS = ("{", "[", "<", "__REDACTED__")  # a repr, or what stands for hidden content
_ASKED = ("task", "input", "question", "query", "user_msg", "user_message", "prompt", "message")


def recognises(span: Span) -> bool:
    """The one attribute that every OpenInference span has, rewritten spans of other dialects included."""
    return KIND in span.attributes


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of an OpenInference span, and the tool execution or retrieval that it is."""
    attributes = span.attributes
    role = role_of(span)
    facts = make_facts(span, NAME, role, **_content_fields(span, role), **_model_fields(span, role))
    before = _before_rewriting(span)
    yield _completed(facts, before)
    if role == "tool":
        yield next((record for record in before if isinstance(record, ToolExecution)), None) or _execution(span)
    elif role == "retriever" and _is_answered(attributes):
        yield make_retrieval(span, _query(attributes), _documents(attributes))


def _before_rewriting(span: Span) -> list[Record]:
    """What the span said before it was rewritten: exporters for JavaScript, and processors, leave its own attributes on it."""
    return next((list(dialect.read(span)) for dialect in _REWRITTEN if dialect.recognises(span)), [])


def _completed(facts: SpanFacts, before: list[Record]) -> SpanFacts:
    """Facts with the messages that rewriting has lost, if any."""
    told = next((record for record in before if isinstance(record, SpanFacts)), None)
    if told is None or facts.role not in ("llm", "agent", "chain"):
        return facts
    return replace(
        facts,
        input=facts.input or told.input,
        output=facts.output or told.output,
        response_id=facts.response_id or told.response_id,
        tools_offered=facts.tools_offered or told.tools_offered,
    )


def role_of(span: Span) -> SpanRole:
    """What kind of work a span is; its kind corrected where an instrumentation is known to give a wrong one."""
    attributes = span.attributes
    role = ROLES.get(attributes[KIND].upper(), "other")
    if role == "agent" and "tool.name" in attributes:  # LangChain: any run whose name contains "agent"
        return "tool"
    if role == "tool" and "tool.name" not in attributes and span.name.startswith(_HANDOFF):
        return "chain"
    if (
        role == "llm"
        and span.status_code != "Error"
        and not any(key.startswith(_SIGNS_OF_A_CALL) for key in attributes)
    ):
        return "chain"
    return role


# --- messages ---------------------------------------------------------------------------------------------------------


def _content_fields(span: Span, role: SpanRole) -> dict[str, Any]:
    attributes = span.attributes
    if role == "llm":
        given = (
            messages(span, "llm.input_messages")
            or prompts(attributes)
            or _raw_messages(attributes.get("input.value"), "user")
        )
        said = messages(span, "llm.output_messages", "assistant") or _raw_messages(
            attributes.get("output.value"), "assistant"
        )
        return {
            "input": given,
            "output": said,
            "tools_offered": _tools_offered(attributes),
            "is_truncated": _is_cut(attributes),
        }
    if role in ("agent", "chain", "other"):
        given = messages(span, "llm.input_messages") or _given(attributes)
        said = _returned(attributes)
        return {"input": given, "output": said, "tools_offered": smolagents.managed_agents(attributes)}
    return {}


def _raw_messages(text: str | None, role: Role) -> tuple[MessageBody, ...]:
    """Messages of a whole request or answer, where no attributes repeat them."""
    value = parse(text)
    return read_messages(value, role) if isinstance(value, dict | list) else ()


def _given(attributes: Attributes) -> tuple[MessageBody, ...]:
    """What an agent or chain was asked: messages, plain text, or an object with one telling text."""
    value = _around(attributes, "input")
    named = (as_dict(value).get(name) for name in _ASKED)
    found = crewai.tasks(attributes) or haystack.read_reprs(value) or langchain.read_state(value)
    return found or read_messages(
        value if isinstance(value, str) else next((text for text in named if isinstance(text, str)), "")
    )


def _returned(attributes: Attributes) -> tuple[MessageBody, ...]:
    """What an agent or chain answered, without the history that many return with it."""
    value = _around(attributes, "output")
    found = crewai.result(value) or haystack.after_question(haystack.read_reprs(value))
    found = found or langchain.last_answer(langchain.read_state(value))
    return found or (read_messages(value, "assistant") if isinstance(value, str) else ())


def _around(attributes: Attributes, side: str) -> Any:  # dict, list or text; None where nobody's words are
    """A raw value as an object or text; a repr, or what stands for hidden content, is neither."""
    text = attributes.get(f"{side}.value", "")
    value = parse_loosely(text)
    if isinstance(value, dict | list | str):
        return value
    is_text = attributes.get(f"{side}.mime_type", "text/plain") == "text/plain" and not text.startswith(_NO_WORDS)
    return text if is_text else None


def _is_cut(attributes: Attributes) -> bool:
    """Whether a raw request or answer is JSON that a length limit has cut; other texts are then cut as well."""
    raw = (
        attributes.get(f"{side}.value", "")
        for side in ("input", "output")
        if attributes.get(f"{side}.mime_type") == "application/json"
    )
    return any(text[:1] in ("{", "[") and parse(text) is None for text in raw)


# --- the model --------------------------------------------------------------------------------------------------------


def _model_fields(span: Span, role: SpanRole) -> dict[str, Any]:
    attributes = span.attributes
    fields: dict[str, Any] = {"agent_name": _agent_name(span, role)}
    if role not in ("llm", "embedding"):
        return fields
    requested, _ = _parameters(attributes.get("llm.invocation_parameters", ""))
    model = attributes.get("llm.model_name") or attributes.get("embedding.model_name", "")
    response_id = _RESPONSE_ID.match(attributes.get("output.value", ""))
    return {
        **fields,
        "provider": attributes.get("llm.provider") or attributes.get("llm.system", ""),
        "request_model": model if requested is None else requested,
        "response_model": model,
        "response_id": response_id[1] if response_id else "",
        "finish_reason": attributes.get("llm.finish_reason", "").lower(),
        "input_tokens": number(attributes, "llm.token_count.prompt"),
        "output_tokens": number(attributes, "llm.token_count.completion"),
        "cached_tokens": number(attributes, "llm.token_count.prompt_details.cache_read"),
        "cost_usd": amount(attributes, "llm.cost.total"),
    }


def _agent_name(span: Span, role: SpanRole) -> str:
    attributes = span.attributes
    at_node = attributes.get("graph.node.id", "") if role == "agent" else ""
    named = attributes.get("agent.name") or at_node or smolagents.agent_name(span) or crewai.coworker(attributes)
    return named or as_str(as_dict(parse(attributes.get("metadata"))).get("lc_agent_name"))


def _tools_offered(attributes: Attributes) -> tuple[ToolDefinition, ...]:
    """Tools from numbered attributes, else from the request's parameters (LangChain, openai-agents)."""
    schemas = [as_dict(as_dict(item).get("tool")).get("json_schema") for item in unflatten(attributes, "llm.tools")]
    if schemas:
        return tuple([tool for schema in schemas for tool in _schema(as_str(schema))])
    return _parameters(attributes.get("llm.invocation_parameters", ""))[1]


@remembered
def _schema(text: str) -> tuple[ToolDefinition, ...]:
    return read_tool_definitions([parse(text)])


@remembered
def _parameters(text: str) -> tuple[str | None, tuple[ToolDefinition, ...]]:
    """The model that a request asks for, None where it names none, and the tools that it offers."""
    parameters = as_dict(parse(text))
    model = parameters.get("model")
    return model if isinstance(model, str) else None, read_tool_definitions(as_list(parameters.get("tools")))


# --- tools and retrievals ---------------------------------------------------------------------------------------------


def _execution(span: Span) -> Record:
    attributes = span.attributes
    output = attributes.get("output.value")
    result = langchain.read_tool_result(output) if output is not None else None
    known: dict[str, Any] = {
        "call_id": attributes.get("tool_call.id") or attributes.get("tool.id") or (result.call_id if result else "")
    }
    if result and result.failed:
        known["status"] = "error"
    name = attributes.get("tool.name") or span.name
    return make_execution(span, name, arguments=_arguments(attributes), result=result.text if result else None, **known)


def _arguments(attributes: Attributes) -> Any:  # an object, or text where no name is known for it
    """A tool's arguments: an object, an object within `kwargs`, or the bare value of its only parameter (LangChain)."""
    text = attributes.get("input.value", "")
    value = parse_loosely(text)
    if isinstance(value, dict):
        inner = crewai.called_with(value)
        if inner is not None:
            return inner
        inner = value.get("kwargs")
        return (
            inner if isinstance(inner, dict) and set(value) <= {"args", "kwargs", "sanitize_inputs_outputs"} else value
        )
    schema = as_dict(parse(attributes.get("tool.parameters")))
    parameters = list(as_dict(schema.get("properties")))
    return {parameters[0]: text if value is None else value} if text and len(parameters) == 1 else text


def _query(attributes: Attributes) -> str | None:
    text = attributes.get("input.value")
    value = as_dict(parse(text))
    return next(
        (value[name] for name in ("query", "query_str", "input", "text") if isinstance(value.get(name), str)), text
    )


def _is_answered(attributes: Attributes) -> bool:
    """Whether a span tells what was found, be it nothing: LlamaIndex has no document then, but an output."""
    return "output.value" in attributes or any(key.startswith("retrieval.documents") for key in attributes)


def _documents(attributes: Attributes) -> tuple[Document, ...]:
    """Documents from numbered attributes and the raw answer: LangChain's ids stand only in the latter."""
    items = [as_dict(as_dict(item).get("document")) for item in unflatten(attributes, "retrieval.documents")]
    value = parse(attributes.get("output.value"))
    raw = [item for item in as_list(value) or as_list(as_dict(value).get("documents")) if isinstance(item, dict)]
    if items and len(items) == len(raw):
        items = [{"id": answered.get("id"), **item} for answered, item in zip(raw, items, strict=True)]
    items = items or raw
    return tuple(langchain.read_document(item) for item in items)
