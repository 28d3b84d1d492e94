"""The rows that flow through momus, as frozen values.

    Span, LogRecord            what flatten makes of an export request; no vendor's vocabulary
    SpanFacts, ToolExecution,  what a dialect reads from one of them
    Retrieval, SpanException,
    Feedback
    Conversation, Message,     what assembly makes of the facts of many spans
    ToolCall

Ids are lower-case hex. Times are nanoseconds since 1970-01-01 UTC. Attribute values are text in the form that the
OpenTelemetry Collector gives them (pdata's AsString: arrays and maps as JSON, bytes as base64), so that a dialect sees
the same whether a span comes off the wire or out of any `otel_traces` table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar, dataclass_transform

Attributes = Mapping[str, str]
Value = TypeVar("Value")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[Value]) -> type[Value]:
    """Make a frozen dataclass of a class, as mypy sees it: nothing of a value changes once it is made.

    Python itself is not asked to prevent it. A span has some eighty fields in its records, and to set those of a dataclass
    that is frozen at run time takes three times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


@value
class SpanEvent:
    """A timed event of a span."""

    name: str
    time_ns: int
    attributes: Attributes = field(default_factory=dict)


@value
class SpanLink:
    """A reference from one span to another, mostly of another trace."""

    trace_id: str
    span_id: str
    trace_state: str = ""
    attributes: Attributes = field(default_factory=dict)


@value
class Span:
    """One span, flattened: nothing nested is left, nothing is lost.

    `kind` is Unspecified, Internal, Server, Client, Producer or Consumer; `status_code` is Unset, Ok or Error.
    `attribute_types` names the type of each attribute that was not a string, as `span:key`, `resource:key`,
    `scope:key`, `event.0:key` or `link.0:key`.
    """

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    end_ns: int
    parent_span_id: str = ""
    trace_state: str = ""
    flags: int = 0
    kind: str = "Internal"
    tenant: str = ""
    service_name: str = ""
    resource_attributes: Attributes = field(default_factory=dict)
    resource_schema_url: str = ""
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Attributes = field(default_factory=dict)
    scope_schema_url: str = ""
    attributes: Attributes = field(default_factory=dict)
    attribute_types: Attributes = field(default_factory=dict)
    status_code: str = "Unset"
    status_message: str = ""
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanLink, ...] = ()
    dropped_attributes_count: int = 0
    dropped_events_count: int = 0
    dropped_links_count: int = 0


@value
class LogRecord:
    """One log record, flattened. `body` is text: a structured body is JSON."""

    time_ns: int
    observed_ns: int = 0
    trace_id: str = ""
    span_id: str = ""
    flags: int = 0
    severity_text: str = ""
    severity_number: int = 0
    event_name: str = ""
    body: str = ""
    tenant: str = ""
    service_name: str = ""
    resource_attributes: Attributes = field(default_factory=dict)
    resource_schema_url: str = ""
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Attributes = field(default_factory=dict)
    scope_schema_url: str = ""
    attributes: Attributes = field(default_factory=dict)
    attribute_types: Attributes = field(default_factory=dict)
    dropped_attributes_count: int = 0


# --- what a dialect reads ---------------------------------------------------------------------------------------------

Role = Literal["system", "user", "assistant", "tool"]
SpanRole = Literal["llm", "agent", "tool", "retriever", "embedding", "chain", "other"]
Source = Literal["span", "event", "log"]
CallStatus = Literal["ok", "error", "unknown"]


@value
class ToolRequest:
    """What the assistant asked of a tool. `arguments` is JSON text with sorted keys where it could be parsed."""

    id: str
    name: str
    arguments: str = "{}"


@value
class MessageBody:
    """What was said, without where. `content` of a tool message is the result as text, `is_error` that it says it failed.

    `hash` is for `schemas.record_rows` to keep what it stores the body under; 0 until then, and no part of the value.
    """

    role: Role
    content: str = ""
    tool_calls: tuple[ToolRequest, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    is_error: bool = False
    hash: int = field(default=0, init=False, compare=False, repr=False)


@value
class ToolDefinition:
    """A tool that was offered to the model. `parameters` is its JSON schema as text, or empty."""

    name: str
    description: str = ""
    parameters: str = ""


@value
class SpanFacts:
    """What a dialect read from one span or one log record about it.

    Several facts may speak of one span: its attributes (`source` span), its events (event) and log records (log), in
    any order of arrival; assembly joins them per (trace_id, span_id), attributes first. `input` is what the model was
    given, mostly the whole history so far (`is_increment` where it is only what is new); `output` what it answered.
    """

    trace_id: str
    span_id: str
    dialect: str
    role: SpanRole
    start_ns: int
    end_ns: int = 0
    source: Source = "span"
    ordinal: int = 0
    parent_span_id: str = ""
    name: str = ""
    tenant: str = ""
    service_name: str = ""
    service_version: str = ""
    status: CallStatus = "unknown"
    error_type: str = ""
    conversation_id: str = ""
    session_id: str = ""
    user_id: str = ""
    agent_name: str = ""
    provider: str = ""
    request_model: str = ""
    response_model: str = ""
    response_id: str = ""
    finish_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    tools_offered: tuple[ToolDefinition, ...] = ()
    input: tuple[MessageBody, ...] = ()
    output: tuple[MessageBody, ...] = ()
    is_increment: bool = False
    linked_trace_ids: tuple[str, ...] = ()
    dropped_attributes_count: int = 0
    is_truncated: bool = False


@value
class ToolExecution:
    """A span that ran a tool. `result` is None where the payload does not carry it."""

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    end_ns: int = 0
    parent_span_id: str = ""
    tenant: str = ""
    service_name: str = ""
    call_id: str = ""
    arguments: str = "{}"
    result: str | None = None
    status: CallStatus = "unknown"
    error_type: str = ""
    error_message: str = ""


@value
class Document:
    """A document that a retrieval returned. `score` is None where none was given."""

    id: str = ""
    content: str = ""
    score: float | None = None


@value
class Retrieval:
    """A query and the documents it returned, best first."""

    trace_id: str
    span_id: str
    start_ns: int
    name: str = ""
    parent_span_id: str = ""
    tenant: str = ""
    service_name: str = ""
    query: str | None = None
    documents: tuple[Document, ...] = ()


ExceptionSource = Literal["event", "status", "llm", "tool", "log"]


@value
class SpanException:
    """A machine-readable failure of one span. `operation` is the tool's, model's or span's name."""

    trace_id: str
    span_id: str
    time_ns: int
    type: str = ""
    message: str = ""
    stacktrace: str = ""
    source: ExceptionSource = "event"
    operation: str = ""
    parent_span_id: str = ""
    tenant: str = ""
    service_name: str = ""
    service_version: str = ""
    http_status: int = 0


@value
class Feedback:
    """A rating or comment. One of `conversation_id`, `trace_id` and `response_id` says on what."""

    time_ns: int
    name: str
    tenant: str = ""
    service_name: str = ""
    conversation_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    response_id: str = ""
    user_id: str = ""
    score: float | None = None
    label: str = ""
    comment: str = ""


Record = SpanFacts | ToolExecution | Retrieval | SpanException | Feedback


# --- what assembly makes ----------------------------------------------------------------------------------------------


@value
class Message:
    """A message body at its place. `index` counts from 0 in the conversation, `turn` from 1 (0: before any user message).

    `trace_id` and `span_id` name a span whose payload holds the text verbatim. `is_delegation` marks what one agent
    said to another in the role of a user.
    """

    index: int
    turn: int
    body: MessageBody
    trace_id: str
    span_id: str
    time_ns: int
    agent_name: str = ""
    is_delegation: bool = False


@value
class ToolCall:
    """A request to a tool with what came of it.

    `message_index` is the assistant message that asked (-1: only the execution was seen), `result_index` the tool
    message that answered (-1: none). `result` is None where no payload carries it.
    """

    turn: int
    name: str
    trace_id: str
    span_id: str
    time_ns: int
    id: str = ""
    arguments: str = "{}"
    result: str | None = None
    status: CallStatus = "unknown"
    error_type: str = ""
    error_message: str = ""
    duration_ns: int = 0
    message_index: int = -1
    result_index: int = -1


@value
class Conversation:
    """Everything that was said and done in one conversation, in order.

    `is_id_assigned` is true where the telemetry names no conversation and momus made the id from the linked history.
    `tools_offered` is None where no payload tells which tools the model had: unknown is not none.
    """

    id: str
    messages: tuple[Message, ...]
    tool_calls: tuple[ToolCall, ...] = ()
    retrievals: tuple[Retrieval, ...] = ()
    exceptions: tuple[SpanException, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    tools_offered: tuple[ToolDefinition, ...] | None = None
    tenant: str = ""
    user_id: str = ""
    service_name: str = ""
    service_version: str = ""
    dialects: tuple[str, ...] = ()
    agent_names: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    start_ns: int = 0
    end_ns: int = 0
    llm_call_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    is_id_assigned: bool = False
    is_content_missing: bool = False
    dropped_attributes_count: int = 0
    is_truncated: bool = False

    @property
    def turn_count(self) -> int:
        """Number of turns; 0 where no user message was seen."""
        return max((message.turn for message in self.messages), default=0)
