"""One run of the analyzer, from what was received to ranked issues.

    changed traces ▶ whole conversations ▶ assemble ▶ what is new? ▶ observe, decide, check quotes ▶ summarise ▶ write
                                          with a model ▶ read what waits for it, newest first ▶ write in their place
                                                                                       ▶ group all findings ▶ issues

Only conversations whose transcript changed are analysed. A conversation's own row is written after its messages, calls
and findings, and the run's row last of all: a run that dies is begun again where the last complete one ended, and finds
what it had done already unchanged. Memory is bounded by the batch, except for one slim row per finding at the end.
"""

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from analyzer.asking.budget import Spending
from analyzer.assembly.conversations import assemble
from analyzer.cluster_stage import Means
from analyzer.clusters.group import Method
from analyzer.clusters.keep import Rules
from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.evidence import Gate
from analyzer.facets.definitions import FacetDefinition
from analyzer.facets.measured import measured, unanswered
from analyzer.issue_stage import update_issues
from analyzer.light_embedder import LightEmbedder
from analyzer.load import Batch, Changes, batches, changed_traces, load
from analyzer.models import Embedder
from analyzer.reading_stage import NOT_READ, Reader, read_new, tell_why_unread
from analyzer.result_rows import Stamp, deleted_conversation_row
from analyzer.results import Result, transcript_hash, write
from analyzer.summarise import summarise
from analyzer.with_model.reading import GateCounts
from schemas.database import Database
from schemas.errors import ModelError
from schemas.records import Conversation

_OVERLAP_NS = 120 * 10**9  # rows may become visible this much later than the moment the database gave them
BATCH_TRACES = 500

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class RunReport:
    """What a run did. `method` is `detectors` without a model; `waiting_count` are traces that still receive spans.

    With a model, `read_count` conversations were read, `model_failures` could not be, `skipped_count` hold nothing to read,
    and `left_count` were not come to: `note` says why.
    `cluster_notes` tell of groups that were cut in an unusual way.
    """

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
    read_count: int = 0
    skipped_count: int = 0
    left_count: int = 0
    model_failures: int = 0
    gate: Gate = field(default_factory=Gate)
    claims: GateCounts = field(default_factory=GateCounts)
    spending: Spending = field(default_factory=Spending)
    note: str = ""
    cluster_notes: tuple[str, ...] = ()


def analyze(
    database: Database,
    *,
    now_ns: int,
    run_id: str = "",
    quiet_s: float = 0.0,
    reader: Reader | None = None,
    facets: tuple[FacetDefinition, ...] = (),
    embedder: Embedder | None = None,
    rules: Rules | None = None,
    cluster_method: Method = "neighbours",
    is_full: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> RunReport:
    """Analyse what changed since the last run and bring the issues up to date.

    Args:
        database: migrated to today's schema.
        now_ns: the time of the run by the clock of the database, which tells when rows arrived; the version of every row
            it writes, so later than that of the run before.
        run_id: of every row it writes; a new one where none is given.
        quiet_s: traces that received something less than this ago are left for the next run.
        reader: reads conversations with a model; None leaves them to detectors and extraction, and every row says so.
        facets: the team's questions to every conversation; without a model nobody answers them.
        embedder: compares findings; None is the light one.
        rules: what a group must have to be shown.
        cluster_method: how groups are made.
        is_full: look at everything ever received again, not only at what is new.
        progress: is told the stage, what is done and out of how many.

    Raises:
        DatabaseError: the database failed; what was written stays, and the next run takes it up.
    """
    embedder = embedder or LightEmbedder()
    stamp = Stamp(run_id or new_run_id(), now_ns, *(("model", reader.asker.name) if reader else ("detectors", "")))
    report = RunReport(stamp.run_id, stamp.method, stamp.model, embedder.name, now_ns)
    changes = new_changes(database, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full)
    report.trace_count, report.waiting_count = changes.trace_count, changes.waiting_count
    report.watermark_ns = changes.watermark_ns
    detect = partial(_detect, facets=facets, state=NOT_READ if reader else "analysed", gate=report.gate)
    done = 0
    for tenant, trace_ids in changes.trace_ids.items():
        for number, batch in enumerate(batches(database, tenant, trace_ids, size=BATCH_TRACES)):
            _analyse_batch(database, batch, f"{stamp.run_id}/{tenant}/{number}", stamp, detect, report)
            done += len(batch.trace_ids)
            progress("traces", done, max(done, changes.trace_count))
    if reader:
        _read(database, reader, stamp, report, is_full=is_full, progress=progress)
    progress("issues", 0, 1)
    means = Means(embedder, reader.naming if reader else None, rules or Rules(), cluster_method)
    report.issue_count, report.unpatterned_count, report.cluster_notes = update_issues(database, means, stamp)
    progress("issues", 1, 1)
    report.spending = reader.asker.spending() if reader else Spending()
    _close(database, report, stamp)
    return report


def new_changes(database: Database, *, now_ns: int, quiet_s: float, is_full: bool) -> Changes:
    """What changed since the last complete run, with what may have become visible after it looked; see `analyze`."""
    last = None if is_full else next(iter(database.query("last_run")), None)
    watermark_ns = last["watermark_ns"] if last else 0
    since_ns = min(watermark_ns + 1, last["started_ns"] - _OVERLAP_NS) if last else 0
    changes = changed_traces(database, since_ns=since_ns, quiet_until_ns=now_ns - round(quiet_s * 1e9))
    return replace(changes, watermark_ns=max(watermark_ns, changes.watermark_ns))


def _analyse_batch(
    database: Database,
    batch: Batch,
    token: str,
    stamp: Stamp,
    detect: Callable[[Conversation], Result],
    report: RunReport,
) -> None:
    conversations = assemble(load(database, batch))
    known = {stored.conversation_id: stored.transcript_hash for stored in batch.stored}
    changed = [one for one in conversations if known.get(one.id) != transcript_hash(one)]
    # A conversation whose traces have since named another id is no more; views then hide all its rows.
    gone = sorted(known.keys() - {conversation.id for conversation in conversations})
    report.conversation_count += len(conversations)
    report.analysed_count += len(changed)
    report.unchanged_count += len(conversations) - len(changed)
    report.deleted_count += len(gone)
    deleted = [deleted_conversation_row(batch.tenant, id, stamp) for id in gone]
    write(database, map(detect, changed), stamp, token, gone=deleted)


def _detect(conversation: Conversation, *, facets: tuple[FacetDefinition, ...], state: str, gate: Gate) -> Result:
    """What can be said of a conversation without a model."""
    findings = tuple(gate.admit(conversation, decide(conversation, observe(conversation))))
    summary = summarise(conversation, findings)
    answers = (*measured(conversation), *unanswered(facets, summary.language))
    return Result(conversation, summary, findings, answers, state)


def _read(
    database: Database, reader: Reader, stamp: Stamp, report: RunReport, *, is_full: bool, progress: Progress
) -> None:
    """Read what waits; by the batch in rounds, since an answer may lead to another question."""

    def told(done: int, total: int) -> None:
        spent = reader.asker.spending()
        cost = f" · ${spent.spent_usd:,.2f}" if spent.spent_usd else ""
        progress(f"reading · {spent.prompt_tokens + spent.answer_tokens:,} tokens{cost}", done, total)

    settle = reader.settle or (lambda: 0)
    failure: ModelError | None = None
    failed: dict[tuple[str, str], str] = {}
    try:
        settle()  # a batch that a killed run sent is waited for before anything is asked
        more = True
        while more:
            stamp = replace(stamp, version=stamp.version + 1)
            readings = read_new(database, reader, stamp, is_full=is_full, on_read=told)
            report.read_count += readings.read_count
            report.skipped_count += readings.skipped_count
            failed |= readings.failed
            report.claims += readings.claims
            report.left_count = readings.left_count
            more = bool(report.left_count and settle())
    except ModelError as error:
        failure = error
    report.model_failures = len(failed)
    why = failure or reader.asker.ended_by or (reader.asker.last_silence if report.left_count else None)
    report.note = str(why or next(reversed(failed.values()), ""))
    tell_why_unread(database, why)


def _close(database: Database, report: RunReport, stamp: Stamp) -> None:
    """Write the run's row, which makes its watermark count; the time of writing is the database's to know."""
    (left,) = database.query("count_findings_of_run", run_id=stamp.run_id)
    report.finding_count = left["finding_count"]
    row = asdict(report)
    gate, claims = row.pop("gate"), row.pop("claims")
    row |= row.pop("spending") | {"quotes_seen": gate["seen"], "quotes_rejected": gate["rejected"]}
    row |= {"claims_seen": claims["claimed"], "claims_unquoted": claims["unquoted"]}
    row |= {
        "claims_contradicted": claims["contradicted"],
        "skipped_count": row["skipped_count"] + row.pop("left_count"),
    }
    notes = [report.note if report.model else "analysed without a model", *row.pop("cluster_notes")]
    row["note"] = "; ".join(note for note in notes if note)
    database.insert(
        "run_log",
        [row | {"finished_ns": database_time_ns(database)} | stamp.columns],
        token=f"{stamp.run_id}/run",
    )


def new_run_id() -> str:
    """An id for a run: 16 hex."""
    return uuid.uuid4().hex[:16]


def database_time_ns(database: Database) -> int:
    """The time by the clock of the database."""
    return int(database.query("now_ns")[0]["now_ns"])
