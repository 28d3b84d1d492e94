"""A whole run over conversations in six languages, read with answers that a person wrote from the questions alone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from analyzer.asking.rehearsal import emptiest
from analyzer.with_model.replies import Claim, read_form
from momus.analysis import run_analysis
from schemas import settings as settings_module
from schemas.database import Database, Row
from schemas.record_rows import CONTENT_TABLES, batch_rows
from schemas.records import MessageBody, Record, SpanFacts, ToolDefinition, ToolRequest

MINUTE = 60 * 10**9
START = 1_790_000_000 * 10**9
RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))
Json = dict[str, Any]  # Any: bodies of requests and answers
Fake = Any  # the endpoint of conftest.py


def facts(number: int, name: str, talk: Json) -> SpanFacts:
    """The model call that ends a conversation; its input is all that was said before."""
    at, (tool, arguments, result) = START + number * MINUTE, talk["call"]
    asked = MessageBody("assistant", "", (ToolRequest("call_1", tool, arguments),))
    return SpanFacts(
        f"{number + 1:032x}", f"{number + 1:016x}", "test", "llm", at, at + 10**9, service_name="rental",
        conversation_id=name, user_id=f"user-{name}",
        tools_offered=tuple(ToolDefinition(tool, tool.replace("_", " ")) for tool in RECORDED["tools"]),
        input=(
            MessageBody("system", RECORDED["system"]), MessageBody("user", talk["asked"]), asked,
            MessageBody("tool", result, tool_call_id="call_1"),
        ),
        output=(MessageBody("assistant", talk["answered"]),),
    )  # fmt: skip


def claim_of(claim: Json, shown: str) -> Json:
    """A recorded claim in full, its place looked up in what the model is shown."""
    line = next(line for line in shown.splitlines() if claim["quote"] in line)
    is_gap = claim["code"] == "tool_absent"
    return emptiest(Claim).model_dump() | {
        "marker": re.findall(r"m\d+", line)[0], "quote": claim["quote"], "code": claim["code"],
        "statement": {
            "tool_absent": "The user wanted to extend a booking and no offered tool changes bookings",
            "correct_refusal": "A refund for a change of mind was refused by the stated rule",
            "ignored_result": "The agent told a price of 25 although the record says 18",
        }[claim["code"]],
        "requested_object": "a booking" if is_gap else "", "requested_operation": "extend" if is_gap else "",
        "tool_would_serve": True if is_gap else None, "data_would_serve": False if is_gap else None,
        "is_root": True, "is_recovered": False, "confidence": "high", "tool_name": "extend_booking" if is_gap else "",
        "tool_arguments": [{"name": "until", "type": "string", "example": claim["until"]}] if is_gap else [],
    }  # fmt: skip


def answer(body: Json) -> Json:
    """The recorded answer to a question; the sceptic bears all claims out, and nobody names groups."""
    form, shown = body["response_format"]["json_schema"]["name"], body["messages"][1]["content"]
    if form == "VerifyReply":
        claims = re.findall(r"^CLAIM (\d+)", shown, re.MULTILINE)
        return {"verdicts": [{"number": int(number), "verdict": "supported"} for number in claims]}
    if form != "ReadReply":
        return {"names": []}
    (talk,) = (talk for talk in RECORDED["talks"].values() if talk["answered"] in shown)
    claims = [claim_of(talk["claim"], shown)] if "claim" in talk else []
    reading: Json = emptiest(read_form(())).model_dump() | {"user_signal": "none"} | talk["reading"]
    return reading | {"findings": claims}


@pytest.fixture
def read(database: Database, fake: Fake) -> Database:
    """The database after a run over the recorded conversations."""
    records: list[Record] = [facts(at, *talk) for at, talk in enumerate(RECORDED["talks"].items())]
    for table, rows in batch_rows(records, "segment", START).items():
        written = {} if table in CONTENT_TABLES else {"written_ns": START}
        database.insert(table, [row | written for row in rows])
    fake.say = answer
    chosen = settings_module.load(model_url=fake.url, model_name="recorded", model_retries=0)
    report = run_analysis(database, chosen, now_ns=START + 60 * MINUTE, progress=lambda stage, done, total: None)
    assert (report.read_count, report.claims.unquoted) == (len(RECORDED["talks"]), 0)
    return database


def test_one_wish_in_four_languages_is_one_issue_and_what_a_rule_decided_none(read: Database) -> None:
    """The gap is ranked first with every quote in its own language and the tool it calls for; a refund refused by the
    rule, which detectors took for a missing tool, is no defect."""
    gap = _issues(read, "missing_capability")
    assert len(gap) == 1
    assert (gap[0]["rank"], gap[0]["conversation_count"]) == (1, 4)
    quotes = read.query("SELECT quote, span_id FROM issue_traces WHERE issue_id = {id:String}", id=gap[0]["issue_id"])
    assert {row["quote"] for row in quotes} == {
        talk["claim"]["quote"] for name, talk in RECORDED["talks"].items() if name.startswith("extend")
    }
    drafts = read.query("issue_tool_drafts", tenant="", issue_id=gap[0]["issue_id"])
    assert [json.loads(draft["tool_draft"])["name"] for draft in drafts] == ["extend_booking"] * 4
    families = read.query(
        "SELECT conversation_id, family, code FROM findings WHERE NOT startsWith(conversation_id, 'extend')"
    )
    assert sorted(map(tuple, (row.values() for row in families))) == [
        ("price-ar", "agent_mistake", "ignored_result"),
        ("refund-en", "user_or_policy", "correct_refusal"),
    ]


def _issues(database: Database, family: str) -> list[Row]:
    return database.query("SELECT * FROM issues WHERE family = {family:String}", family=family)
