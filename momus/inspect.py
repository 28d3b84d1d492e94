"""Read OTLP bodies from files and give the conversations that ingest would make of them, by the same code."""

import gzip
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from analyzer.assembly.conversations import assemble
from collector_plugin.dialects import dialect_of, read_log, read_span
from collector_plugin.flatten import flatten_logs, flatten_traces
from collector_plugin.otlp.admission import admit
from collector_plugin.otlp.requests import Encoding, Request, Signal, decode
from collector_plugin.reading.payload import parse
from schemas.errors import NotFound, Undecodable
from schemas.records import Conversation, Message, Record, Retrieval, SpanException, SpanFacts, ToolCall, ToolRequest

_GZIP = b"\x1f\x8b"
_NAMES_LOGS = re.compile(r"(^|[^a-z])logs?([^a-z]|$)", re.IGNORECASE)


@dataclass(slots=True)
class Inspection:
    """What files of OTLP bodies hold.

    `unknown` counts spans that no dialect recognised, by (scope name, span name); `unread` those that one did, whose
    messages it found none of, by (dialect, span name), for spans that should have some.
    """

    conversations: list[Conversation] = field(default_factory=list)
    span_count: int = 0
    log_count: int = 0
    rejected_count: int = 0
    dialects: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def inspect(paths: Iterable[Path]) -> Inspection:
    """Read OTLP export requests, protobuf or JSON, gzipped or not, and assemble their conversations.

    Whether a file holds traces or logs is told by what is in it.

    Raises:
        NotFound: a file is not there.
        Undecodable: a file is no OTLP export request; the message names it.
    """
    inspection = Inspection()
    records = [record for path in paths for record in _read(path, inspection)]
    inspection.conversations = assemble(records)
    return inspection


def _read(path: Path, inspection: Inspection) -> list[Record]:
    request = _decode(path, inspection)
    admission = admit(request, time.time_ns())
    inspection.rejected_count += admission.rejected_count
    inspection.notes.extend(f"{path.name}: {note}" for note in admission.notes())
    if isinstance(request, ExportLogsServiceRequest):
        logs = list(flatten_logs(request))
        inspection.log_count += len(logs)
        return [record for log in logs for record in read_log(log)]
    return _read_spans(request, inspection) if isinstance(request, ExportTraceServiceRequest) else []


def _read_spans(request: ExportTraceServiceRequest, inspection: Inspection) -> list[Record]:
    found: list[Record] = []
    for span in flatten_traces(request):
        dialect = dialect_of(span)
        records = read_span(span)
        inspection.span_count += 1
        if dialect is None:
            inspection.unknown[span.scope_name, span.name] += 1
        else:
            inspection.dialects[dialect.NAME] += 1
            if any(isinstance(r, SpanFacts) and r.role == "llm" and not r.input and not r.output for r in records):
                inspection.unread[dialect.NAME, span.name] += 1
        found.extend(records)
    return found


def _decode(path: Path, inspection: Inspection) -> Request:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}. Name files that hold OTLP export requests.") from None
    body = gzip.decompress(body) if body.startswith(_GZIP) else body
    signals, encoding = _kinds(path, body)
    requests: list[Request] = []
    for signal in signals:
        try:
            requests.append(decode(signal, body, encoding).request)
        except Undecodable as error:
            reason = error
    if not requests:
        raise Undecodable(f"{path} is no OTLP request of traces or logs ({reason}).")
    # One signal's protobuf can be decoded as another's and then holds nothing: what holds records is what it is.
    found = next((request for request in requests if _holds_records(request)), None)
    if found is None:
        inspection.notes.append(f"{path.name} holds no spans and no log records.")
    return found or requests[0]


def _holds_records(request: Request) -> bool:
    if isinstance(request, ExportTraceServiceRequest):
        return any(len(group.spans) for parent in request.resource_spans for group in parent.scope_spans)
    if isinstance(request, ExportLogsServiceRequest):
        return any(len(group.log_records) for parent in request.resource_logs for group in parent.scope_logs)
    return False


def _kinds(path: Path, body: bytes) -> tuple[tuple[Signal, ...], Encoding]:
    """The signals that a body may be, the likeliest first: JSON says which, protobuf does not."""
    if body.lstrip()[:1] == b"{":
        return (("logs",) if b'"resourceLogs"' in body[:4096] else ("traces",)), "json"
    return (("logs", "traces") if _NAMES_LOGS.search(path.name) else ("traces", "logs")), "protobuf"


def to_json(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as the JSON object that `momus inspect --json` prints, one a line."""
    return {
        "conversation_id": conversation.id,
        "user_id": conversation.user_id or None,
        "trace_ids": list(conversation.trace_ids),
        "messages": [_message(message) for message in conversation.messages if not message.is_delegation],
        "delegations": [_message(message) for message in conversation.messages if message.is_delegation],
        "tool_calls": [_tool_call(call) for call in conversation.tool_calls],
        "retrievals": [_retrieval(retrieval) for retrieval in conversation.retrievals],
        "exceptions": [_exception(failure) for failure in conversation.exceptions],
    }


def _message(message: Message) -> dict[str, Any]:
    body = message.body
    return {
        "role": body.role,
        "content": body.content,
        "tool_calls": [_request(request) for request in body.tool_calls],
        "tool_call_id": body.tool_call_id or None,
        "turn": message.turn,
        "trace_id": message.trace_id,
        "span_id": message.span_id,
    }


def _request(request: ToolRequest) -> dict[str, Any]:
    return {"id": request.id, "name": request.name, "arguments": parse(request.arguments)}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "name": call.name,
        "arguments": parse(call.arguments),
        "result": call.result,
        "status": call.status,
        "error_type": call.error_type,
        "error_message": call.error_message,
        "span_id": call.span_id,
    }


def _retrieval(retrieval: Retrieval) -> dict[str, Any]:
    documents = [{"id": d.id, "score": d.score, "content": d.content} for d in retrieval.documents]
    return {"query": retrieval.query, "documents": documents, "span_id": retrieval.span_id}


def _exception(failure: SpanException) -> dict[str, Any]:
    return {
        "type": failure.type,
        "message": failure.message,
        "operation": failure.operation,
        "http_status": failure.http_status or None,
        "span_id": failure.span_id,
    }
