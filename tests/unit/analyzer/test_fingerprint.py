"""One failure, one group: whatever varies. Two failures, two groups."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from analyzer.technical.failure_classes import classify
from analyzer.technical.fingerprint import fingerprint

TRACEBACK = """Traceback (most recent call last):
  File "/srv/{host}/shop/orders.py", line {line}, in cancel
    send(order)
  File "/usr/lib/python3.11/site-packages/httpx/_client.py", line 9, in send
    raise ReadTimeout(message)
httpx.ReadTimeout: order {order} timed out
"""


@given(st.integers(1, 9999), st.integers(1, 10**9), st.from_regex(r"[a-z]{2,8}", fullmatch=True))
def test_lines_ids_and_hosts_do_not_split_a_group(line: int, order: int, host: str) -> None:
    """The same raise from another line, host and order is the same failure."""
    one = fingerprint("", stacktrace=TRACEBACK.format(line=line, order=order, host=host))
    other = fingerprint("", stacktrace=TRACEBACK.format(line=1, order=2, host="web"))
    assert one.id == other.id


@given(st.uuids(), st.datetimes(), st.integers(1, 10**6))
def test_ids_and_times_in_messages_do_not_split_a_group(key: uuid.UUID, time: object, number: int) -> None:
    """A message without a stack is grouped by its template."""
    said = fingerprint(f"payment {key} of {number} refused at {time}", operation="pay")
    assert (
        said.id == fingerprint(f"payment {uuid.UUID(int=7)} of 12 refused at 2026-01-01 00:00:00", operation="pay").id
    )


def test_http_statuses_keep_groups_apart() -> None:
    """404, 429 and 500 of one call are three failures, with a stack or without."""
    plain = {fingerprint(f"HTTP {status} from upstream", operation="search").id for status in (404, 429, 500)}
    stack = TRACEBACK.format(line=1, order=2, host="web")
    stacked = {fingerprint("x", stacktrace=stack, status=status).id for status in (404, 429, 500)}
    assert len(plain) == len(stacked) == 3


def test_tools_keep_groups_apart() -> None:
    """The same words from two tools are two failures."""
    assert fingerprint("timed out", operation="search").id != fingerprint("timed out", operation="pay").id


def test_functions_keep_groups_apart() -> None:
    """The same exception out of two functions is two failures."""
    raised = TRACEBACK.format(line=1, order=2, host="web")
    other = raised.replace("in cancel", "in refund")
    assert fingerprint("", stacktrace=raised).id != fingerprint("", stacktrace=other).id


def test_a_nameless_stack_is_grouped_by_its_message() -> None:
    """Generated code that runs at the top level of a file tells nothing by its frames."""
    text = "Traceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nNameError: name '{}' is not defined"
    assert fingerprint(text.format("alpha")).id != fingerprint(text.format("beta")).id


def test_the_members_of_an_exception_group_count_once_and_in_any_order() -> None:
    """Three equal failures in a group are the one failure; two different ones are told in sorted order."""
    member = '  | Traceback (most recent call last):\n  |   File "a.py", line 1, in {0}\n  |     x()\n  | {1}: no'
    head = '  + Exception Group Traceback (most recent call last):\n  |   File "m.py", line 1, in main\n  | ExceptionGroup: many\n'

    def group(*members: tuple[str, str]) -> str:
        return fingerprint("", stacktrace=head + "\n".join(member.format(*each) for each in members)).id

    assert group(("f", "KeyError"), ("g", "OSError")) == group(("g", "OSError"), ("f", "KeyError"))
    assert group(("f", "KeyError")) == group(("f", "KeyError"), ("f", "KeyError"), ("f", "KeyError"))
    assert group(("f", "KeyError")) != group(("g", "OSError"))


def test_the_title_is_what_a_person_reads() -> None:
    """Operation and well-known name, else the message with its gaps; never placeholders."""
    assert fingerprint("Request timed out after 30 s", operation="search").title == "search: timed out"
    assert fingerprint("Error: seat 12A is taken", operation="book").title == "book: seat … is taken"


def test_components_explain_the_group() -> None:
    """What was hashed is there to read."""
    found = fingerprint("rate limit reached for 7 calls", operation="chat", status=429)
    assert found.components == (
        "operation=chat", "status=429", "class=rate_limit", "message=rate limit reached for <n> calls",
    )  # fmt: skip
    assert found.id.startswith("v1:")
    assert len(found.id) == 19


def test_well_known_failures_have_a_code() -> None:
    """The first class that fits names the code; unknown words name none."""
    codes = {
        "429 Too Many Requests": "rate_limit",
        "ETIMEDOUT": "timeout",
        "401 Unauthorized": "auth",
        "connection refused": "infrastructure",
        "got an unexpected keyword argument 'x'": "schema",
        "NameError: name 'x'": "exception",
    }
    assert {text: known.code for text in codes if (known := classify(text))} == codes
    assert classify("the moon is full") is None


def test_the_stack_of_a_tool_runner_does_not_merge_what_tools_say() -> None:
    """Where the type says only that a tool failed, the words of the tool decide, with a stack or without one."""
    stack = 'Traceback (most recent call last):\n  File "/srv/runner.py", line 5, in call\n    tool()\nToolError: x'
    full = fingerprint("seat is taken", operation="book", error_type="ToolError", stacktrace=stack)
    sold = fingerprint("flight is sold out", operation="book", error_type="ToolError", stacktrace=stack)
    assert full.id != sold.id
    assert full.id == fingerprint("seat is taken", operation="book").id


def test_a_price_is_no_status() -> None:
    """A number that happens to be a status code names no class of failure."""
    assert fingerprint("price of 404 differs", operation="pay").failure_class == ""
