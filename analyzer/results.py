"""What was found out about conversations, and the way it is written: a conversation's own row last, for it shows the rest."""

from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.assembly.conversations import fingerprint
from analyzer.facets.answers import FacetAnswer, facet_rows
from analyzer.result_rows import Row, Stamp, conversation_row, finding_rows, message_rows, tool_call_rows
from analyzer.summarise import Summary
from schemas.database import Database
from schemas.families import Finding
from schemas.records import Conversation

ANALYSIS_VERSION = 1  # raised when detectors or the rule change, so that all conversations are looked at anew
_IN_ORDER = ("message_log", "tool_call_log", "finding_log", "facet_log", "conversation_log")


@dataclass(frozen=True, slots=True)
class Result:
    """What one conversation comes to, by detectors alone or with a model.

    `state` is `analysed`, or `failed: why` or `skipped: why` of a model that was to read it. `reading_hash` says by which
    model and prompts it was read, and is empty where it was not; `attempt_count` counts answers of no use.
    """

    conversation: Conversation
    summary: Summary
    findings: tuple[Finding, ...]
    facets: tuple[FacetAnswer, ...]
    state: str = "analysed"
    reading_hash: str = ""
    attempt_count: int = 0


def transcript_hash(conversation: Conversation) -> str:
    """What changes when detectors would see something else in a conversation, or see it otherwise."""
    return f"{ANALYSIS_VERSION}:{fingerprint(conversation)}"


def write(database: Database, results: Iterable[Result], stamp: Stamp, token: str, *, gone: Iterable[Row] = ()) -> None:
    """Store results in the place of those of a lower version; `gone` are rows of conversations that are no more.

    Raises:
        DatabaseError: some tables are written; the conversations' rows are not, and the next run does all again.
    """
    rows: dict[str, list[Row]] = {table: [] for table in _IN_ORDER}
    for result in results:
        for table, made in _rows(result, stamp):
            rows[table] += made
    rows["conversation_log"] += gone
    for table, table_rows in rows.items():
        database.insert(table, table_rows, token=f"{token}/{table}")


def _rows(result: Result, stamp: Stamp) -> list[tuple[str, list[Row]]]:
    conversation = result.conversation
    read = {name: getattr(result, name) for name in ("state", "reading_hash", "attempt_count")}
    own = conversation_row(conversation, result.summary, transcript_hash(conversation), stamp) | read
    return [
        ("message_log", message_rows(conversation, stamp)),
        ("tool_call_log", tool_call_rows(conversation, stamp)),
        ("finding_log", finding_rows(conversation, result.findings, stamp)),
        ("facet_log", facet_rows(conversation, result.facets, stamp.columns)),
        ("conversation_log", [own]),
    ]
