"""What momus logs: a line an event, in one of two forms, rarely, and never what somebody sent."""

import io
import logging
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr

from collector_plugin.collector import Collector
from momus.logs import Format, Repeats, set_up
from schemas.database import Database
from schemas.errors import DatabaseError, SpoolFull
from schemas.settings import Settings

log = logging.getLogger("momus.test")
SECRET = "hunter2-and-the-card-number"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Give logging back to pytest afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(format: Format = "json", level: str = "info") -> io.StringIO:
    """Set up logging into a text."""
    stream = io.StringIO()
    set_up(format, level, stream)
    return stream


def test_json_is_an_object_a_line() -> None:
    """With time, level, logger and message, however many lines the message had."""
    stream = logged()
    log.info("two\nlines of %d", 2)
    (line,) = stream.getvalue().splitlines()
    event = orjson.loads(line)
    assert event.pop("time").endswith("Z")
    assert event == {"level": "info", "logger": "momus.test", "message": "two lines of 2"}


def test_text_is_key_value() -> None:
    """Values with blanks or quotes are quoted, so that a line can be taken apart again."""
    stream = logged("text")
    log.warning('said "no"\nand left')
    (line,) = stream.getvalue().splitlines()
    assert line.endswith('level=warning logger=momus.test message="said \\"no\\" and left"')
    assert line.startswith("time=20")


@pytest.mark.parametrize("format", ["text", "json"])
def test_text_that_no_utf8_can_hold_is_logged_all_the_same(format: Format) -> None:
    """Such as the name of a file in another encoding."""
    stream = logged(format)
    log.info("no such file: \udcff")
    assert "no such file: \ufffd" in stream.getvalue()


def test_the_level_is_the_least_that_is_logged() -> None:
    """And the libraries beneath are quieter still."""
    stream = logged(level="warning")
    log.info("no")
    logging.getLogger("uvicorn.access").info("no")
    log.warning("yes")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_exception_is_told_without_its_text(format: Format) -> None:
    """Its type, its cause and where it was raised: a parser's text would quote what it could not parse."""
    stream = logged(format)
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError:
        log.exception("a span could not be read")
    (line,) = stream.getvalue().splitlines()
    assert SECRET not in line
    assert "KeyError < ValueError" in line
    assert "test_logs.py" in line


def test_an_error_of_ours_says_what_to_do() -> None:
    """Its text is our own."""
    stream = logged()
    log.error("refused", exc_info=SpoolFull())
    assert "raise MOMUS_SPOOL_LIMIT_BYTES" in orjson.loads(stream.getvalue())["reason"]


def test_a_warning_that_repeats_is_counted() -> None:
    """Once in five minutes, whatever its values; the next says how often it was left out. Others are not held back."""
    now_s = 0.0
    repeats = Repeats(lambda: now_s)

    def passes(text: str, level: int = logging.WARNING) -> int | None:
        record = logging.LogRecord("momus", level, "", 0, text, (), None)
        return getattr(record, "repeated", 0) if repeats.filter(record) else None

    assert [passes("segment %s failed") for _ in range(3)] == [0, None, None]
    assert passes("another") == 0
    assert [passes("fine", logging.INFO) for _ in range(2)] == [0, 0]
    now_s = 301.0
    assert passes("segment %s failed") == 2
    assert passes("segment %s failed") is None


def test_a_database_error_quotes_nothing_of_a_row(database: Database) -> None:
    """What the engine cannot read of an insert is somebody's; the column's name is ours."""
    with pytest.raises(DatabaseError) as caught:
        database.insert("span_facts", [{"trace_id": "a", "input_tokens": SECRET}])
    assert SECRET not in str(caught.value)
    assert "input_tokens" in str(caught.value)


def test_nothing_that_is_sent_is_logged(database: Database, tmp_path: Path) -> None:
    """Neither values nor keys, whether a request is accepted or refused; and no request costs a line."""
    stream = logged(level="debug")
    settings = Settings(
        spool=tmp_path, grpc_address="127.0.0.1:0", http_address="127.0.0.1:0", keys=SecretStr(f":{SECRET}-key")
    )
    collector = Collector(settings, database)
    collector.start()
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name=SECRET)
    span.attributes.add(key="gen_ai.input.messages").value.string_value = f'[{{"role": {SECRET}'
    span.attributes.add(key=SECRET).value.string_value = SECRET
    good, key = request.SerializeToString(), f"{SECRET}-key"
    before = stream.getvalue().count("\n")
    try:
        for body, header, status in [(good, key, 200), (SECRET.encode(), key, 400), (good, SECRET, 401)]:
            connection = HTTPConnection("127.0.0.1", collector.http_port, timeout=10)
            headers = {"content-type": "application/x-protobuf", "x-api-key": header}
            connection.request("POST", "/v1/traces", body, headers)
            assert connection.getresponse().status == status
            connection.close()
        assert collector.flush()
    finally:
        collector.stop()
    assert SECRET not in stream.getvalue()
    told = stream.getvalue().splitlines()[before:]
    assert not [line for line in told if orjson.loads(line)["level"] != "debug"]
