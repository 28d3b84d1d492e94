"""Find what a person asks for by name: an issue, a conversation, a trace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.with_model.tool_draft import join_drafts
from momus.evidence import evidence_of
from schemas.database import Database, Row
from schemas.errors import NotFound
from schemas.records import Span
from schemas.rows import span_from_row


@dataclass(frozen=True, slots=True)
class IssueList:
    """Issues by rank, and what the list needs explaining with: `new_span_count` spans came after the last run looked."""

    issues: list[Row]
    last_run: Row | None
    span_count: int
    new_span_count: int = 0


@dataclass(frozen=True, slots=True)
class FoundIssue:
    """An issue with its evidence, one quote a conversation, and the tool that it lacks, where a model drafted one."""

    issue: Row
    evidence: list[Row]
    tool_draft: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> Mapping[str, Any]:
        return {"issue": self.issue, "evidence": self.evidence, "tool_draft": self.tool_draft or None}


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

    tenant: str
    trace_id: str
    conversation_id: str
    spans: list[Span] = field(default_factory=list)

    def as_json(self) -> Mapping[str, Any]:
        return {
            "tenant": self.tenant,
            "trace_id": self.trace_id,
            "conversation_id": self.conversation_id or None,
            "spans": self.spans,
        }


_SPAN_ID_CHARS = 16

Found = FoundIssue | FoundConversation | FoundTrace


def list_issues(
    database: Database, *, family: str, service: str, all: bool, limit: int, tenant: str | None = None
) -> IssueList:
    """Return the issues by rank, of one tenant or all; `all` includes resolved and ignored ones and correct refusals."""
    issues = database.query("list_issues", family=family, service=service, tenant=tenant, all=all, limit=limit)
    runs = database.query("latest_run_report")
    counts = {row["table"]: row["row_count"] for row in database.query("stored_rows")}
    (new,) = database.query("spans_to_analyse")
    return IssueList(issues, runs[0] if runs else None, counts.get("otel_traces", 0), new["span_count"])


def look_up(database: Database, name: str, *, limit: int, tenant: str | None = None) -> Found:
    """Return what `name` names: an id, the beginning of one, or an issue's rank; a span's id names its trace.

    `tenant` is one, or None for whichever has it.

    Raises:
        NotFound: nothing or several things have that name.
    """
    candidates = database.query("find_noun", name=name.removeprefix("#"), tenant=tenant)
    candidates = candidates or _merged_into(database, name, tenant)
    if not candidates and len(name) == _SPAN_ID_CHARS:
        candidates = database.query("trace_of_span", name=name, tenant=tenant)
    if not candidates:
        raise NotFound(
            f"No issue, conversation, trace or span is called {name}. `momus issues` lists issues with their ids, the view "
            "`conversations` conversations; one is there once it was analysed."
        )
    found = _only_one(name, candidates)
    match found["noun"]:
        case "issue":
            which = {"tenant": found["tenant"], "issue_id": found["id"]}
            (issue,) = database.query("one_issue", **which)
            drafts = [row["tool_draft"] for row in database.query("issue_tool_drafts", **which)]
            return FoundIssue(issue, evidence_of(database, **which, limit=limit), join_drafts(drafts))
        case "conversation":
            return _conversation(database, found["tenant"], found["id"])
        case _:
            return _trace(database, found["tenant"], found["id"])


def _merged_into(database: Database, name: str, tenant: str | None) -> list[Row]:
    """The issue that counts for one which people merged: a link to it from an old ticket still leads somewhere."""
    made = [e for e in database.query("issue_edits") if e["action"] == "merge" and tenant in (None, e["tenant"])]
    into = {edit["issue_id"]: edit["target_id"] for edit in made}
    seen = {name}
    while name in into and into[name] not in seen:
        name = into[name]
        seen.add(name)
    return database.query("find_noun", name=name, tenant=tenant) if len(seen) > 1 else []


def _only_one(name: str, candidates: list[Row]) -> Row:
    """The first, unless others have as good a claim to the name: a beginning, or the same name at another tenant."""
    first = candidates[0]
    rivals = candidates
    if first["is_exact"]:
        rivals = [row for row in candidates if row["is_exact"] and row["noun"] == first["noun"]]
    if len({row["tenant"] for row in rivals}) > 1:
        raise NotFound(f"Several tenants have a {name}: {_listed(rivals)}. Choose one with --tenant; '' is none.")
    if len(rivals) > 1 and not first["is_exact"]:
        raise NotFound(f"{name} is the beginning of several: {_listed(rivals)}. Give more of the id.")
    return first


def _listed(rows: list[Row]) -> str:
    names = (f"{row['noun']} {row['id']}" + f" of {row['tenant']}" * bool(row["tenant"]) for row in rows[:4])
    return ", ".join(names) + " and more" * (len(rows) > 4)


def _conversation(database: Database, tenant: str, conversation_id: str) -> FoundConversation:
    which = {"tenant": tenant, "conversation_id": conversation_id}
    (conversation,) = database.query("one_conversation", **which)
    return FoundConversation(
        conversation,
        database.query("conversation_messages", **which),
        database.query("conversation_tool_calls", **which),
        database.query("conversation_findings", **which),
        database.query("conversation_feedback", **which),
    )


def _trace(database: Database, tenant: str, trace_id: str) -> FoundTrace:
    owner = database.query("conversation_of_trace", tenant=tenant, trace_id=trace_id)
    spans = [span_from_row(row) for row in database.query("load_spans", trace_ids=[trace_id])]
    own = [span for span in spans if span.tenant == tenant]  # two tenants may use one id
    return FoundTrace(tenant, trace_id, owner[0]["conversation_id"] if owner else "", own)
