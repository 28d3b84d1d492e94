"""What a run of the analyzer would do and cost: looked up and put together as the run would, and nothing is written."""

from dataclasses import dataclass, field

from analyzer.asking.budget import UNLIMITED, Amount, Spending
from analyzer.assembly.conversations import assemble
from analyzer.load import batches, load
from analyzer.reading_stage import Reader, conversations_of, pages, read_one
from analyzer.results import transcript_hash
from analyzer.run import BATCH_TRACES, new_changes
from schemas.database import Database
from schemas.records import Conversation


@dataclass(slots=True)
class DryRun:
    """What would be done. `estimate` is one: tokens are counted by rule, and what the model will claim is not foreseen.

    `affordable_count` of the conversations to read fit into the budget, by the same estimate; all of them without one.
    """

    model: str
    trace_count: int = 0
    waiting_count: int = 0
    conversation_count: int = 0
    analysed_count: int = 0
    read_count: int = 0
    affordable_count: int = 0
    has_prices: bool = False
    estimate: Spending = field(default_factory=Spending)


def dry_run(
    database: Database,
    *,
    now_ns: int,
    quiet_s: float = 0.0,
    reader: Reader | None = None,
    is_full: bool = False,
    budget: Amount = UNLIMITED,
) -> DryRun:
    """Rehearse a run; `reader` asks a `Rehearsal`, or is None without a model.

    Raises:
        DatabaseError: the database failed.
    """
    found = DryRun(reader.asker.name if reader else "")
    changes = new_changes(database, now_ns=now_ns, quiet_s=quiet_s, is_full=is_full)
    found.trace_count, found.waiting_count = changes.trace_count, changes.waiting_count
    rehearsed: set[tuple[str, str]] = set()
    for tenant, trace_ids in changes.trace_ids.items():
        for batch in batches(database, tenant, trace_ids, size=BATCH_TRACES):
            conversations = assemble(load(database, batch))
            known = {stored.conversation_id: stored.transcript_hash for stored in batch.stored}
            found.conversation_count += len(conversations)
            for conversation in conversations:
                if known.get(conversation.id) != transcript_hash(conversation):
                    found.analysed_count += 1
                    rehearsed.add((tenant, conversation.id))
                    if reader:
                        _read(reader, conversation, budget, found)
    found.read_count = len(rehearsed) if reader else 0
    if reader:
        for page in pages(database, reader, is_full=is_full):
            waiting = [row for row in page if (row["tenant"], row["conversation_id"]) not in rehearsed]
            found.read_count += len(waiting)
            for conversation in conversations_of(database, waiting):
                _read(reader, conversation, budget, found)
        found.estimate = reader.asker.spending()
    return found


def _read(reader: Reader, conversation: Conversation, budget: Amount, found: DryRun) -> None:
    read_one(reader, conversation)
    spent = reader.asker.spending()
    found.affordable_count += (
        spent.prompt_tokens + spent.answer_tokens <= budget.tokens and spent.spent_usd <= budget.usd
    )
