"""What the analyzer found, as rows of its tables. Every row carries the run and its version; the newest version counts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer.summarise import Summary
from analyzer.text import STOP_WORDS, stem, words
from schemas.families import Finding
from schemas.records import Conversation

Row = dict[str, Any]  # Any: a row has values of every column type


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which run wrote a row, and by what means: `detectors`, or `model` with its name."""

    run_id: str
    version: int
    method: str = "detectors"
    model: str = ""

    @property
    def columns(self) -> Row:
        """The columns that every result has."""
        return {"run_id": self.run_id, "version": self.version, "is_deleted": 0}


def conversation_row(conversation: Conversation, summary: Summary, transcript_hash: str, stamp: Stamp) -> Row:
    """The row of conversation_log; to be written after all rows that belong to it, for it makes them visible."""
    scores = [feedback.score for feedback in conversation.feedback if feedback.score is not None]
    return {
        "tenant": conversation.tenant,
        "conversation_id": conversation.id,
        "service_name": conversation.service_name,
        "service_version": conversation.service_version,
        "user_id": conversation.user_id,
        "request": summary.request,
        "summary": summary.text,
        "summary_by": summary.by,
        "summary_note": summary.note,
        "outcome": summary.outcome,
        "language": summary.language,
        "start_ns": conversation.start_ns,
        "end_ns": conversation.end_ns,
        "turn_count": conversation.turn_count,
        "message_count": len(conversation.messages),
        "tool_call_count": len(conversation.tool_calls),
        "llm_call_count": conversation.llm_call_count,
        "input_tokens": conversation.input_tokens,
        "output_tokens": conversation.output_tokens,
        "cost_usd": conversation.cost_usd,
        "feedback_score": sum(scores) / len(scores) if scores else None,
        "dialects": list(conversation.dialects),
        "agent_names": list(conversation.agent_names),
        "models": list(conversation.models),
        "trace_ids": list(conversation.trace_ids),
        "is_id_assigned": conversation.is_id_assigned,
        "is_content_missing": conversation.is_content_missing,
        "is_truncated": conversation.is_truncated,
        "dropped_attributes_count": conversation.dropped_attributes_count,
        "transcript_hash": transcript_hash,
        "method": "detectors" if summary.by == "extractive" else "model",
        "model": summary.model,
        "prompt_hash": summary.prompt_hash,
    } | stamp.columns


def deleted_conversation_row(tenant: str, conversation_id: str, stamp: Stamp) -> Row:
    """The row that takes a conversation out of every view."""
    return {"tenant": tenant, "conversation_id": conversation_id} | stamp.columns | {"is_deleted": 1}


def message_rows(conversation: Conversation, stamp: Stamp) -> list[Row]:
    """Rows of message_log, in order."""
    return [
        {
            "tenant": conversation.tenant,
            "conversation_id": conversation.id,
            "message_index": message.index,
            "turn": message.turn,
            "role": message.body.role,
            "content": message.body.content,
            "tool_calls": orjson.dumps(
                [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in message.body.tool_calls]
            ).decode() if message.body.tool_calls else "",
            "tool_call_id": message.body.tool_call_id,
            "name": message.body.name,
            "agent_name": message.agent_name,
            "is_delegation": message.is_delegation,
            "trace_id": message.trace_id,
            "span_id": message.span_id,
            "time_ns": message.time_ns,
        } | stamp.columns
        for message in conversation.messages
    ]  # fmt: skip


def tool_call_rows(conversation: Conversation, stamp: Stamp) -> list[Row]:
    """Rows of tool_call_log, in order."""
    return [
        {
            "tenant": conversation.tenant,
            "conversation_id": conversation.id,
            "position": position,
            "turn": call.turn,
            "name": call.name,
            "call_id": call.id,
            "arguments": call.arguments,
            "result": call.result,
            "status": call.status,
            "error_type": call.error_type,
            "error_message": call.error_message,
            "duration_ns": call.duration_ns,
            "message_index": call.message_index,
            "result_index": call.result_index,
            "trace_id": call.trace_id,
            "span_id": call.span_id,
            "time_ns": call.time_ns,
        } | stamp.columns
        for position, call in enumerate(conversation.tool_calls)
    ]  # fmt: skip


def finding_rows(conversation: Conversation, findings: Sequence[Finding], stamp: Stamp) -> list[Row]:
    """Rows of finding_log."""
    return [
        {
            "tenant": conversation.tenant,
            "conversation_id": conversation.id,
            "finding_id": finding_id(conversation, finding),
            "family": finding.family,
            "code": finding.code,
            "statement": finding.statement,
            "quote": finding.quote,
            "quote_source": finding.quote_source,
            "quote_start": finding.quote_start,
            "quote_end": finding.quote_end,
            "trace_id": finding.trace_id,
            "span_id": finding.span_id,
            "message_index": finding.message_index,
            "turn": finding.turn,
            "confidence": finding.confidence,
            "detector": finding.detector,
            "is_root": finding.is_root,
            "is_recovered": finding.is_recovered,
            "is_boundary": finding.is_boundary,
            "subject": finding.subject,
            "operation": finding.operation,
            "title": finding.title,
            "group_key": finding.group_key,
            "components": list(finding.components),
            "requested_object": finding.requested_object or finding.subject,
            "requested_operation": finding.requested_operation,
            "demand_key": demand_key(finding),
            "tool_would_serve": finding.tool_would_serve,
            "data_would_serve": finding.data_would_serve,
            "verdict": finding.verdict,
            "tool_draft": finding.tool_draft,
            "prompt_hash": finding.prompt_hash,
            "time_ns": _time_of(conversation, finding),
            "method": "model" if finding.model else "detectors",
            "model": finding.model,
        } | stamp.columns
        for finding in findings
    ]  # fmt: skip


def finding_id(conversation: Conversation, finding: Finding) -> str:
    """16 hex that stay the same when the conversation grows and the finding is still there."""
    parts = (
        conversation.tenant, conversation.id, finding.detector, finding.family, finding.code, finding.group_key,
        finding.trace_id, finding.span_id, str(finding.is_root), finding.quote,
    )  # fmt: skip
    return hashlib.blake2b("\x1f".join(parts).encode(errors="replace"), digest_size=8).hexdigest()


def demand_key(finding: Finding) -> str:
    """What two findings have in common that ask for the same data, however it is worded; empty for other families."""
    if finding.family != "missing_inventory":
        return ""
    asked = finding.requested_object or finding.subject
    # Years and quarters stay: results of 2023 and of 2024 are two wishes.
    return " ".join(sorted({stem(word) for word in words(asked) if word not in STOP_WORDS})) or asked.strip().lower()


def _time_of(conversation: Conversation, finding: Finding) -> int:
    if 0 <= finding.message_index < len(conversation.messages):
        return conversation.messages[finding.message_index].time_ns
    times = [
        e.time_ns for e in conversation.exceptions if (e.trace_id, e.span_id) == (finding.trace_id, finding.span_id)
    ]
    times += [
        c.time_ns for c in conversation.tool_calls if (c.trace_id, c.span_id) == (finding.trace_id, finding.span_id)
    ]
    times += [message.time_ns for message in conversation.messages if message.turn == finding.turn]
    return times[0] if times else conversation.start_ns
