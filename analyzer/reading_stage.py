"""The stage of a run that asks a model: it reads what detectors have analysed, newest first, a bounded number at once.

    conversations not read yet ─page▶ load, assemble, detect ─pool▶ read_conversation ─▶ rows, a version above the detectors'

Detectors' results are stored before anything is asked, so whatever the model does costs none of them. Rows are written a
page at a time. What was not read, or failed, keeps the state that says so and is taken up by the next run.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from analyzer.assembly.conversations import assemble
from analyzer.decide import decide
from analyzer.detectors import observe
from analyzer.evidence import Gate
from analyzer.load import batches, load
from analyzer.models import ChatModel
from analyzer.result_rows import Stamp
from analyzer.results import Result, write
from analyzer.with_model.read import read_conversation
from analyzer.with_model.reading import GateCounts, Reading, ReadingSetup
from schemas.database import Database, Row
from schemas.records import Conversation

NOT_READ = "skipped: not read yet"  # the state of what detectors analysed in a run that has a model
ATTEMPT_LIMIT = 3  # runs whose answers were of no use, after which a conversation is left to `--full`
_PAGE = 128  # conversations in memory at once


@dataclass(frozen=True, slots=True)
class Reader:
    """What conversations are read with: `concurrency` of them at once."""

    model: ChatModel
    setup: ReadingSetup
    concurrency: int = 8

    @property
    def hash(self) -> str:
        """16 hex of what determines a reading beside the conversation: the model, the prompts, the card, the facets."""
        return hashlib.blake2b(f"{self.model.name}\x1f{self.setup.hash}".encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class Readings:
    """What the stage did, conversation by conversation."""

    read_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    claims: GateCounts = field(default_factory=GateCounts)

    def add(self, reading: Reading) -> None:
        """Count one."""
        self.read_count += reading.state == "analysed"
        self.failed_count += reading.state.startswith("failed")
        self.skipped_count += reading.state.startswith("skipped")
        self.claims += reading.gate


def read_new(
    database: Database,
    reader: Reader,
    stamp: Stamp,
    *,
    is_full: bool = False,
    on_page: Callable[[int, int], None] = lambda done, total: None,
) -> Readings:
    """Read what waits for a model: what was analysed since there is one, failed before, or was left over.

    Args:
        database: holds what detectors found.
        reader: what it is read with.
        stamp: of the run; its version is above that of the detectors' rows.
        is_full: also what was analysed without this model, or read with other prompts.
        on_page: is told how many conversations are done, and out of how many.
    """
    done, counts = 0, Readings()
    total = count_to_read(database, reader, is_full=is_full)
    with ThreadPoolExecutor(reader.concurrency, thread_name_prefix="momus-reading") as pool:
        for number, page in enumerate(pages(database, reader, is_full=is_full)):
            waiting = list(conversations_of(database, page))
            attempts = {(row["tenant"], row["conversation_id"]): row["attempt_count"] for row in page}
            readings = list(pool.map(lambda one: _read(reader, one), waiting))
            results = [
                _result(one, reading, reader, attempts[one.tenant, one.id])
                for one, reading in zip(waiting, readings, strict=True)
            ]
            write(database, results, stamp, f"{stamp.run_id}/read/{number}")
            for reading in readings:
                counts.add(reading)
            done += len(page)
            on_page(done, max(done, total))
    return counts


def count_to_read(database: Database, reader: Reader, *, is_full: bool) -> int:
    """How many conversations `pages` gives."""
    (row,) = database.query("count_conversations_to_read", reading_hash=reader.hash, attempt_limit=ATTEMPT_LIMIT)
    waiting, given_up, otherwise = (row[f"{name}_count"] for name in ("waiting", "given_up", "otherwise"))
    return int(waiting + given_up + otherwise if is_full else waiting)


def pages(database: Database, reader: Reader, *, is_full: bool) -> Iterator[list[Row]]:
    """Conversations to read, newest first, some at a time."""
    last: Row = {"end_ns": 2**63 - 1, "tenant": "", "conversation_id": ""}
    while page := database.query(
        "conversations_to_read", reading_hash=reader.hash, is_full=is_full, attempt_limit=ATTEMPT_LIMIT, limit=_PAGE,
        **{name: last[name] for name in ("end_ns", "tenant", "conversation_id")},
    ):  # fmt: skip
        yield page
        last = page[-1]


def conversations_of(database: Database, page: Sequence[Row]) -> Iterator[Conversation]:
    """The conversations of a page, as their traces are now; one that has since become another is left out."""
    traces: dict[str, list[str]] = defaultdict(list)
    for row in page:
        traces[row["tenant"]] += row["trace_ids"]
    wanted = {(row["tenant"], row["conversation_id"]) for row in page}
    for tenant, trace_ids in traces.items():
        for batch in batches(database, tenant, trace_ids, size=_PAGE):
            yield from (one for one in assemble(load(database, batch)) if (one.tenant, one.id) in wanted)


def _read(reader: Reader, conversation: Conversation) -> Reading:
    found = tuple(Gate().admit(conversation, decide(conversation, observe(conversation))))
    return read_conversation(reader.model, conversation, found, reader.setup)


def _result(conversation: Conversation, reading: Reading, reader: Reader, attempts: int) -> Result:
    # What failed keeps no hash of a reading, so that it is asked for again.
    has_failed = reading.state.startswith("failed")
    return Result(
        conversation, reading.summary, reading.findings, reading.facets, reading.state,
        "" if has_failed else reader.hash, attempts + 1 if has_failed else 0,
    )  # fmt: skip
