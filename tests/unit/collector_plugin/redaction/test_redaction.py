"""What the rules name is nowhere in a request that they were applied to; what they do not name is all there."""

import time
from collections import Counter
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector_plugin.redaction.builtin import BUILTIN
from collector_plugin.redaction.request import REDACTED, redact
from collector_plugin.redaction.rules import Rules, read_rules
from collector_plugin.redaction.text import Redaction

ALL = f"builtin = {[pattern.name for pattern in BUILTIN]}\nkeys = ['*password*', 'x-secret?']\n"
MAIL = "ada.lovelace@example.org"


def rules(tmp_path: Path, text: str = ALL) -> Rules:
    """The rules of a file with this text."""
    path = tmp_path / "redaction.toml"
    path.write_text(text, "utf-8")
    return read_rules(path)


@pytest.fixture(scope="module")
def all_rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Every built-in pattern, and keys."""
    return rules(tmp_path_factory.mktemp("rules"))


def redacted(all_rules: Rules, text: str, key: str = "text") -> str:
    """The text of an attribute after redaction."""
    return Redaction(all_rules).named(key, text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("to Ada.Lövelace+x@mail.exämple.co.uk, now", "to [redacted:email], now"),
        ("4111 1111 1111 1111", "[redacted:card]"),
        ("paid 2024 with 4111-1111-1111-1111 22", "paid 2024 with [redacted:card] 22"),
        ("378282246310005", "[redacted:card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 PAID", "IBAN [redacted:iban] PAID"),
        ("be68539007547034", "[redacted:iban]"),
        ("+49 (30) 1234-5678, (415) 555-2671", "[redacted:phone], [redacted:phone]"),
        ("from 10.0.0.1:80", "from [redacted:ipv4]:80"),
        ("[2001:db8::8a2e:370:7334] fe80::1", "[[redacted:ipv6]] [redacted:ipv6]"),
        ("Authorization: Bearer abcdef0123456789abcdef==", "Authorization: [redacted:bearer]"),
        ("key sk-proj-abcdefghijklmnopqrstu.", "key [redacted:api_key]."),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "[redacted:jwt]"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nz", "a\n[redacted:private_key]\nz"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "[redacted:private_key]"),
    ],
)
def test_each_builtin_pattern_finds_what_it_is_for(all_rules: Rules, text: str, left: str) -> None:
    """And leaves what stands around it."""
    assert redacted(all_rules, text) == left


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 of 1732406400000000000 ns",  # no card: Luhn's digit is wrong; no network begins with 1
        "GB82 WEST 1234 5698 7654 33",
        "std::abs at 12:30:15 in ::",
        "version 1.2.3 and 300.1.1.1",
        "call_0123456789 trace 0af7651916cd43dd8448eb211c80319c",
        "see you @ noon, a@b",
        "sk-short and the bearer of news",
        "room 415-555",
    ],
)
def test_what_only_looks_alike_stays(all_rules: Rules, text: str) -> None:
    """Numbers, times, versions and words that are nobody's data."""
    assert redacted(all_rules, text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"a": [{"to": "ada@x.org"}], "n": 4111111111111111}', {"a": [{"to": "[redacted:email]"}], "n": "[redacted:card]"}),
        (r'{"escaped": "ada\u0040x.org"}', {"escaped": "[redacted:email]"}),
        (r'{"inner": "{\"db_password\": \"hunter2\"}"}', {"inner": '{"db_password":"[redacted]"}'}),
        ('{"PASSWORD": {"old": 1, "new": [2]}}', {"PASSWORD": "[redacted]"}),
        ('{"ada@x.org": 1, "bob@x.org": 2}', {"[redacted:email]": 1, "[redacted:email]#2": 2}),
        ('"ada@x.org"', "[redacted:email]"),
        ("{'password': 'hunter2', 'n': 1}", {"password": "[redacted]", "n": 1}),
        ('[{"n": 1, "password": "hunt', [{"n": 1, "password": "[redacted]"}]),
    ],
)  # fmt: skip
def test_json_is_redacted_at_any_depth_and_stays_json(all_rules: Rules, text: str, left: object) -> None:
    """Also what is escaped, a number, JSON within JSON, cut, or Python's repr()."""
    assert orjson.loads(redacted(all_rules, text)) == left


def test_json_in_which_nothing_is_found_is_not_rewritten(all_rules: Rules) -> None:
    """Blanks, order and numbers stay as they were sent."""
    text = '{ "b" : 1.50, "a":[ 12345678901234567890 , {} ] }'
    assert redacted(all_rules, text) == text


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.just(MAIL)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=5), st.just("password")), inner, max_size=4),
        inner.map(lambda value: orjson.dumps(value).decode()),
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_json_hides_an_address(all_rules: Rules, value: object) -> None:
    """However it is nested and encoded: it is gone, and what comes out is JSON of the same shape."""
    left = Redaction(all_rules).text(orjson.dumps([value, MAIL]).decode())
    assert isinstance(orjson.loads(left), list)
    assert MAIL not in left


def test_no_text_of_strangers_takes_more_than_its_length(all_rules: Rules) -> None:
    """What drives backtracking engines into hours is searched in seconds."""
    size = 200_000
    hostile = ["a" * size + "@", "1" * size, "4111 " * (size // 5), ":a" * (size // 2), "[" * size, '{"a":' * size]
    begun_s = time.process_time()
    for text in hostile:
        redacted(all_rules, text)
    assert time.process_time() - begun_s < 10


def test_what_is_nested_beyond_reason_is_taken_out_whole(all_rules: Rules) -> None:
    """It cannot be searched, so it is not kept."""
    left = redacted(all_rules, '{"a":' * 200 + f'"{MAIL}"' + "}" * 200)
    assert MAIL not in left
    assert "[redacted:depth]" in left


def request_with(texts: dict[str, str]) -> ExportTraceServiceRequest:
    """A request whose only span has these attributes."""
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    for key, text in texts.items():
        span.attributes.add(key=key).value.string_value = text
    return request


def attributes_after(request: ExportTraceServiceRequest, applied: Rules) -> dict[str, str]:
    """The span's attributes after redaction."""
    redact(request, applied)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    return {pair.key: pair.value.string_value for pair in span.attributes}


def test_every_place_of_a_trace_request_is_searched(all_rules: Rules) -> None:
    """Names, status, events, links, scope and resource; nested values, bytes and unknown fields."""
    request = request_with({"a": MAIL, MAIL: "key"})
    parent = request.resource_spans[0]
    scope = parent.scope_spans[0]
    span = scope.spans[0]
    span.name = f"GET /users/{MAIL}"
    span.status.message = f"no user {MAIL}"
    span.attributes.add(key="map").value.kvlist_value.values.add(key="list").value.array_value.values.append(
        AnyValue(string_value=MAIL)
    )
    span.attributes.add(key="bytes").value.bytes_value = MAIL.encode()
    span.attributes.add(key="picture").value.bytes_value = b"\xff\xd8" + MAIL.encode()
    span.attributes.add(key="my_password").value.int_value = 1234
    span.attributes.add(key="passwords").value.array_value.values.append(AnyValue(string_value="hunter2"))
    span.events.add(name=MAIL).attributes.add(key="exception.stacktrace").value.string_value = f"KeyError: {MAIL}"
    span.links.add().attributes.add(key="l").value.string_value = MAIL
    scope.scope.attributes.add(key="s").value.string_value = MAIL
    parent.resource.attributes.add(key="r").value.string_value = MAIL
    unknown = b"\x9a\x3f" + bytes([len(MAIL)]) + MAIL.encode()  # field 1011, of no version of OTLP
    request = ExportTraceServiceRequest.FromString(request.SerializeToString() + unknown)
    hits = redact(request, all_rules)
    stored = request.SerializeToString()
    assert stored.count(MAIL.encode()) == 1  # bytes that are no text are pictures, and stay
    assert b"hunter2" not in stored
    assert hits == Counter(email=11, key=2)


def test_a_span_says_what_was_taken_out_of_it(all_rules: Rules) -> None:
    """So that its reader knows; a span that nothing was taken out of says nothing."""
    left = attributes_after(request_with({"a": MAIL, "b": f"{MAIL} {MAIL}", "password": "x"}), all_rules)
    assert left[REDACTED] == "email 3, key 1"
    assert REDACTED not in attributes_after(request_with({"a": "b"}), all_rules)


def test_a_log_body_is_searched(all_rules: Rules) -> None:
    """Text or structure."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add().scope_logs.add()
    group.log_records.add().body.string_value = f"mail {MAIL}"
    group.log_records.add().body.kvlist_value.values.add(key="password").value.string_value = "hunter2"
    assert redact(request, all_rules) == Counter(email=1, key=1)
    assert group.log_records[0].body.string_value == "mail [redacted:email]"


IDS = {
    "gen_ai.conversation.id": "user-ada@example.org-4111111111111111",
    "session.id": "4111111111111111",
    "user.id": MAIL,
    "gen_ai.tool.call.id": "call_4111111111111111",
    "llm.input_messages.0.message.tool_call_id": "00000000-0000-4000-8000-415555267100",
    "metadata": '{"thread_id":"4111111111111111"}',
}


def test_ids_that_join_conversations_are_left(all_rules: Rules) -> None:
    """Two people's conversations never become one because of what their ids look like."""
    assert attributes_after(request_with(IDS), all_rules) == IDS


def test_an_id_under_the_key_of_a_call_is_no_hiding_place(all_rules: Rules) -> None:
    """Only what libraries generate counts as an id there."""
    assert redacted(all_rules, MAIL, "customer.id") == "[redacted:email]"
    assert MAIL not in redacted(all_rules, f'{{"id": "{MAIL}", "userId": "{MAIL}"}}')


def test_an_id_that_is_named_goes(tmp_path: Path) -> None:
    """Whoever names it wants it."""
    left = attributes_after(request_with(IDS), rules(tmp_path, 'keys = ["USER.id"]'))
    assert left["user.id"] == "[redacted]"
    assert left["session.id"] == IDS["session.id"]


def test_with_a_key_ids_become_pseudonyms_that_still_join(tmp_path: Path) -> None:
    """The same id gives the same pseudonym, another id or another key another one."""
    text = 'builtin = ["email"]\nkeys = ["session.id"]\npseudonym_key = "{}"'
    one, other = rules(tmp_path, text.format("k" * 16)), rules(tmp_path, text.format("l" * 16))
    first = attributes_after(request_with(IDS), one)
    assert first["user.id"].startswith("[redacted:email:")
    assert first["session.id"].startswith("[redacted:key:")
    assert attributes_after(request_with(IDS), one) == first
    assert attributes_after(request_with(IDS), other)["user.id"] != first["user.id"]
    assert attributes_after(request_with({"user.id": "bob@example.org"}), one)["user.id"] != first["user.id"]


def test_a_pattern_of_ones_own_is_applied(tmp_path: Path) -> None:
    """By its name, beside the built-in ones."""
    own = rules(tmp_path, 'builtin = ["email"]\n[[pattern]]\nname = "order"\nregex = \'\\bORD-\\d+\'')
    assert redacted(own, f"ORD-17 of {MAIL}") == "[redacted:order] of [redacted:email]"
