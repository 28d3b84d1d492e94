"""OpenTelemetry's own GenAI conventions, in all the places where their content has travelled.

Content sits in span attributes (`gen_ai.input.messages`, since 1.37), in the event
`gen_ai.client.inference.operation.details` (of the span, or as a log record), in one event per message
(`gen_ai.user.message`, ..., `gen_ai.choice`, until 1.36; of the span, or as log records), or nowhere, where its capture is off.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from collector_plugin.reading import content_text
from collector_plugin.reading.build import amount, make_execution, make_facts, make_log_facts, make_retrieval, number
from collector_plugin.reading.message_shapes import is_blocks, read_messages, tools_in
from collector_plugin.reading.payload import as_dict, as_list, as_str, parse, parse_loosely
from collector_plugin.reading.remembered import remembered
from collector_plugin.reading.stream_pieces import joined_pieces
from schemas.numbers import finite
from schemas.records import (
    Document,
    Feedback,
    LogRecord,
    MessageBody,
    Record,
    Role,
    Span,
    SpanEvent,
    SpanFacts,
    SpanRole,
)

NAME = "otel_genai"

ROLES: dict[str, SpanRole] = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "embeddings": "embedding",
    "execute_tool": "tool",
    "retrieval": "retriever",
    "vector_db_retrieve": "retriever",
    "RETRIEVER": "retriever",  # MLflow's own name, for want of one in the convention when it was written
    "invoke_agent": "agent",
    "create_agent": "other",  # no one has said a word yet; it may stand in a trace of its own
    "agent_step": "chain",
    "invoke_workflow": "chain",
}
_CALLS = frozenset(name for name, role in ROLES.items() if role == "llm")
DETAILS = "gen_ai.client.inference.operation.details"
EVALUATION = "gen_ai.evaluation.result"
MESSAGE_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
CHOICE = "gen_ai.choice"
# log records only: Semantic Kernel's prompt of a text completion, and what LiteLLM calls messages of any role
_PROMPTS = ("gen_ai.prompt", "gen_ai.content.prompt")
_CHOICES = (CHOICE, "gen_ai.content.completion")
_ELIDED = "<elided>"  # stands for content whose capture is off


def recognises(span: Span) -> bool:
    """Any of the three attributes that every version requires."""
    attributes = span.attributes
    return (
        "gen_ai.operation.name" in attributes or "gen_ai.provider.name" in attributes or "gen_ai.system" in attributes
    )


def read(span: Span) -> Iterator[Record]:
    """Yield the facts of a GenAI span, and the tool execution or retrieval that it is."""
    attributes = span.attributes
    role = role_of(span)
    yield make_facts(span, NAME, role, **content_fields(span), **model_fields(attributes))
    if role == "tool":
        yield make_execution(
            span,
            attributes.get("gen_ai.tool.name") or span.name.removeprefix("execute_tool "),
            arguments=attributes.get("gen_ai.tool.call.arguments"),
            result=_result(attributes.get("gen_ai.tool.call.result")),
            call_id=tool_call_id(attributes),
        )
    elif role == "retriever" and "gen_ai.retrieval.documents" in attributes:  # opt-in: absent does not mean empty
        yield make_retrieval(
            span,
            attributes.get("gen_ai.retrieval.query.text"),
            _documents(attributes.get("gen_ai.retrieval.documents")),
        )


def tool_call_id(attributes: Mapping[str, str]) -> str:
    """The id of the call that a tool's span answers; ADK writes words in its place where a tool failed."""
    call_id = attributes.get("gen_ai.tool.call.id", "")
    return "" if call_id == "<not specified>" else call_id


def _result(text: str | None) -> str | None:
    """A tool's result; one that is a text has come as a JSON string of itself where a library encodes all results alike."""
    value = parse(text)
    return value if isinstance(value, str) else text


def role_of(span: Span) -> SpanRole:
    """What kind of work a span is, by its operation name; by what it carries where that is missing."""
    operation = span.attributes.get("gen_ai.operation.name", "")
    if operation in ROLES:
        return ROLES[operation]
    if not operation and "gen_ai.request.model" in span.attributes and "gen_ai.agent.name" not in span.attributes:
        return "llm"
    return "chain" if operation else "other"


def content_fields(span: Span) -> dict[str, Any]:  # the fields of SpanFacts
    """Fields of SpanFacts that hold messages: from the attributes, and for a side they lack from the span's events."""
    attributes, events = span.attributes, span.events
    given, answered, is_cut = _from_attributes(attributes)
    if events:
        for told in _details(events), _from_message_events(events):
            given, answered = given or told.given, answered or told.answered
    if attributes.get("gen_ai.operation.name") in _CALLS:
        given = given or content_text.given(attributes, events)
        answered = answered or content_text.answered(attributes, events)
    tools = tools_in(attributes.get("gen_ai.tool.definitions"))
    return {"input": given, "output": answered, "tools_offered": tools, "is_truncated": is_cut}


def model_fields(attributes: Mapping[str, str]) -> dict[str, object]:
    """Fields of SpanFacts about the model that was called and what the call cost."""
    get = attributes.get
    return {
        "agent_name": get("gen_ai.agent.name", ""),
        "provider": get("gen_ai.provider.name") or get("gen_ai.system", ""),
        "request_model": get("gen_ai.request.model", ""),
        "response_model": get("gen_ai.response.model", ""),
        "response_id": get("gen_ai.response.id", ""),
        "finish_reason": finish_reason(
            get("gen_ai.response.finish_reasons") or get("gen_ai.response.finish_reason", "")
        ),
        "input_tokens": number(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": number(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "cached_tokens": number(
            attributes, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"
        ),
        "cost_usd": amount(attributes, "gen_ai.usage.cost", "gen_ai.cost.total_cost", "operation.cost"),
    }


def finish_reason(text: str) -> str:
    """The last of the finish reasons, which may be an array, JSON text of one, or a Python enum's name."""
    if not text:
        return ""
    reasons = as_list(parse(text)) or [text]
    return as_str(reasons[-1]).rpartition(".")[2].lower()


class _Said(NamedTuple):
    """Messages in and out; `is_cut` where the text of one side is JSON that a length limit has cut."""

    given: tuple[MessageBody, ...] = ()
    answered: tuple[MessageBody, ...] = ()
    is_cut: bool = False


def _from_attributes(attributes: Mapping[str, str]) -> _Said:
    given, is_given_cut = _messages(attributes.get("gen_ai.input.messages"), "user")
    answered, is_answer_cut = _messages(attributes.get("gen_ai.output.messages"), "assistant")
    system = attributes.get("gen_ai.system_instructions") if given else None
    return _Said(_system(system) + given if system else given, answered, is_given_cut or is_answer_cut)


def _messages(text: str | None, role: Role) -> tuple[tuple[MessageBody, ...], bool]:
    """Messages from an attribute: JSON, cut JSON, or plain text by `role`; and whether it was cut."""
    if not text:
        return (), False
    value = parse(text)
    if value is not None:
        pieces = joined_pieces(value) if role == "assistant" else ()
        return pieces or read_messages(value, role), False
    value = parse_loosely(text)
    return read_messages(text if value is None else value, role), text[0] == "["


@remembered
def _system(text: str) -> tuple[MessageBody, ...]:
    """System instructions, which are parts without a role, or plain text."""
    value = parse_loosely(text)
    return read_messages({"role": "system", "content": text if value is None else value})


def _details(events: Iterable[SpanEvent]) -> _Said:
    """Strands spreads one call's content over several events of this name, an attribute each."""
    merged: dict[str, str] = {}
    for event in events:
        if event.name == DETAILS:
            merged |= event.attributes
    return _from_attributes(merged)


def _from_message_events(events: Iterable[SpanEvent]) -> _Said:
    given: tuple[MessageBody, ...] = ()
    answered: tuple[MessageBody, ...] = ()
    for event in events:
        if event.name in MESSAGE_EVENTS:
            given += _message_event(event.name, event.attributes)
        elif event.name == CHOICE:
            answered += _choice(event.attributes)
    return _Said(given, answered)


def _message_event(name: str, fields: Mapping[str, object]) -> tuple[MessageBody, ...]:
    content = fields.get("content")
    value = parse_loosely(content) if isinstance(content, str) else content
    if content == _ELIDED:
        return ()
    if isinstance(value, dict) and "parts" in value:  # Gemini's content, which names its role itself
        return read_messages({**value, "role": value.get("role") or MESSAGE_EVENTS.get(name, "user")})
    body = {
        **fields,
        "content": value if not isinstance(content, str) or is_blocks(value) else content,
        "role": fields.get("role") or MESSAGE_EVENTS.get(name, "user"),
    }
    return read_messages(body)


def _choice(fields: Mapping[str, object]) -> tuple[MessageBody, ...]:
    message = fields.get("message", fields.get("content"))  # Google's libraries: the content of a candidate
    value = parse_loosely(message) if isinstance(message, str) else message
    if message == _ELIDED:
        return ()
    if isinstance(value, dict):
        return read_messages({"role": "assistant"} | value)
    return read_messages({"role": "assistant", "content": value if is_blocks(value) else message})


def _documents(text: str | None) -> tuple[Document, ...]:
    return tuple(
        Document(as_str(item.get("id")), as_str(item.get("content")), finite(item.get("score")))
        for item in as_list(parse_loosely(text))
        if isinstance(item, dict)
    )


# --- log records ------------------------------------------------------------------------------------------------------


def event_name(log: LogRecord) -> str:
    """The event's name, which some libraries put into an attribute instead of the field."""
    return log.event_name or log.attributes.get("event.name", "") or log.attributes.get("event_name", "")


def recognises_log(log: LogRecord) -> bool:
    """A GenAI event, whichever way it is named."""
    return event_name(log) in MESSAGE_EVENTS or event_name(log) in (DETAILS, EVALUATION, *_PROMPTS, *_CHOICES)


def read_log(log: LogRecord) -> Iterator[Record]:
    """Yield what a GenAI log record tells of its span; only an evaluation may speak of none."""
    name = event_name(log)
    if not log.trace_id and name != EVALUATION:
        return
    value = parse(log.body)
    body = as_dict({"content": log.body} if value is None else value)
    if name == EVALUATION:
        yield _feedback(log)
    elif name == DETAILS:
        # util-genai sends attributes, earlier versions a structured body
        yield _details_facts(log, {**{key: as_str(value) for key, value in body.items()}, **log.attributes})
    elif name in _CHOICES:
        yield make_log_facts(
            log, NAME, 2, output=_choice(body), finish_reason=finish_reason(as_str(body.get("finish_reason")))
        )
    else:
        yield make_log_facts(log, NAME, 1, input=_message_event(name, body))


def _details_facts(log: LogRecord, attributes: Mapping[str, str]) -> SpanFacts:
    said, tools = _from_attributes(attributes), tools_in(attributes.get("gen_ai.tool.definitions"))
    known = {**model_fields(attributes), "input": said.given, "output": said.answered, "tools_offered": tools}
    return make_log_facts(log, NAME, 0, **known)


def _feedback(log: LogRecord) -> Feedback:
    attributes = log.attributes
    return Feedback(
        time_ns=log.time_ns,
        name=attributes.get("gen_ai.evaluation.name", ""),
        tenant=log.tenant,
        service_name=log.service_name,
        conversation_id=attributes.get("gen_ai.conversation.id", ""),
        trace_id=log.trace_id,
        span_id=log.span_id,
        response_id=attributes.get("gen_ai.response.id", ""),
        user_id=attributes.get("user.id", ""),
        score=finite(attributes.get("gen_ai.evaluation.score.value")),
        label=attributes.get("gen_ai.evaluation.score.label", ""),
        comment=attributes.get("gen_ai.evaluation.explanation", ""),
    )
