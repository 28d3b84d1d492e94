"""Two tenants may use the same ids; what one is shown is never the other's."""

import pytest

from analyzer.run import analyze
from momus.look import FoundConversation, FoundIssue, FoundTrace, list_issues, look_up
from momus.pages.found import show_found
from momus.screen import console
from schemas.database import Database
from schemas.errors import NotFound
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import Feedback, MessageBody, Record, Span, SpanFacts, ToolDefinition
from schemas.rows import span_row

MINUTE = 60 * 10**9
START_NS = 1_790_000_000 * 10**9
TRACE_ID = f"{1:032x}"
REFUSAL = "I'm sorry, I can't cancel your subscription for you."


def call(tenant: str, number: int) -> SpanFacts:
    """A conversation of one trace, with the same ids for every tenant."""
    at = START_NS + number * MINUTE
    wish = f"{tenant} number {number} here: please cancel my subscription today"
    return SpanFacts(
        f"{number:032x}", f"{number:016x}", "test", "llm", at, at + 10**9, tenant=tenant, service_name="shop",
        conversation_id=f"chat-{number}", tools_offered=(ToolDefinition("get_order", "Read an order by its number"),),
        input=(MessageBody("user", wish),), output=(MessageBody("assistant", REFUSAL),),
    )  # fmt: skip


@pytest.fixture
def shared(store: Database, database: Database) -> Database:
    """Analysed conversations chat-1 and chat-2 of acme, of globex and of no tenant."""
    tenants = ("acme", "globex", "")
    records: list[Record] = [call(tenant, number) for tenant in tenants for number in (1, 2)]
    records += [Feedback(START_NS, f"by {tenant}", conversation_id="chat-1", tenant=tenant) for tenant in tenants]
    for table, rows in batch_rows(records, "segment", START_NS).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": START_NS}
        database.insert(table, [row | written for row in rows])
    spans = [Span(TRACE_ID, f"{1:016x}", f"chat of {t}", START_NS, START_NS + 1, tenant=t) for t in tenants]
    database.insert("otel_traces", [span_row(span, "segment", START_NS) for span in spans])
    analyze(database, now_ns=START_NS + 10 * MINUTE)
    return store


@pytest.mark.parametrize("name", ["chat-1", "1", TRACE_ID])
def test_a_name_that_several_tenants_have_is_asked_about(shared: Database, name: str) -> None:
    """Neither the first that comes nor a mixture is shown; the answer says how to choose."""
    with pytest.raises(NotFound, match=r"of acme.* of globex.*--tenant"):
        look_up(shared, name, limit=10)


@pytest.mark.parametrize("tenant", ["acme", "globex", ""])
def test_all_that_is_shown_is_the_tenants_own(shared: Database, tenant: str) -> None:
    """Words, failures, feedback, evidence and spans; no tenant is a tenant too."""
    talk = look_up(shared, "chat-1", limit=10, tenant=tenant)
    assert isinstance(talk, FoundConversation)
    assert [message["content"].split(" number")[0] for message in talk.messages] == [tenant, REFUSAL]
    assert ([row["tenant"] for row in talk.findings], [row["name"] for row in talk.feedback]) == (
        [tenant],
        [f"by {tenant}"],
    )
    found = look_up(shared, "1", limit=10, tenant=tenant)
    assert isinstance(found, FoundIssue)
    assert {row["tenant"] for row in (found.issue, *found.evidence)} == {tenant}
    trace = look_up(shared, TRACE_ID, limit=10, tenant=tenant)
    assert isinstance(trace, FoundTrace)
    assert ([span.name for span in trace.spans], trace.conversation_id) == ([f"chat of {tenant}"], "chat-1")


def test_issues_are_listed_for_one_tenant_or_all(shared: Database) -> None:
    """Each tenant has ranks of its own."""
    choice = {"family": "", "service": "", "all": False, "limit": 25}
    assert [row["tenant"] for row in list_issues(shared, **choice, tenant="acme").issues] == ["acme"]  # type: ignore[arg-type]  # one dict for all calls
    assert len(list_issues(shared, **choice).issues) == 3  # type: ignore[arg-type]  # the same


def test_the_screen_names_the_tenant(shared: Database) -> None:
    """On everything that belongs to one; where keys are not used, nothing is said."""
    for name in ("chat-1", "1", TRACE_ID):
        for tenant, is_named in (("globex", True), ("", False)):
            with console.capture() as captured:
                show_found(look_up(shared, name, limit=1, tenant=tenant))
            assert ("tenant" in captured.get()) == is_named
