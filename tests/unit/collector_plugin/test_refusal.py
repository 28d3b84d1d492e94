"""Every error is either "try again" or "do not try again", in both transports' words."""

import logging

import orjson
import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from collector_plugin.receivers.refusal import foreign_host, refuse, unknown_content_type, unknown_method, unknown_path
from schemas.errors import MomusError, Overloaded, SpoolFull, SpoolWriteFailed, TooLarge, Undecodable

REPEATED_BY_EXPORTERS = {429, 502, 503, 504}


@pytest.mark.parametrize(
    ("error", "http_status", "code"),
    [(Undecodable("field x"), 400, code_pb2.INVALID_ARGUMENT), (TooLarge(), 413, code_pb2.RESOURCE_EXHAUSTED)],
)
def test_what_no_repetition_mends_is_final(error: MomusError, http_status: int, code: int) -> None:
    """No RetryInfo either: with it exporters would repeat a request that is too large for ever."""
    refusal = refuse(error)
    assert (refusal.http_status, refusal.code, refusal.retry_after_s) == (http_status, code, None)
    assert not [detail for detail in refusal.status().details if detail.Is(RetryInfo.DESCRIPTOR)]


@pytest.mark.parametrize("error", [SpoolFull(), SpoolWriteFailed(), Overloaded(), RuntimeError("bug"), MemoryError()])
def test_every_fault_of_ours_asks_to_try_again(error: Exception) -> None:
    """Known or not: an exporter drops the batch for good after anything else."""
    refusal = refuse(error)
    assert refusal.http_status in REPEATED_BY_EXPORTERS
    assert refusal.code == code_pb2.UNAVAILABLE
    assert refusal.retry_after_s is not None
    delay = RetryInfo()
    assert refusal.status().details[0].Unpack(delay)
    assert delay.retry_delay.seconds == refusal.retry_after_s > 0


def test_an_unexpected_error_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The sender gets no inside of ours; the log has the trace."""
    with caplog.at_level(logging.ERROR):
        refusal = refuse(RuntimeError("secret"))
    assert "secret" not in refusal.message
    assert "secret" in caplog.text


def test_the_body_is_a_status_in_the_encoding_of_the_request() -> None:
    """With the detail that OTLP asks for."""
    refusal = refuse(Undecodable("field x is wrong"))
    status = Status.FromString(refusal.body("protobuf"))
    detail = BadRequest()
    assert (status.code, status.message) == (code_pb2.INVALID_ARGUMENT, "field x is wrong")
    assert status.details[0].Unpack(detail)
    assert detail.field_violations[0].description == "field x is wrong"
    written = orjson.loads(refusal.body("json"))
    assert (written["code"], written["message"]) == (3, "field x is wrong")
    assert written["details"][0]["fieldViolations"][0]["description"] == "field x is wrong"


def test_a_message_never_outgrows_what_clients_take() -> None:
    """Whatever a body made us say."""
    assert len(refuse(Undecodable("x" * 10_000)).message) <= 1000


def test_http_has_its_own_refusals() -> None:
    """None of which is worth repeating."""
    refusals = [unknown_path(), unknown_method(), unknown_content_type("application/json"), foreign_host()]
    assert [refusal.http_status for refusal in refusals] == [404, 405, 415, 403]
    assert all(refusal.retry_after_s is None for refusal in refusals)
