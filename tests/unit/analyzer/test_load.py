"""What is loaded is whole, however long the lists of ids are that it takes to ask for it."""

from analyzer.load import batches, load
from schemas.database import Database
from schemas.record_rows import batch_rows
from schemas.records import Feedback, MessageBody, Record, SpanFacts

START_NS = 1_790_000_000 * 10**9
TRACE_COUNT = 4_000  # 144 kB of trace ids and 176 kB of hashes


def trace_id(number: int) -> str:
    """Ids in the order of their numbers."""
    return f"{number:032x}"


def call(number: int, span_id: str = "s", conversation_id: str = "", links: tuple[str, ...] = ()) -> SpanFacts:
    """A model call that says what no other says."""
    return SpanFacts(
        trace_id(number), span_id, "test", "llm", START_NS + number, conversation_id=conversation_id,
        response_id=f"response-{number:030}", linked_trace_ids=links,
        input=(MessageBody("user", f"question {number}"),), output=(MessageBody("assistant", f"answer {number}"),),
    )  # fmt: skip


def write(database: Database, records: list[Record]) -> None:
    """What a collector does with records."""
    for table, rows in batch_rows(records, "segment", START_NS).items():
        database.insert(table, rows)


def test_a_conversation_of_thousands_of_traces_is_loaded_whole(store: Database) -> None:
    """Every call comes with its words, and feedback once, though conversation and answer both lead to it."""
    rated = f"response-{TRACE_COUNT - 1:030}"
    said = Feedback(START_NS, "thumbs", conversation_id="long", response_id=rated, score=1.0)
    write(store, [*(call(number, conversation_id="long") for number in range(TRACE_COUNT)), said])
    (batch,) = batches(store, "", [trace_id(7)], size=500)
    records = load(store, batch)
    assert {record.trace_id: record.output[0].content for record in records if isinstance(record, SpanFacts)} == {
        trace_id(number): f"answer {number}" for number in range(TRACE_COUNT)
    }
    assert [record for record in records if isinstance(record, Feedback)] == [said]


def test_what_one_answer_tells_of_a_trace_does_not_undo_what_another_did(database: Database) -> None:
    """A trace that is also found by its link keeps the conversation that another of its spans names."""
    last = TRACE_COUNT - 1
    linking = [call(0, "root", conversation_id="c"), call(0, "child", links=(trace_id(last),))]
    others = [call(number) for number in range(1, TRACE_COUNT)]
    write(database, [*linking, *others, call(TRACE_COUNT, conversation_id="c")])
    found = batches(database, "", [trace_id(number) for number in range(TRACE_COUNT)], size=1)
    (together,) = (set(batch.trace_ids) for batch in found if trace_id(0) in batch.trace_ids)
    assert together >= {trace_id(0), trace_id(last), trace_id(TRACE_COUNT)}
