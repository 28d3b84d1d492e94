"""Feedback is read strictly, answered with a sentence, and stored once."""

import gzip
import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector_plugin.collector import Collector
from collector_plugin.dialects import read_log
from collector_plugin.flatten import flatten_logs
from collector_plugin.otlp.requests import as_logs
from collector_plugin.receivers.feedback import read_feedback
from momus.reflatten import reflatten
from schemas import settings
from schemas.database import Database
from schemas.errors import Undecodable
from schemas.records import Feedback, Record

RECEIVED_NS = 1_790_000_000 * 10**9
TRACE_ID, SPAN_ID = "AB" * 16, "cd" * 8
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def read(**fields: Any) -> list[Record]:
    """Return what the dialects read of feedback once it went through the spool."""
    stored = read_feedback(orjson.dumps(fields), RECEIVED_NS).SerializeToString()
    return [record for log in flatten_logs(as_logs(stored), "shop") for record in read_log(log)]


def test_all_that_is_said_is_kept() -> None:
    """Ids in lower case, the time given, and the tenant of the request."""
    found = read(
        name="thumb", conversation_id="c-1", trace_id=TRACE_ID, span_id=SPAN_ID, response_id="r-1", user_id="u-1",
        score=0.25, label="down", comment="never found my order", time_ns=RECEIVED_NS - 5,
    )  # fmt: skip
    assert found == [
        Feedback(
            RECEIVED_NS - 5, "thumb", tenant="shop", conversation_id="c-1", trace_id=TRACE_ID.lower(), span_id=SPAN_ID,
            response_id="r-1", user_id="u-1", score=0.25, label="down", comment="never found my order",
        )
    ]  # fmt: skip


@given(text, text.filter(bool), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_number_come_back_as_they_went(comment: str, conversation_id: str, score: float) -> None:
    """To the last bit."""
    (found,) = read(name="n", conversation_id=conversation_id, comment=comment, score=score)
    assert isinstance(found, Feedback)
    assert (found.conversation_id, found.comment, found.score) == (conversation_id, comment, score)
    assert found.time_ns == RECEIVED_NS


@pytest.mark.parametrize("target", [{"conversation_id": "c"}, {"trace_id": TRACE_ID}, {"response_id": "r"}])
@pytest.mark.parametrize("said", [{"score": 0}, {"label": "bad"}, {"comment": "no"}])
def test_one_target_and_one_thing_said_are_enough(target: dict[str, Any], said: dict[str, Any]) -> None:
    """A score of nought is something said."""
    assert len(read(name="thumb", **target, **said)) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"conversation_id": 7}, "conversation_id"),
        ({"conversation_id": "c" * 513}, "conversation_id"),
        ({"trace_id": "abc"}, "trace_id"),
        ({"trace_id": "z" * 32}, "trace_id"),
        ({"span_id": SPAN_ID}, "trace_id"),
        ({"score": None}, "score, label and comment"),
        ({"score": "5"}, "score"),
        ({"score": True}, "score"),
        ({"coment": "misspelt"}, "coment"),
        ({"time_ns": 1}, "time_ns"),
        ({"time_ns": 2**70}, "time_ns"),
        ({"time_ns": "now"}, "time_ns"),
        ({"tenant": "bank"}, "tenant"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], told: str) -> None:
    """In a sentence, without the value: it may be somebody's words."""
    fields = {"name": "thumb", "conversation_id": "c-secret", "score": 1, **change}
    with pytest.raises(Undecodable, match=told) as refused:
        read_feedback(
            json.dumps({key: value for key, value in fields.items() if value is not None}).encode(), RECEIVED_NS
        )
    assert "secret" not in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.binary(max_size=60))
def test_no_body_is_a_fault_of_ours(body: bytes) -> None:
    """Whatever it is, it is refused for good."""
    with pytest.raises(Undecodable):
        read_feedback(body, RECEIVED_NS)


@pytest.mark.parametrize("score", [b"1e999", b"NaN", b"Infinity"])
def test_a_score_is_a_finite_number(score: bytes) -> None:
    """Others would spoil every average."""
    with pytest.raises(Undecodable, match="score"):
        read_feedback(b'{"name": "n", "conversation_id": "c", "score": %s}' % score, RECEIVED_NS)


@pytest.fixture
def collector(database: Database, tmp_path: Path) -> Iterator[Collector]:
    addresses = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0"}
    collector = Collector(settings.load(spool=tmp_path, segment_age_s=0.05, **addresses), database)
    collector.start()
    yield collector
    collector.stop()


def post(collector: Collector, body: bytes, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
    sent = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/v1/feedback", body, sent)
    response = connection.getresponse()
    answer = response.status, orjson.loads(response.read())
    connection.close()
    return answer


def test_feedback_is_stored_once_and_outlives_a_rebuild(collector: Collector, database: Database) -> None:
    """Sent thrice, once compressed, it is one row; what differs in time is another; reading dialects anew keeps both."""
    said = {"name": "thumb", "conversation_id": "c-1", "score": 0}
    body = orjson.dumps(said)
    later = orjson.dumps({**said, "time_ns": time.time_ns()})
    for sent, headers in [(body, {}), (body, {}), (gzip.compress(body), {"content_encoding": "gzip"}), (later, {})]:
        assert post(collector, sent, **headers) == (200, {})
    assert collector.flush()
    stored = "SELECT name, conversation_id, score, time_ns FROM feedback ORDER BY time_ns"
    rows = database.query(stored)
    assert [(row["name"], row["conversation_id"], row["score"]) for row in rows] == [("thumb", "c-1", 0.0)] * 2
    status = collector.status()
    assert (status["feedback"], status["requests_resent"]) == (2, 2)
    reflatten(database)
    assert database.query(stored) == rows


@pytest.mark.parametrize(
    ("body", "headers", "status", "told"),
    [
        (b'{"name": "thumb"}', {}, 400, "conversation_id, trace_id and response_id"),
        (b"{", {}, 400, "JSON"),
        (b"{}", {"content_encoding": "gzip"}, 400, ""),
        (b"{}", {"content_type": "text/plain"}, 415, "application/json"),
        (b"{}", {"content_type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        (b"{}", {"host": "evil.example"}, 403, "loopback"),
    ],
)
def test_a_refusal_says_why_in_json(
    collector: Collector, body: bytes, headers: dict[str, str], status: int, told: str
) -> None:
    """As a google.rpc.Status, like every other refusal."""
    answered, content = post(collector, body, **headers)
    assert answered == status
    assert told in content["message"]
    assert content["code"]
