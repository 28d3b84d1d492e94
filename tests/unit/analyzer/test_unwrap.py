"""Which results of tools say that the call failed, and which do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.assembly.tool_calls import looks_failed
from analyzer.technical.unwrap import read_failure


@pytest.mark.parametrize(
    ("result", "message", "status"),
    [
        ("Error: no seats left", "Error: no seats left", 0),
        ('{"error": "card declined"}', "card declined", 0),
        ('{"errors": [{"message": "field x is unknown"}]}', "field x is unknown", 0),
        ('{"success": false, "reason": "closed"}', "closed", 0),
        ('{"status": 503, "title": "Service Unavailable"}', "Service Unavailable", 503),
        ('{"statusCode": "404", "message": "gone"}', "gone", 404),
        ('{"content": [{"type": "text", "text": "boom"}], "isError": true}', "boom", 0),
        ("{'error': 'a python dict'}", "a python dict", 0),
        ('{"error": "", "response": "{\\"message\\": \\"size must be an integer\\"}"}', "size must be an integer", 0),
        ('{"error": {"code": 7}}', '{"error": {"code": 7}}', 0),
        (
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "<html><head><title>502 Bad Gateway</title></head></html>",
            0,
        ),
        ('{"detail": "Not authenticated"}', "Not authenticated", 0),
        ("ConnectionError: reset by peer", "ConnectionError: reset by peer", 0),
    ],
)
def test_a_failure_is_read(result: str, message: str, status: int) -> None:
    """The message and status come out of whatever wraps them, and the quote is verbatim."""
    failure = read_failure(result)
    assert failure is not None
    assert (failure.message, failure.http_status) == (message, status)
    assert failure.quote
    assert failure.quote in result


@pytest.mark.parametrize(
    "result",
    [
        "", "[]", "{}", '{"error": null, "items": [1]}', '{"error": "", "value": 3}', '{"status": 200}', '{"status": "ok"}',
        "exitcode: 0 (execution succeeded)\nCode output: 12", '{"error_rate": 0.4}', "Errors are rare in our factory.",
        '{"error": " ", "response": "[{\\"id\\": \\"A\\"}]"}', '{"error": "None", "data": 1}', '{"error": false, "data": 1}',
        '{"error": 0, "data": 1}', '{"error": {"message": "", "code": 0}, "data": 1}', '{"errors": [""], "data": 1}',
        "<html><head><title>Errata of our catalogue</title></head></html>",
        '{"message": "Your order was placed"}', '{"errors": []}', '{"success": true}', "42",
    ],
)  # fmt: skip
def test_success_is_no_failure(result: str) -> None:
    """Empty error fields, good statuses and prose about errors are left alone."""
    assert read_failure(result) is None
    assert not looks_failed(result)


@given(st.text(max_size=400))
def test_a_quote_is_always_verbatim(text: str) -> None:
    """Whatever a tool answers: if it is a failure, its quote can be found in it."""
    failure = read_failure(text)
    assert failure is None or failure.quote in text


def test_endless_nesting_ends() -> None:
    """JSON in JSON in JSON is followed eight levels deep, not for ever."""
    assert read_failure('{"result":' * 500 + "1" + "}" * 500) is None


def test_the_quote_of_a_trace_is_the_line_that_names_the_error() -> None:
    """What a program prints after it, or raised before it, is not."""
    trace = """exitcode: 1
Traceback (most recent call last):
  File "/app/table.py", line 3, in get_loc
    return self.at[key]
KeyError: 'Platform'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/main.py", line 13, in <module>
    rows = table.get_loc('Platform')
app.errors.NoColumn: 'Platform'
Index(['Title', 'Format'],
      dtype='object')
"""
    failure = read_failure(trace)
    assert failure is not None
    assert failure.quote == "app.errors.NoColumn: 'Platform'"
