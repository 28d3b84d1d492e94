"""From the database: which conversations changed, and the records they are made of.

    traces that received something ─widen to whole conversations▶ components ─pack▶ batches ─load▶ records

A component is every trace that could be of one conversation with another: by id, by link, by a common beginning, or
because the last run had them together. A batch holds whole components, so that assembly never sees half a conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from analyzer.assembly.linking import LINK_WINDOW_NS
from analyzer.language import word_set
from schemas.as_json import as_json
from schemas.database import Database, Row
from schemas.parameters import in_pieces, side_by_side
from schemas.record_rows import (
    exception_from_row,
    facts_from_rows,
    feedback_from_row,
    retrieval_from_row,
    tool_execution_from_row,
)
from schemas.records import Record, SpanException, SpanFacts

_CUT_SHORT = word_set(
    "length max_tokens content_filter content_filtered safety recitation blocklist prohibited_content spii error "
    "malformed_function_call model_context_window_exceeded refusal"
)
_WIDENINGS = 6  # a chain of links longer than this is followed by the next runs


@dataclass(frozen=True, slots=True)
class Changes:
    """Traces that received something, by tenant, and the moment up to which that is all there is; 0 where nothing did."""

    trace_ids: dict[str, tuple[str, ...]]
    watermark_ns: int
    waiting_count: int

    @property
    def trace_count(self) -> int:
        """Number of traces."""
        return sum(len(ids) for ids in self.trace_ids.values())


@dataclass(frozen=True, slots=True)
class Stored:
    """What the last run knew of a conversation."""

    conversation_id: str
    transcript_hash: str
    trace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Traces of one tenant that hold whole conversations, and what was stored of those."""

    tenant: str
    trace_ids: tuple[str, ...]
    stored: tuple[Stored, ...]


def changed_traces(database: Database, *, since_ns: int, quiet_until_ns: int) -> Changes:
    """Traces of which something was written from `since_ns` on; those of which more came after `quiet_until_ns` wait.

    Feedback that names no trace belongs to conversations that are over, and never waits.
    """
    by_tenant: dict[str, list[str]] = defaultdict(list)
    watermark, waiting = 0, 0
    for row in database.query("changed_traces", since_ns=since_ns):
        if row["trace_id"] and row["last_written_ns"] > quiet_until_ns:
            waiting += 1
            continue
        watermark = max(watermark, min(row["last_written_ns"], quiet_until_ns))
        by_tenant[row["tenant"]].extend(_trace_ids(database, row))
    return Changes({tenant: tuple(dict.fromkeys(ids)) for tenant, ids in by_tenant.items()}, watermark, waiting)


def _trace_ids(database: Database, row: Row) -> list[str]:
    """The trace itself; for feedback that names a conversation or an answer instead, the traces of those."""
    if row["trace_id"]:
        return [row["trace_id"]]
    named = {name: row[name] for name in ("conversation_ids", "response_ids")}
    found = _ask(database, "traces_of_feedback", named)
    return [other["trace_id"] for other in found if other["tenant"] == row["tenant"]]


def batches(database: Database, tenant: str, trace_ids: Sequence[str], *, size: int) -> Iterator[Batch]:
    """Batches of about `size` traces that hold the whole conversations of the traces given."""
    related, stored = _widen(database, tenant, trace_ids)
    waiting: list[str] = []
    for component in _components(related, stored):
        if waiting and len(waiting) + len(component) > size:
            yield _batch(tenant, waiting, stored)
            waiting = []
        waiting.extend(component)
    if waiting:
        yield _batch(tenant, waiting, stored)


def load(database: Database, batch: Batch) -> list[Record]:
    """All records of a batch's traces, and the feedback on them."""
    traces: dict[str, Sequence[str]] = {"trace_ids": batch.trace_ids}
    rows = _own(_ask(database, "load_span_facts", traces, conversation_ids=[], scopes=[]), batch)
    spoken_of = traces | {
        "conversation_ids": sorted({row["conversation_id"] for row in rows} - {""}),
        "response_ids": sorted({row["response_id"] for row in rows} - {""}),
    }
    facts = facts_from_rows(rows, _bodies(database, rows), _definitions(database, rows))
    models = {(one.trace_id, one.span_id): _model(one) for one in facts if one.role == "llm"}
    return [
        *facts,
        *(failure for spoken in facts if (failure := cut_short(spoken))),
        *map(tool_execution_from_row, _own(_ask(database, "load_tool_executions", traces), batch)),
        *map(retrieval_from_row, _own(_ask(database, "load_retrievals", traces), batch)),
        *(_of_model(exception_from_row(row), models) for row in _own(_ask(database, "load_exceptions", traces), batch)),
        *map(feedback_from_row, _own(_ask(database, "load_feedback", spoken_of), batch)),
    ]


def _bodies(database: Database, rows: Sequence[Row]) -> list[Row]:
    scopes = sorted({row["scope"] for row in rows})
    hashes = sorted({h for row in rows for h in (*row["input_hashes"], *row["output_hashes"])})
    pieces = product(in_pieces(scopes), in_pieces(hashes))
    return [body for s, h in pieces for body in database.query("load_message_bodies", scopes=s, hashes=h)]


def _definitions(database: Database, rows: Sequence[Row]) -> list[Row]:
    pieces = in_pieces(sorted({row["tools_hash"] for row in rows}))
    return [tool for hashes in pieces for tool in database.query("load_tool_definitions", hashes=hashes)]


def _model(facts: SpanFacts) -> str:
    return facts.response_model or facts.request_model


def _of_model(failure: SpanException, models: Mapping[tuple[str, str], str]) -> SpanException:
    """The failure of a model call as that of the model: each library has another name for the span."""
    model = models.get((failure.trace_id, failure.span_id))
    return replace(failure, operation=model) if model else failure


def cut_short(facts: SpanFacts) -> SpanException | None:
    """The failure that a finish reason tells of: the answer was cut, filtered or broken off; None for an ordinary end."""
    if facts.role != "llm" or facts.finish_reason.lower() not in _CUT_SHORT:
        return None
    return SpanException(
        facts.trace_id, facts.span_id, facts.end_ns or facts.start_ns, "finish_reason", facts.finish_reason,
        source="llm", operation=_model(facts) or "the model",
        parent_span_id=facts.parent_span_id, tenant=facts.tenant,
        service_name=facts.service_name, service_version=facts.service_version,
    )  # fmt: skip


def _ask(database: Database, query: str, lists: Mapping[str, Sequence[str]], **others: object) -> list[Row]:
    """The rows of a query that are in any of the lists, each once, however long the lists are."""
    pieces = list(side_by_side(lists))
    rows = [row for piece in pieces for row in database.query(query, **piece, **others)]
    return rows if len(pieces) < 2 else list({as_json(row): row for row in rows}.values())


def _own(rows: Iterable[Row], batch: Batch) -> list[Row]:
    """The rows of the batch's tenant: two tenants may use one id."""
    return [row for row in rows if row["tenant"] == batch.tenant]


def _widen(database: Database, tenant: str, trace_ids: Sequence[str]) -> tuple[dict[str, Row], dict[str, Stored]]:
    """All traces related to those given, and the conversations stored for them, until nothing new comes."""
    related: dict[str, Row] = {}
    stored: dict[str, Stored] = {}
    asked: set[str] = set()
    for _ in range(_WIDENINGS):
        fresh = sorted((set(trace_ids) | related.keys() | {t for s in stored.values() for t in s.trace_ids}) - asked)
        if not fresh:
            break
        asked.update(fresh)
        for piece in in_pieces(fresh):
            _widen_once(database, tenant, piece, related, stored)
    for trace_id in asked - related.keys():  # a trace without any facts: a lone exception, or one whose rows are gone
        related[trace_id] = {"trace_id": trace_id, "conversation_ids": [], "scopes": [], "linked_trace_ids": []}
    return related, stored


def _widen_once(
    database: Database, tenant: str, trace_ids: list[str], related: dict[str, Row], stored: dict[str, Stored]
) -> None:
    known = [row for t in trace_ids if (row := related.get(t))]
    if len(known) < len(trace_ids):
        known = _related(database, trace_ids, [], 0)
    for row in _related(database, trace_ids, known, LINK_WINDOW_NS):
        if row["tenant"] == tenant:
            related[row["trace_id"]] = _joined(related.get(row["trace_id"], row), row)
    for row in database.query("conversations_of_traces", trace_ids=trace_ids):
        if row["tenant"] == tenant:
            stored[row["conversation_id"]] = Stored(
                row["conversation_id"], row["transcript_hash"], tuple(row["trace_ids"])
            )


def _related(database: Database, trace_ids: list[str], known: list[Row], window_ns: int) -> list[Row]:
    times = [row["start_ns"] for row in known]
    lists = {
        "trace_ids": trace_ids,
        "conversation_ids": sorted({c for row in known for c in row["conversation_ids"]}),
        "scopes": sorted({s for row in known if not row["conversation_ids"] for s in row["scopes"]}),
    }
    from_ns, to_ns = min(times, default=0) - window_ns, max(times, default=0) + window_ns
    return _ask(database, "related_traces", lists, from_ns=from_ns, to_ns=to_ns)


def _joined(one: Row, other: Row) -> Row:
    """What two answers tell of one trace: each holds only those of its facts that were asked for."""
    lists = ("conversation_ids", "scopes", "linked_trace_ids")
    return {
        "trace_id": one["trace_id"],
        "start_ns": min(one["start_ns"], other["start_ns"]),
        **{name: sorted({*one[name], *other[name]}) for name in lists},
    }


def _components(related: dict[str, Row], stored: dict[str, Stored]) -> list[list[str]]:
    """Traces that share an id, a beginning, a link or a stored conversation, together; by union and find."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for trace_id, row in related.items():
        marks = (*row["conversation_ids"], *(row["scopes"] if not row["conversation_ids"] else ()))
        for mark in (*(f"mark:{mark}" for mark in marks), *(f"trace:{t}" for t in row["linked_trace_ids"])):
            parent[root(f"trace:{trace_id}")] = root(mark)
    for conversation in stored.values():
        for trace_id in conversation.trace_ids:
            parent[root(f"trace:{trace_id}")] = root(f"stored:{conversation.conversation_id}")
    components: dict[str, list[str]] = defaultdict(list)
    for trace_id in related:
        components[root(f"trace:{trace_id}")].append(trace_id)
    return list(components.values())


def _batch(tenant: str, trace_ids: list[str], stored: dict[str, Stored]) -> Batch:
    held = set(trace_ids)
    return Batch(tenant, tuple(trace_ids), tuple(s for s in stored.values() if held & set(s.trace_ids)))
