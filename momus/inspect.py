"""Read OTLP bodies from files and give the conversations that ingest would make of them, by the same code."""

from typing import Any

from collector_plugin.payload import parse
from schemas.records import Conversation, Message, Retrieval, SpanException, ToolCall, ToolRequest


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
