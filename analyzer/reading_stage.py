"""The stage of a run that asks a model: it reads what detectors have analysed, newest first, a bounded number at once.

    conversations not read yet ─page▶ load, assemble, detect ─pool▶ read_conversation ─▶ rows, a version above the detectors'

Detectors' results are stored before anything is asked, so whatever the model does costs none of them. Rows are written a
page at a time. A conversation without a `reading_hash` waits: what failed says so in its state, what was not come to is
left as detectors saw it and says why. Both are taken up by the next run, and what was answered before is not paid for again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from analyzer.asking.asker import Asks
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
from schemas.errors import BudgetSpent, ModelError, ModelRefused
from schemas.records import Conversation

NOT_READ = "skipped: not read yet"  # the state of what detectors analysed in a run that has a model
_ATTEMPT_LIMIT = 3  # runs whose answers were of no use, after which a conversation is left to `--full`
_PAGE = 128  # conversations in memory at once


@dataclass(frozen=True, slots=True)
class Reader:
    """What conversations are read with: `concurrency` of them at once.

    `naming` is the model asked for names of groups, None leaves them to terms. `settle` has an endpoint that answers by the
    batch answer what was asked, and returns how many answers came; None where the endpoint answers at once.
    """

    asker: Asks
    setup: ReadingSetup
    concurrency: int = 8
    naming: ChatModel | None = None
    settle: Callable[[], int] | None = None

    @property
    def hash(self) -> str:
        """16 hex of what determines a reading beside the conversation: the model, the prompts, the card, the facets."""
        return hashlib.blake2b(f"{self.asker.name}\x1f{self.setup.hash}".encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class Readings:
    """What the stage did. `left_count` were not come to, or wait for a batch; `skipped_count` hold nothing to read.

    `failed` says by tenant and id why conversations did; a batch may try one in each of its rounds.
    """

    read_count: int = 0
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    skipped_count: int = 0
    left_count: int = 0
    claims: GateCounts = field(default_factory=GateCounts)

    def add(self, conversation: Conversation, reading: Reading) -> None:
        """Count one."""
        self.read_count += reading.state == "analysed"
        if reading.state.startswith("failed"):
            self.failed[conversation.tenant, conversation.id] = reading.state.removeprefix("failed: ")
        self.skipped_count += reading.state.startswith("skipped")
        self.claims += reading.gate


def read_new(
    database: Database,
    reader: Reader,
    stamp: Stamp,
    *,
    is_full: bool = False,
    on_read: Callable[[int, int], None] = lambda done, total: None,
) -> Readings:
    """Read what waits for a model: what is new, was analysed before there was one, failed before, or was left over.

    Args:
        database: holds what detectors found.
        reader: what it is read with.
        stamp: of the run; its version is above that of the detectors' rows.
        is_full: also what was read by another model or with other prompts, and what was given up.
        on_read: is told how many conversations are done, and out of how many.
    """
    done, counts = 0, Readings()
    total = count_to_read(database, reader, is_full=is_full, run_id=stamp.run_id)
    with ThreadPoolExecutor(reader.concurrency, thread_name_prefix="momus-reading") as pool:
        for page in pages(database, reader, is_full=is_full, run_id=stamp.run_id):
            before = {(row["tenant"], row["conversation_id"]): row for row in page}
            waiting = conversations_of(database, page)
            results, answered_count = [], 0
            read = pool.map(partial(read_one, reader), waiting)
            for number, (conversation, reading) in enumerate(zip(waiting, read, strict=True), done + 1):
                on_read(number, max(number, total))
                if reading:
                    answered_count += 1
                    counts.add(conversation, reading)
                    results += _result(conversation, reading, reader, before[conversation.tenant, conversation.id])
            write(database, results, stamp, f"{stamp.run_id}/read/{stamp.version}/{done}")
            counts.left_count += len(waiting) - answered_count
            done += len(page)
            if reader.asker.ended_by and not answered_count:  # nothing new is asked, and what is known is used up
                counts.left_count += max(0, total - done)
                break
    return counts


def count_to_read(database: Database, reader: Reader, *, is_full: bool, run_id: str) -> int:
    """How many conversations `pages` gives."""
    (row,) = database.query("count_conversations_to_read", reading_hash=reader.hash, is_full=is_full, run_id=run_id)
    return int(row["waiting_count"])


def pages(database: Database, reader: Reader, *, is_full: bool, run_id: str = "") -> Iterator[list[Row]]:
    """Conversations to read, newest first, some at a time; without those that failed in the run."""
    last: Row = {"end_ns": 2**63 - 1, "tenant": "", "conversation_id": ""}
    while page := database.query(
        "conversations_to_read", reading_hash=reader.hash, is_full=is_full, run_id=run_id, limit=_PAGE,
        **{name: last[name] for name in ("end_ns", "tenant", "conversation_id")},
    ):  # fmt: skip
        yield page
        last = page[-1]


def conversations_of(database: Database, page: Sequence[Row]) -> list[Conversation]:
    """The conversations of a page, in its order, as their traces are now; one that has since become another is left out."""
    traces: dict[str, list[str]] = defaultdict(list)
    for row in page:
        traces[row["tenant"]] += row["trace_ids"]
    place = {(row["tenant"], row["conversation_id"]): number for number, row in enumerate(page)}
    found = [
        one
        for tenant, trace_ids in traces.items()
        for batch in batches(database, tenant, trace_ids, size=_PAGE)
        for one in assemble(load(database, batch))
        if (one.tenant, one.id) in place
    ]
    return sorted(found, key=lambda one: place[one.tenant, one.id])


def read_one(reader: Reader, conversation: Conversation) -> Reading | None:
    """Read a conversation; None where its questions stayed unanswered, which says nothing of it, or answers come later.

    Raises:
        DatabaseError: answers cannot be kept.
    """
    model = reader.asker.about(conversation.tenant, conversation.id)
    found = tuple(Gate().admit(conversation, decide(conversation, observe(conversation))))
    try:
        reading = read_conversation(model, conversation, found, reader.setup)
    except ModelError:
        return None
    return None if model.was_silent else reading


def _result(conversation: Conversation, reading: Reading, reader: Reader, before: Row) -> list[Result]:
    """What is to be stored, `before` being the conversation's row of `conversations_to_read`; nothing where that is better."""
    has_failed = reading.state.startswith("failed")
    if has_failed and before["is_read"]:  # what another model or prompt made of it stays
        return []
    attempt_count = before["attempt_count"] + 1 if has_failed else 0
    # What failed keeps no hash of a reading, so that it is asked for again; unless it failed too often.
    is_over = not has_failed or attempt_count >= _ATTEMPT_LIMIT
    result = Result(
        conversation, reading.summary, reading.findings, reading.facets, reading.state,
        reader.hash if is_over else "", attempt_count,
    )  # fmt: skip
    return [result]


def tell_why_unread(database: Database, why: ModelError | None) -> None:
    """Let all that still waits say why it was not read in this run; None where nobody knows."""
    match why:
        case None:
            state = NOT_READ
        case BudgetSpent():
            state = "skipped: the budget for the model is used up"
        case ModelRefused():
            state = "skipped: the model endpoint refuses every question"
        case _:
            state = "skipped: the model endpoint does not answer"
    waiting = (row["state"] for row in database.query("unread_conversations") if row["is_waiting"])
    if any(not told.startswith("failed") and told != state for told in waiting):
        database.command("tell_why_unread", state=state)
