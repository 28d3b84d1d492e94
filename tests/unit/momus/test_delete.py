"""What is deleted is in no table any more, stays away, and takes nothing of anybody else with it."""

import re
from dataclasses import replace
from functools import partial
from typing import Any, cast

import pytest

from analyzer.run import analyze
from collector_plugin.dialects import read_log, read_span
from momus.delete import TENANT_COLUMNS, TRACE_COLUMNS, delete
from momus.reflatten import reflatten
from schemas.database import Database
from schemas.errors import DatabaseUnreachable, NotFound
from schemas.records import (
    Document,
    Feedback,
    LogRecord,
    MessageBody,
    Record,
    Retrieval,
    Span,
    SpanException,
    SpanFacts,
    ToolExecution,
)
from schemas.rows import batch_rows, log_row, span_row

START = 1_790_000_000 * 10**9
MINUTE = 60 * 10**9
REFUSAL = "I'm sorry, I can't cancel your subscription for you."


def chat(number: int, conversation: str, user: str, *, tenant: str = "") -> Span:
    """A model call in a trace of its own; all begin with the same words, so that their messages share a scope."""
    said = f'[{{"role":"user","parts":[{{"type":"text","content":"Hello, {user} here, cancel {number}"}}]}}]'
    told = f'[{{"role":"assistant","parts":[{{"type":"text","content":"{REFUSAL}"}}]}}]'
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.conversation.id": conversation,
        "gen_ai.response.id": f"answer-{number}",
        "gen_ai.input.messages": said,
        "gen_ai.output.messages": told,
        "user.id": user,
    }
    at = START + number * MINUTE
    return Span(f"{number:032x}", f"{number:016x}", "chat", at, at + 10**9, tenant=tenant, attributes=attributes)


def rated(conversation: str, user: str = "", *, response: str = "", tenant: str = "") -> LogRecord:
    """Feedback as the collector keeps it: a log record without a trace."""
    said = {"gen_ai.conversation.id": conversation, "user.id": user, "gen_ai.response.id": response}
    attributes = {"gen_ai.evaluation.name": "thumb", "gen_ai.evaluation.explanation": "never again"}
    attributes |= {key: text for key, text in said.items() if text}
    return LogRecord(START, START, event_name="gen_ai.evaluation.result", tenant=tenant, attributes=attributes)


def empty(database: Database) -> None:
    """Take all rows out."""
    for row in database.query("columns_of_tables"):
        if row["table"] != "migrations":
            database.command(f"TRUNCATE TABLE {row['table']}")


def keep(database: Database, *items: Span | LogRecord) -> None:
    """Store spans and log records as they came, and what dialects read of them, as a collector does."""
    for number, item in enumerate(items):
        is_span = isinstance(item, Span)
        row = span_row(item, f"s{number}", START) if isinstance(item, Span) else log_row(item, f"s{number}", START)
        database.insert("otel_traces" if is_span else "otel_logs", [row])
    store_records(
        database,
        *(record for item in items for record in (read_span(item) if isinstance(item, Span) else read_log(item))),
    )


def store_records(database: Database, *records: Record) -> None:
    """What dialects read, of every kind."""
    for table, rows in batch_rows(records, "segment", START).items():
        database.insert(table, rows)


def run(database: Database, minute: int) -> None:
    """Analyse all that is stored; later than any test stores something."""
    analyze(database, now_ns=2 * 10**18 + minute * MINUTE)


def stored(database: Database) -> dict[str, int]:
    """Rows by table, of those that have any."""
    tables = [row["table"] for row in database.query("columns_of_tables") if row["table"] != "migrations"]
    counts = {table: database.query(f"SELECT count() AS n FROM {table}")[0]["n"] for table in tables}
    return {table: count for table, count in counts.items() if count}


def everything(database: Database) -> str:
    """Every value of every table, as text."""
    tables = [row["table"] for row in database.query("columns_of_tables")]
    return "".join(str(database.query(f"SELECT * FROM {table}")) for table in tables if table != "run_log")


def two_users(database: Database) -> None:
    """Ada with two conversations, Bob with one, and feedback on them, analysed."""
    keep(
        database,
        chat(1, "c-ada-1", "u-ada"),
        chat(2, "c-ada-1", "u-ada"),
        chat(3, "c-ada-2", "u-ada"),
        chat(4, "c-bob", "u-bob"),
        rated("c-ada-1"),
        rated("", response="answer-3"),
        rated("c-bob", "u-bob"),
    )
    run(database, 10)


def test_a_conversation_leaves_no_trace(store: Database) -> None:
    """Neither its id, nor its traces', nor its words are anywhere; others are as they were, and the issues know."""
    two_users(store)
    before = everything(store)
    assert "c-ada-1" in before
    deletion = delete(store, conversation_id="c-ada-1")
    left = everything(store)
    for gone in ("c-ada-1", f"{1:032x}", f"{2:032x}", "cancel 1", "cancel 2", "answer-1"):
        assert gone not in left
    for kept in ("c-ada-2", "c-bob", "cancel 3", "cancel 4", "answer-3"):
        assert kept in left
    assert deletion.row_counts["otel_traces"] == 2
    assert deletion.row_counts["otel_logs"] == 1
    run(store, 20)
    assert [row["conversation_count"] for row in store.query("SELECT conversation_count FROM issues")] == [2]


def test_a_user_goes_with_all_conversations(database: Database) -> None:
    """Also a span that does not name the user goes with its conversation, and feedback on an answer in it."""
    two_users(database)
    delete(database, user_id="u-ada")
    left = everything(database)
    for gone in ("ada", "cancel 1", "cancel 2", "cancel 3", "answer-3"):
        assert gone not in left
    assert "c-bob" in left
    assert stored(database)["otel_logs"] == 1


def test_what_is_deleted_does_not_come_back(database: Database) -> None:
    """Reading everything stored anew, and analysing all of it, finds nothing of it."""
    two_users(database)
    delete(database, user_id="u-ada")
    reflatten(database)
    analyze(database, now_ns=3 * 10**18, is_full=True)
    assert "ada" not in everything(database)


def test_deleting_again_finds_nothing(database: Database) -> None:
    """And says so; nothing else is touched."""
    two_users(database)
    delete(database, conversation_id="c-ada-1")
    before = stored(database)
    with pytest.raises(NotFound):
        delete(database, conversation_id="c-ada-1")
    assert stored(database) == before


@pytest.mark.parametrize("named", [{"conversation_id": "c-ada-1"}, {"user_id": "u-ada"}, {"trace_id": f"{2:032x}"}])
def test_a_dry_run_counts_what_would_go_and_deletes_nothing(database: Database, named: dict[str, Any]) -> None:
    """The counts are those of the deletion that follows."""
    two_users(database)
    before = stored(database)
    remove = partial(delete, database, **named)
    dry = remove(is_dry_run=True)
    assert stored(database) == before
    wet = remove()
    assert dry.row_counts == wet.row_counts
    after = stored(database)
    lookup = "otel_traces_trace_id_ts"
    gone = {table: count - after.get(table, 0) for table, count in before.items() if count != after.get(table, 0)}
    assert {**gone, lookup: 0} == {**dict(wet.row_counts), lookup: 0}  # that table may merge its rows at any time


def test_a_trace_goes_and_its_conversation_is_made_of_the_others(database: Database) -> None:
    """What was said in the trace is gone from the conversation after the next run, the rest of it is there."""
    two_users(database)
    deletion = delete(database, trace_id=f"{2:032x}")
    assert deletion.doomed[0].remade_ids == {"c-ada-1"}
    assert "cancel 2" not in everything(database)
    run(database, 20)
    said = [row["content"] for row in database.query("SELECT content FROM messages WHERE conversation_id = 'c-ada-1'")]
    assert "Hello, u-ada here, cancel 1" in said
    assert not any("cancel 2" in text for text in said)
    assert f"{1:032x}" in str(database.query("SELECT trace_ids FROM conversations WHERE conversation_id = 'c-ada-1'"))


def test_a_text_that_others_say_too_is_kept(database: Database) -> None:
    """Message bodies are shared in a scope: one goes with the last trace that says it."""
    system = MessageBody("system", "You are the shop's agent.")
    facts = SpanFacts(
        f"{1:032x}", f"{1:016x}", "test", "llm", START, conversation_id="shared",
        input=(system, MessageBody("user", "one")), user_id="u1",
    )  # fmt: skip
    other = replace(facts, trace_id=f"{2:032x}", input=(system, MessageBody("user", "two")))
    store_records(database, facts, other)
    delete(database, trace_id=facts.trace_id)
    assert {row["content"] for row in database.query("SELECT content FROM message_bodies")} == {system.content, "two"}
    delete(database, trace_id=other.trace_id)
    assert "message_bodies" not in stored(database)


def test_a_tenant_is_never_mistaken_for_a_user_nor_one_tenant_for_another(database: Database) -> None:
    """Equal ids of another tenant stay, and so does a tenant that is called like the user."""
    keep(
        database,
        chat(1, "c", "acme", tenant="acme"),
        chat(2, "d", "someone", tenant="acme"),
        chat(3, "c", "acme", tenant="other"),
        rated("c", tenant="other"),
    )
    run(database, 10)
    delete(database, user_id="acme", tenant="acme")
    left = {(row["tenant"], row["conversation_id"]) for row in database.query("SELECT * FROM conversations")}
    assert left == {("acme", "d"), ("other", "c")}
    assert stored(database)["otel_logs"] == 1
    with pytest.raises(NotFound):
        delete(database, conversation_id="c", tenant="acme")
    delete(database, conversation_id="c")
    assert {row["tenant"] for row in database.query("SELECT * FROM conversations")} == {"acme"}


def test_a_users_conversation_ids_mean_nothing_in_another_tenant(database: Database) -> None:
    """Where a user has conversations in two tenants, somebody else's of the same id is nobody's business."""
    keep(
        database,
        chat(1, "c", "u", tenant="one"),
        chat(2, "d", "u", tenant="two"),
        chat(3, "c", "somebody", tenant="two"),
    )
    delete(database, user_id="u")
    assert {row["user_id"] for row in database.query("SELECT user_id FROM span_facts")} == {"somebody"}


def test_every_kind_of_record_goes(database: Database) -> None:
    """Tool executions, retrievals, exceptions and feedback of a trace, and when it happened."""
    trace, span = f"{7:032x}", f"{7:016x}"
    keep(database, replace(chat(7, "c", "u"), trace_id=trace))
    store_records(
        database,
        ToolExecution(trace, span, "get_order", START),
        Retrieval(trace, span, START, documents=(Document("d", "text"),)),
        SpanException(trace, span, START, "KeyError"),
        Feedback(START, "thumb", trace_id=trace, comment="bad"),
    )
    before = stored(database)
    assert {"tool_executions", "retrievals", "exceptions", "feedback", "otel_traces_trace_id_ts"} <= before.keys()
    delete(database, trace_id=trace)
    assert stored(database) == {}


class Dying:
    """A database that fails for good after some statements."""

    def __init__(self, database: Database, statement_count: int) -> None:
        self.query = database.query
        self._database = database
        self._left = statement_count

    def command(self, name: str, /, **parameters: Any) -> None:
        """Run a statement, or fail."""
        self._left -= 1
        if self._left < 0:
            raise DatabaseUnreachable
        self._database.command(name, **parameters)


def test_a_deletion_that_failed_half_way_is_completed_by_the_next(database: Database) -> None:
    """Whichever statement was the last to run: the rest is still found."""
    for statement_count in (2, 5):
        empty(database)
        two_users(database)
        with pytest.raises(DatabaseUnreachable):
            delete(cast(Database, Dying(database, statement_count)), user_id="u-ada")
        delete(database, user_id="u-ada")
        left = everything(database)
        assert "ada" not in left
        assert "c-bob" in left


def test_many_traces_are_deleted_in_pieces(database: Database) -> None:
    """More ids than a server takes in one parameter."""
    records = [
        SpanFacts(
            f"{n:032x}", f"{n:016x}", "test", "llm", START, conversation_id="big", input=(MessageBody("user", "Hi"),)
        )
        for n in range(1, 4_001)
    ]
    store_records(database, *records)
    deletion = delete(database, conversation_id="big")
    assert deletion.row_counts["span_facts"] == 4_000
    assert stored(database) == {}


# Tables whose rows stay although a column of theirs sounds like somebody's, and why they may.
SPARED = {
    "otel_traces_trace_id_ts": "has a statement of its own: it knows no tenant",
    "message_bodies": "has a statement of its own: several conversations may say the same",
    "issue_edit_log": "a decision on findings, which after their deletion has no more to decide",
}
COVERED = frozenset((*TRACE_COLUMNS, "conversation_id", "user_id", "finding_id"))
SOMEBODYS = re.compile(
    r"(trace|span|conversation|finding|user|session|message|item|member)_?ids?$|^(content|quote|text|body|comment)$",
    re.IGNORECASE,
)


def test_no_table_that_names_a_conversation_is_forgotten(database: Database) -> None:
    """A table made tomorrow must use the names that deletion knows, with a tenant beside them, or be decided on here."""
    for row in database.query("columns_of_tables"):
        columns, table = set(row["columns"]), row["table"]
        if table not in SPARED and any(map(SOMEBODYS.search, columns)):
            assert columns & COVERED, f"{table}: by which column are its rows deleted?"
            assert columns & set(TENANT_COLUMNS), f"{table} has no tenant to delete by"
    assert {row["table"] for row in database.query("columns_of_tables")} >= SPARED.keys()
