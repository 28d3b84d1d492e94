"""Traceloop's OpenLLMetry, old and new.

Until 0.48 a model call spreads its messages over numbered attributes (`gen_ai.prompt.0.role`, `gen_ai.completion.0.content`);
newer versions write OpenTelemetry's attributes, which `otel_genai` reads. Both wrap workflows, agents, tasks and tools in
spans with `traceloop.span.kind`, whose `traceloop.entity.input` and `.output` hold what went in and came out, as JSON.

https://github.com/traceloop/openllmetry
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from collector_plugin.dialects import otel_genai
from collector_plugin.reading import langchain
from collector_plugin.reading.build import make_execution, make_facts, make_retrieval
from collector_plugin.reading.message_shapes import read_messages, read_tool_definitions
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse
from collector_plugin.reading.unflatten import unflatten
from schemas.records import Attributes, Document, MessageBody, Record, Role, Span, SpanRole

NAME = "traceloop"
KIND = "traceloop.span.kind"

ROLES: dict[str, SpanRole] = {
    "workflow": "chain",
    "task": "chain",
    "handoff": "chain",
    "agent": "agent",
    "tool": "tool",
}
REQUEST_ROLES: dict[str, SpanRole] = {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "chain"}
_NUMBERED = re.compile(r"gen_ai\.(?:prompt|completion)\.\d+\.")
_WITHIN = ("traceloop.workflow.", "traceloop.entity.")
_OWN = ("gen_ai.prompt.", "gen_ai.completion.", *_WITHIN)
_FOUND = ("gen_ai.task.output", "traceloop.entity.output")
_TEXT_ARGUMENTS = ("input", "question", "query", "message", "user_message", "prompt", "task")


def recognises(span: Span) -> bool:
    """A wrapper span of the SDK, a call whose messages are numbered attributes, or OpenTelemetry's within a workflow.

    Association properties alone tell nothing: the SDK sets them on every span, an HTTP client's too.
    """
    attributes = span.attributes
    if KIND in attributes or "llm.request.type" in attributes:
        return True
    own = [key for key in attributes if key.startswith(_OWN)]
    if any(map(_NUMBERED.match, own)):
        return True
    return "gen_ai.operation.name" in attributes and any(key.startswith(_WITHIN) for key in own)


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a Traceloop span, and the tool execution or retrieval that it is."""
    attributes = span.attributes
    role = role_of(span)
    yield make_facts(span, NAME, role, **(_model_fields(attributes) | _content_fields(span, role)))
    if role == "tool":
        yield _execution(span)
    elif role == "retriever" and any(key in attributes for key in _FOUND):  # a failed one has found nothing out
        yield make_retrieval(span, _query(attributes), _documents(attributes))


def role_of(span: Span) -> SpanRole:
    """What kind of work a span is: what it says of retrievals and tools first, since both are tasks as well."""
    attributes = span.attributes
    operation = otel_genai.ROLES.get(attributes.get("gen_ai.operation.name", ""))
    if operation in ("retriever", "tool"):
        return operation
    if KIND in attributes:
        return ROLES.get(attributes[KIND], "chain")
    by_request = REQUEST_ROLES.get(attributes.get("llm.request.type", ""))
    return by_request or operation or ("chain" if "gen_ai.operation.name" in attributes else "llm")


# --- messages ---------------------------------------------------------------------------------------------------------


def _content_fields(span: Span, role: SpanRole) -> dict[str, Any]:
    attributes = span.attributes
    if role == "llm":
        said = otel_genai.content_fields(span)
        tools = read_tool_definitions(unflatten(attributes, "llm.request.functions"))
        return {
            **said,
            "input": _numbered(span, "gen_ai.prompt", "user") or said["input"],
            "output": _numbered(span, "gen_ai.completion", "assistant") or said["output"],
            "tools_offered": tools or said["tools_offered"],
        }
    if role in ("agent", "chain"):
        is_outer = attributes.get(KIND) != "task"  # what a task is given is the program's affair, except LangChain's
        said = otel_genai.content_fields(span)
        given, returned = _given(attributes, is_outer), langchain.last_answer(_returned(attributes, is_outer))
        return {**said, "input": given or said["input"], "output": returned or said["output"]}
    return {}


def _numbered(span: Span, prefix: str, default_role: Role) -> tuple[MessageBody, ...]:
    """Messages from numbered attributes. One whose role an attribute limit has dropped is dropped whole: it is the oldest."""
    items = [as_dict(item) for item in unflatten(span.attributes, prefix)]
    if span.dropped_attributes_count:
        items = [item for item in items if "role" in item]
    return read_messages([_with_blocks(item) for item in items], default_role)


def _with_blocks(item: Mapping[str, Any]) -> dict[str, Any]:
    """A message whose content was a list of blocks, which is sent as JSON text; a tool's result stays as it is."""
    blocks = parse(as_str(item.get("content"))) if item.get("role") != "tool" else None
    if isinstance(blocks, list) and blocks and all(isinstance(block, dict) and "type" in block for block in blocks):
        return {**item, "content": blocks}
    return dict(item)


def _given(attributes: Attributes, is_outer: bool) -> tuple[MessageBody, ...]:
    value = _entity(attributes, "input")
    if not isinstance(value, dict):
        return read_messages(value, "user") if isinstance(value, str) and is_outer else ()
    if "inputs" in value:
        inputs = value["inputs"]
        return read_messages(inputs, "user") if isinstance(inputs, str) else langchain.read_state(inputs)
    if not is_outer:
        return ()
    named = as_dict(value.get("kwargs"))
    candidates = [*as_list(value.get("args"))[:1], *(named.get(name) for name in _TEXT_ARGUMENTS)]
    return next(((MessageBody("user", text),) for text in candidates if isinstance(text, str) and text.strip()), ())


def _returned(attributes: Attributes, is_outer: bool) -> tuple[MessageBody, ...]:
    value = _entity(attributes, "output")
    if isinstance(value, dict) and "outputs" in value:
        value = value["outputs"]
        return read_messages(value, "assistant") if isinstance(value, str) else langchain.read_state(value)
    return read_messages(value, "assistant") if isinstance(value, str) and is_outer else ()


def _entity(attributes: Attributes, side: str) -> Any:  # any JSON value, or the text that is none
    text = attributes.get(f"traceloop.entity.{side}") or attributes.get(f"gen_ai.task.{side}", "")
    value = parse(text)
    return text if value is None else value


# --- models, tools and retrievals -------------------------------------------------------------------------------------


def _model_fields(attributes: Attributes) -> dict[str, Any]:
    fields = otel_genai.model_fields(attributes)
    agent = attributes.get("gen_ai.agent.name") or (
        attributes.get("traceloop.entity.name", "") if attributes.get(KIND) == "agent" else ""
    )
    finish = fields["finish_reason"] or otel_genai.finish_reason(
        attributes.get("gen_ai.completion.0.finish_reason", "")
    )
    return {**fields, "agent_name": agent, "finish_reason": finish}


def _execution(span: Span) -> Record:
    attributes = span.attributes
    output = _output_text(attributes)
    result = langchain.read_tool_result(output) if output is not None else None
    known: dict[str, Any] = {"call_id": attributes.get("gen_ai.tool.call.id") or (result.call_id if result else "")}
    if result and result.failed:
        known["status"] = "error"
    name = (
        attributes.get("gen_ai.tool.name") or attributes.get("traceloop.entity.name") or span.name.removesuffix(".tool")
    )
    return make_execution(span, name, arguments=_arguments(attributes), result=result.text if result else None, **known)


def _arguments(attributes: Attributes) -> Any:  # an object, or text
    """Keyword arguments of a decorated function, or what LangChain gave a tool, an object or its Python repr."""
    text = attributes.get("gen_ai.tool.call.arguments") or attributes.get("traceloop.entity.input", "")
    value = parse(text)
    if not isinstance(value, dict):
        return text
    if isinstance(value.get("inputs"), dict):
        return value["inputs"]
    if "input_str" in value:
        return value["input_str"]
    if set(value) == {"args", "kwargs"} and not value["args"]:
        return value["kwargs"]
    return value


def _output_text(attributes: Attributes) -> str | None:
    """A tool's result as text: LangChain's without what surrounds it, a decorated function's without JSON's quotes."""
    text = attributes.get("gen_ai.tool.call.result", attributes.get("traceloop.entity.output"))
    value = parse(text)
    if isinstance(value, dict) and set(value) == {"output", "kwargs"}:
        return as_str(value["output"])
    return value if isinstance(value, str) else text


def _query(attributes: Attributes) -> str | None:
    value = as_dict(_entity(attributes, "input"))
    return next((value[name] for name in ("query", "inputs", "input") if isinstance(value.get(name), str)), None)


def _documents(attributes: Attributes) -> tuple[Document, ...]:
    """Documents of a LangChain retriever, which newer versions repeat in `gen_ai.task.output`."""
    for text in (attributes.get(key) for key in _FOUND):
        value = as_dict(parse(text)).get("outputs") or parse(text)
        items = as_list(value) or as_list(as_dict(value).get("documents"))
        if items:
            return tuple(langchain.read_document(item) for item in items if isinstance(item, dict))
    return ()
