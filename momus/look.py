"""Find what a person asks for by name: an issue, a conversation, a trace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.database import Database, Row
from schemas.errors import NotFound
from schemas.records import Span
from schemas.rows import span_from_row


@dataclass(frozen=True, slots=True)
class IssueList:
    """Issues by rank, and the state that an empty list needs explaining with."""

    issues: list[Row]
    last_run: Row | None
    span_count: int


@dataclass(frozen=True, slots=True)
class FoundIssue:
    """An issue with its evidence, one quote a conversation."""

    issue: Row
    evidence: list[Row]

    def as_json(self) -> Mapping[str, Any]:
        return {"issue": self.issue, "evidence": self.evidence}


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A conversation with all that was said, called and found."""

    conversation: Row
    messages: list[Row]
    tool_calls: list[Row]
    findings: list[Row]
    feedback: list[Row]

    def as_json(self) -> Mapping[str, Any]:
        return {
            "conversation": self.conversation,
            "messages": self.messages,
            "tool_calls": self.tool_calls,
            "findings": self.findings,
            "feedback": self.feedback,
        }


@dataclass(frozen=True, slots=True)
class FoundTrace:
    """A trace: its spans by time, and the conversation it belongs to, if one was assembled."""

    trace_id: str
    conversation_id: str
    spans: list[Span] = field(default_factory=list)

    def as_json(self) -> Mapping[str, Any]:
        return {"trace_id": self.trace_id, "conversation_id": self.conversation_id or None, "spans": self.spans}


Found = FoundIssue | FoundConversation | FoundTrace


def list_issues(database: Database, *, family: str, service: str, all: bool, limit: int) -> IssueList:
    """Return the issues by rank; `all` includes resolved ones and correct refusals."""
    issues = database.query("list_issues", family=family, service=service, all=all, limit=limit)
    runs = database.query("latest_run_report")
    counts = {row["table"]: row["row_count"] for row in database.query("stored_rows")}
    return IssueList(issues, runs[0] if runs else None, counts.get("otel_traces", 0))


def look_up(database: Database, name: str, *, limit: int) -> Found:
    """Return what `name` names: an id, the beginning of one, or an issue's rank.

    Raises:
        NotFound: nothing or several things have that name.
    """
    candidates = database.query("find_noun", name=name.removeprefix("#"))
    if not candidates:
        raise NotFound(f"No issue, conversation or trace is called {name}. `momus issues` lists issues with their ids.")
    if len(candidates) > 1 and not candidates[0]["is_exact"]:
        names = ", ".join(f"{row['noun']} {row['id']}" for row in candidates[:4])
        raise NotFound(
            f"{name} is the beginning of several: {names}{' and more' if len(candidates) > 4 else ''}. Give more of the id."
        )
    noun, found_id = candidates[0]["noun"], str(candidates[0]["id"])
    match noun:
        case "issue":
            (issue,) = database.query("one_issue", issue_id=found_id)
            return FoundIssue(issue, database.query("issue_evidence", issue_id=found_id, limit=limit))
        case "conversation":
            return _conversation(database, found_id)
        case _:
            return _trace(database, found_id)


def _conversation(database: Database, conversation_id: str) -> FoundConversation:
    (conversation,) = database.query("one_conversation", conversation_id=conversation_id)
    return FoundConversation(
        conversation,
        database.query("conversation_messages", conversation_id=conversation_id),
        database.query("conversation_tool_calls", conversation_id=conversation_id),
        database.query("conversation_findings", conversation_id=conversation_id),
        database.query(
            "conversation_feedback",
            tenant=conversation["tenant"],
            conversation_id=conversation_id,
            trace_ids=conversation["trace_ids"],
        ),
    )


def _trace(database: Database, trace_id: str) -> FoundTrace:
    owner = database.query("conversation_of_trace", trace_id=trace_id)
    spans = [span_from_row(row) for row in database.query("load_spans", trace_ids=[trace_id])]
    return FoundTrace(trace_id, owner[0]["conversation_id"] if owner else "", spans)
