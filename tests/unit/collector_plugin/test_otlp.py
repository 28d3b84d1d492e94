"""What is decoded, and what senders are told."""

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from collector_plugin.otlp.requests import (
    MESSAGE_LIMIT_CHARS,
    Encoding,
    Signal,
    answer,
    as_logs,
    as_traces,
    decode,
    encode_answer,
)
from schemas.errors import Undecodable

SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")


@pytest.mark.parametrize("signal", SIGNALS)
def test_success_says_nothing(signal: Signal) -> None:
    """OTLP wants partial_success unset where all was accepted."""
    assert encode_answer(signal, answer(signal, 0, []), "protobuf") == b""
    assert encode_answer(signal, answer(signal, 0, []), "json") == b"{}"


@pytest.mark.parametrize(
    ("signal", "key"),
    [("traces", "rejectedSpans"), ("logs", "rejectedLogRecords"), ("metrics", "rejectedDataPoints")],
)
def test_each_signal_counts_its_rejected_items_by_its_own_name(signal: Signal, key: str) -> None:
    """In JSON as a decimal string."""
    written = orjson.loads(encode_answer(signal, answer(signal, 3, ["because."]), "json"))
    assert written == {"partialSuccess": {key: "3", "errorMessage": "because."}}


def test_a_warning_rejects_nothing() -> None:
    """A message without rejected items is OTLP's way to say that something was kept in another form."""
    written = orjson.loads(encode_answer("traces", answer("traces", 0, ["one.", "two."]), "json"))
    assert written == {"partialSuccess": {"rejectedSpans": "0", "errorMessage": "one. two."}}


def test_the_message_is_shortened_rather_than_the_answer_too_large() -> None:
    """Whatever number of reasons there is."""
    assert len(answer("traces", 1, ["x" * 400] * 400).partial_success.error_message) == MESSAGE_LIMIT_CHARS


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_an_empty_body_is_an_empty_request(signal: Signal, encoding: Encoding) -> None:
    """For every signal, in both encodings."""
    decoded = decode(signal, b"", encoding)
    assert decoded.request.SerializeToString() == b""
    assert (decoded.cut_count, decoded.notes) == (0, ())


def test_a_good_protobuf_body_is_kept_as_it_came() -> None:
    """With fields that this version does not know."""
    body = (
        ExportTraceServiceRequest(resource_spans=[ResourceSpans(schema_url="x")]).SerializeToString() + b"\xf8\x7f\x01"
    )
    assert decode("traces", body, "protobuf").body == body


@pytest.mark.parametrize("read", [as_traces, as_logs])
def test_bytes_that_admission_did_not_write_are_refused(read: type) -> None:
    """The spool has a CRC, so this is a fault of ours; it must not stop the writer."""
    with pytest.raises(Undecodable):
        read(b"\xff\xff")
