"""What people decide about issues holds from run to run."""

import time

import pytest

from analyzer.run import analyze
from momus.groups import list_history
from momus.look import FoundIssue, list_issues, look_up
from momus.screen import console
from momus.server import is_due
from momus.show_groups import show_history
from momus.triage import Decision, decide, decisions, find_issue, merge, pin, rename, split, undo
from schemas.database import Database, Row
from schemas.errors import BadDecision, NotFound
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import MessageBody, Record, SpanFacts, ToolDefinition

MINUTE = 60 * 10**9
START_NS = 1_790_000_000 * 10**9
WISHES = {
    "cancel my subscription": "I'm sorry, I can't cancel your subscription for you.",
    "change my delivery address": "I'm sorry, I can't change your delivery address.",
}


def call(number: int, wish: str, answer: str) -> SpanFacts:
    at = START_NS + number * MINUTE
    return SpanFacts(
        f"{number:032x}", f"{number:016x}", "test", "llm", at, at + 10**9, service_name="shop",
        conversation_id=f"chat-{number}", user_id=f"user-{number}",
        tools_offered=(ToolDefinition("get_order", "Read an order by its number"),),
        input=(MessageBody("user", f"please {wish} today"),), output=(MessageBody("assistant", answer),),
    )  # fmt: skip


@pytest.fixture
def shop(database: Database) -> Database:
    """Six conversations analysed: 1 to 3 want to cancel, 4 to 6 to change an address."""
    records: list[Record] = [
        call(3 * kind + n, *wish) for kind, wish in enumerate(WISHES.items()) for n in (1, 2, 3)
    ]  # fmt: skip
    for table, rows in batch_rows(records, "segment", START_NS).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": START_NS}
        database.insert(table, [row | written for row in rows])
    again(database, 1)
    return database


def again(database: Database, number: int) -> dict[str, Row]:
    """Analyse once more, and return the open issues by id."""
    analyze(database, now_ns=START_NS + (10 + number) * MINUTE)
    found = list_issues(database, family="", service="", all=False, limit=100)
    return {issue["issue_id"]: issue for issue in found.issues}


def later(number: int) -> int:
    return START_NS + (10 + number) * MINUTE + 1


def issue_of(database: Database, word: str) -> Row:
    (issue,) = (row for row in again(database, 0).values() if word in row["title"])
    return issue


def test_a_merged_issue_counts_under_the_other_and_leads_there(shop: Database) -> None:
    """Both wishes are one issue in this run and the next; the id that was merged still finds it; undone, they are two."""
    cancel, address = issue_of(shop, "cancel"), issue_of(shop, "address")
    decided = merge(shop, cancel, address, now_ns=later(1))
    for number in (2, 3):
        issues = again(shop, number)
        assert {id: issue["conversation_count"] for id, issue in issues.items()} == {address["issue_id"]: 6}
    found = look_up(shop, cancel["issue_id"], limit=10)
    assert isinstance(found, FoundIssue)
    assert found.issue["issue_id"] == address["issue_id"]
    undo(shop, decided.edit_id, tenant=None, now_ns=later(3))
    assert again(shop, 4).keys() == {cancel["issue_id"], address["issue_id"]}


def test_a_split_issue_stays_split(shop: Database) -> None:
    """The conversations named have an issue of their own, which the next run keeps."""
    cancel = issue_of(shop, "cancel")
    split(shop, cancel, ["chat-1", "chat-2"], "Cancel, on a Monday", now_ns=later(1))
    first, second = again(shop, 2), again(shop, 3)
    titles = {issue["title"]: issue["conversation_count"] for issue in second.values()}
    assert titles["Cancel, on a Monday"] == 2
    assert first.keys() == second.keys()


def test_a_given_title_stays(shop: Database) -> None:
    """No later run changes it, and listed it says who gave it."""
    cancel = issue_of(shop, "cancel")
    rename(shop, cancel, "  Cannot \n cancel ", now_ns=later(1))
    assert again(shop, 2)[cancel["issue_id"]]["title"] == "Cannot cancel"
    assert again(shop, 3)[cancel["issue_id"]]["title"] == "Cannot cancel"
    assert [(row["decision"], row["title"]) for row in decisions(shop, tenant=None)] == [("rename", "Cannot cancel")]


def test_a_resolved_issue_leaves_the_inbox_and_comes_back_when_reopened(shop: Database) -> None:
    """Nothing new was seen since: resolved; reopened it is listed again."""
    cancel = issue_of(shop, "cancel")
    decide(shop, cancel, "resolved", note="there is a tool now", now_ns=later(1))
    assert cancel["issue_id"] not in again(shop, 2)
    decide(shop, cancel, "open", note="", now_ns=later(2))
    assert cancel["issue_id"] in again(shop, 3)


def inbox(database: Database, *, all: bool = False) -> dict[str, tuple[str, str]]:
    """Title and status of the issues listed, by id, without another run."""
    found = list_issues(database, family="", service="", all=all, limit=100)
    return {issue["issue_id"]: (issue["title"], issue["status"]) for issue in found.issues}


def test_a_decision_is_seen_at_once_and_the_next_run_says_the_same(shop: Database) -> None:
    """What is resolved, ignored or renamed reads so without another run; `--all` lists what has left the inbox."""
    cancel, address = issue_of(shop, "cancel"), issue_of(shop, "address")
    decide(shop, cancel, "ignored", note="", now_ns=later(1))
    rename(shop, address, "Cannot move a parcel", now_ns=later(1))
    for number in (2, 3):
        assert inbox(shop) == {address["issue_id"]: ("Cannot move a parcel", "new")}
        assert inbox(shop, all=True)[cancel["issue_id"]][1] == "ignored"
        again(shop, number)


@pytest.mark.parametrize("decision", ["resolved", "ignored", "open"])
@pytest.mark.parametrize("decided_minute", [-60, 60], ids=["seen since", "not seen since"])
def test_the_view_and_the_next_run_agree_on_a_status(shop: Database, decision: Decision, decided_minute: int) -> None:
    """Before a week is over and after it, whether the issue was seen since the decision or not."""
    cancel = issue_of(shop, "cancel")["issue_id"]
    for days in (0, 8):
        analyze(shop, now_ns=later(1) + days * 24 * 60 * MINUTE)
        decide(shop, issue_of_id(shop, cancel), decision, note="", now_ns=START_NS + decided_minute * MINUTE)
        at_once = inbox(shop, all=True)[cancel]
        analyze(shop, now_ns=later(1) + days * 24 * 60 * MINUTE + 1)
        (row,) = shop.query("SELECT status FROM issue_log FINAL WHERE issue_id = {id:String}", id=cancel)
        assert at_once[1] == row["status"]


def issue_of_id(database: Database, id: str) -> Row:
    return find_issue(database, id, None)


def test_decisions_are_part_of_the_history(shop: Database) -> None:
    """With who decided and why, between what became of the groups; merges name both issues."""
    cancel, address = issue_of(shop, "cancel"), issue_of(shop, "address")
    decide(shop, cancel, "resolved", note="there is a tool now", now_ns=time.time_ns())
    merge(shop, cancel, address, now_ns=time.time_ns())
    told = list_history(shop, cancel["issue_id"], tenant=None, limit=10)
    assert [row["event"] for row in told] == ["merge", "resolve", "born"]
    assert (told[0]["related_ids"], told[1]["note"]) == ([address["issue_id"]], "there is a tool now")
    with console.capture() as captured:
        show_history(told)
    assert "there is a tool now" in captured.get()
    assert "0 → 3" in captured.get()


def test_a_pinned_issue_is_written_down(shop: Database) -> None:
    """A pin is a decision like others, and can be taken back."""
    edit_id = pin(shop, issue_of(shop, "cancel"), now_ns=later(1)).edit_id
    assert [row["decision"] for row in decisions(shop, tenant=None)] == ["pin"]
    undo(shop, edit_id, tenant=None, now_ns=later(2))
    assert decisions(shop, tenant=None) == []


def test_decisions_that_cannot_be_carried_out_say_why(shop: Database) -> None:
    """Each in one sentence that says what to do."""
    cancel = issue_of(shop, "cancel")
    with pytest.raises(BadDecision, match="itself"):
        merge(shop, cancel, cancel, now_ns=later(1))
    with pytest.raises(BadDecision, match="different services"):
        merge(shop, cancel, cancel | {"issue_id": "other", "service_name": "elsewhere"}, now_ns=later(1))
    with pytest.raises(BadDecision, match="All conversations"):
        split(shop, cancel, ["chat-1", "chat-2", "chat-3"], "", now_ns=later(1))
    with pytest.raises(NotFound, match="chat-9"):
        split(shop, cancel, ["chat-9"], "", now_ns=later(1))
    with pytest.raises(BadDecision, match="empty"):
        rename(shop, cancel, "   ", now_ns=later(1))
    with pytest.raises(NotFound, match="nothing-like-it"):
        find_issue(shop, "nothing-like-it", None)
    with pytest.raises(NotFound, match="deadbeef"):
        undo(shop, "deadbeef", tenant=None, now_ns=later(1))


def test_a_decision_during_a_run_has_another_one_follow(shop: Database) -> None:
    """Even if the run ends after it, as it may have read the decisions before."""
    again(shop, 1)
    assert not is_due(shop.query("last_activity")[0], idle_ns=0)
    pin(shop, issue_of(shop, "address"), now_ns=later(1) + 1)
    assert is_due(shop.query("last_activity")[0], idle_ns=0)
