"""One run of the analyzer, from what was received to ranked issues.

    changed traces ▶ whole conversations ▶ assemble ▶ what is new? ▶ observe, decide, check quotes ▶ summarise ▶ write
                                                                                       ▶ group all findings ▶ issues

Only conversations whose transcript changed are analysed. A conversation's own row is written after its messages, calls
and findings, and the run's row last of all: a run that dies is begun again where the last complete one ended, and finds
what it had done already unchanged. Memory is bounded by the batch, except for one slim row per finding at the end.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from analyzer.assembly.conversations import assemble, fingerprint
from analyzer.cluster_stage import Means
from analyzer.clusters.keep import Rules
from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.evidence import Gate
from analyzer.issue_stage import update_issues
from analyzer.light_embedder import LightEmbedder
from analyzer.load import Batch, batches, changed_traces, load
from analyzer.model_summary import summarise_with
from analyzer.models import ChatModel, Embedder
from analyzer.result_rows import (
    Row,
    Stamp,
    conversation_row,
    deleted_conversation_row,
    finding_rows,
    message_rows,
    tool_call_rows,
)
from analyzer.summarise import summarise
from schemas.database import Database
from schemas.records import Conversation

ANALYSIS_VERSION = 1  # raised when detectors or the rule change, so that all conversations are looked at anew
_OVERLAP_NS = 120 * 10**9  # rows may become visible this much later than the moment the database gave them
_BATCH_TRACES = 500

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class RunReport:
    """What a run did. `method` is `detectors` without a model; `waiting_count` are traces that still receive spans."""

    run_id: str
    method: str
    model: str
    embedder: str
    started_ns: int
    watermark_ns: int = 0
    trace_count: int = 0
    waiting_count: int = 0
    conversation_count: int = 0
    analysed_count: int = 0
    unchanged_count: int = 0
    deleted_count: int = 0
    finding_count: int = 0
    issue_count: int = 0
    unpatterned_count: int = 0
    model_failures: int = 0
    gate: Gate = field(default_factory=Gate)


def analyze(
    database: Database,
    *,
    now_ns: int,
    quiet_s: float = 0.0,
    model: ChatModel | None = None,
    embedder: Embedder | None = None,
    rules: Rules | None = None,
    is_full: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> RunReport:
    """Analyse what changed since the last run and bring the issues up to date.

    Args:
        database: migrated to today's schema.
        now_ns: the time of the run; the version of every row it writes, so later than that of the run before.
        quiet_s: traces that received something less than this ago are left for the next run.
        model: summarises conversations; None leaves it to extraction, and every row says so.
        embedder: compares findings; None is the light one.
        rules: what a group must have to be shown.
        is_full: look at everything ever received again, not only at what is new.
        progress: is told the stage, what is done and out of how many.

    Raises:
        DatabaseError: the database failed; what was written stays, and the next run takes it up.
    """
    embedder = embedder or LightEmbedder()
    stamp = Stamp(uuid.uuid4().hex[:16], now_ns, "model" if model else "detectors", model.name if model else "")
    report = RunReport(stamp.run_id, stamp.method, stamp.model, embedder.name, now_ns)
    last = 0 if is_full else next((row["watermark_ns"] for row in database.query("last_run")), 0)
    changes = changed_traces(
        database, since_ns=max(0, last - _OVERLAP_NS), quiet_until_ns=now_ns - round(quiet_s * 1e9)
    )
    report.trace_count, report.waiting_count = changes.trace_count, changes.waiting_count
    report.watermark_ns = max(last, changes.watermark_ns)
    done = 0
    for tenant, trace_ids in changes.trace_ids.items():
        for number, batch in enumerate(batches(database, tenant, trace_ids, size=_BATCH_TRACES)):
            _analyse_batch(database, batch, f"{stamp.run_id}/{tenant}/{number}", stamp, model, report)
            done += len(batch.trace_ids)
            progress("conversations", done, max(done, changes.trace_count))
    progress("issues", 0, 1)
    counts = update_issues(database, Means(embedder, model, rules or Rules()), stamp)
    report.issue_count, report.unpatterned_count = counts
    progress("issues", 1, 1)
    _close(database, report, stamp)
    return report


def _analyse_batch(
    database: Database, batch: Batch, token: str, stamp: Stamp, model: ChatModel | None, report: RunReport
) -> None:
    conversations = assemble(load(database, batch))
    known = {stored.conversation_id: stored.transcript_hash for stored in batch.stored}
    rows: dict[str, list[Row]] = {
        table: [] for table in ("message_log", "tool_call_log", "finding_log", "conversation_log")
    }
    for conversation in conversations:
        transcript_hash = f"{ANALYSIS_VERSION}:{stamp.method}:{fingerprint(conversation)}"
        report.conversation_count += 1
        if known.get(conversation.id) == transcript_hash:
            report.unchanged_count += 1
            continue
        report.analysed_count += 1
        for table, row in _result_rows(conversation, transcript_hash, stamp, model, report):
            rows[table].append(row)
    # A conversation whose traces have since named another id is no more; views then hide all its rows.
    for gone in sorted(known.keys() - {conversation.id for conversation in conversations}):
        report.deleted_count += 1
        rows["conversation_log"].append(deleted_conversation_row(batch.tenant, gone, stamp))
    for table, table_rows in rows.items():
        database.insert(table, table_rows, token=f"{token}/{table}")


def _result_rows(
    conversation: Conversation, transcript_hash: str, stamp: Stamp, model: ChatModel | None, report: RunReport
) -> Iterator[tuple[str, Row]]:
    findings = list(report.gate.admit(conversation, decide(conversation, observe(conversation))))
    report.finding_count += len(findings)
    summary = summarise_with(model, conversation, findings) if model else summarise(conversation, findings)
    report.model_failures += bool(summary.note)
    yield from (("message_log", row) for row in message_rows(conversation, stamp))
    yield from (("tool_call_log", row) for row in tool_call_rows(conversation, stamp))
    yield from (("finding_log", row) for row in finding_rows(conversation, findings, stamp))
    yield "conversation_log", conversation_row(conversation, summary, transcript_hash, stamp)


def _close(database: Database, report: RunReport, stamp: Stamp) -> None:
    """Write the run's row, which makes its watermark count; the time of writing is the database's to know."""
    row = asdict(report)
    gate = row.pop("gate")
    note = "" if report.model else "analysed without a model"
    row |= {"quotes_seen": gate["seen"], "quotes_rejected": gate["rejected"], "note": note}
    database.insert(
        "run_log",
        [row | {"finished_ns": _database_time(database)} | stamp.columns],
        token=f"{stamp.run_id}/run",
    )


def _database_time(database: Database) -> int:
    return int(database.query("now_ns")[0]["now_ns"])
