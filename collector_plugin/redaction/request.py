"""Take out of a whole export request what the rules name, and leave a word on every span that something was.

Searched are the attributes of resources, scopes, spans, span events, links and log records, at any depth, the names of
spans and span events, status messages and log bodies. The attribute `momus.redacted` of the span, log record, resource
or scope then says what was taken out: `email 2, key 1`.
"""

from collections import Counter

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector_plugin.otlp.requests import Request
from collector_plugin.otlp.texts import Texts, texts_of
from collector_plugin.reading.identity import (
    CONVERSATION_KEYS,
    METADATA_CONVERSATION_KEYS,
    METADATA_KEYS,
    METADATA_USER_KEYS,
    SESSION_KEYS,
    USER_KEYS,
)
from collector_plugin.redaction.rules import Rules
from collector_plugin.redaction.text import MARK, NO_IDS, Redaction

REDACTED = "momus.redacted"
_IDS = frozenset((*CONVERSATION_KEYS, *SESSION_KEYS, *USER_KEYS))
_METADATA_IDS = frozenset((*METADATA_CONVERSATION_KEYS, *METADATA_USER_KEYS))


def redact(request: Request, rules: Rules) -> Counter[str]:
    """Change `request` in place and return how often each rule took something out.

    Fields that this version of OTLP does not know are dropped: nobody can tell what is in them.
    """
    request.DiscardUnknownFields()
    hits: Counter[str] = Counter()
    for texts in texts_of(request):
        redaction = Redaction(rules)
        _redact_texts(texts, redaction)
        if redaction.hits:
            said = ", ".join(f"{name} {count}" for name, count in sorted(redaction.hits.items()))
            texts.own.add(key=REDACTED).value.string_value = said
            hits += redaction.hits
    return hits


def _redact_texts(texts: Texts, redaction: Redaction) -> None:
    for holder, field in texts.fields:
        text = getattr(holder, field)
        if (left := redaction.text(text)) != text:
            setattr(holder, field, left)
    for pair in texts.pairs:
        _redact_pair(pair, redaction, _IDS)
    for body in texts.bodies:
        _redact_value(body, "", redaction, NO_IDS)


def _redact_pair(pair: KeyValue, redaction: Redaction, ids: frozenset[str]) -> None:
    key = pair.key
    if (left := redaction.key(key)) != key:
        pair.key = left
    _redact_value(pair.value, key, redaction, ids)


def _redact_value(value: AnyValue, key: str, redaction: Redaction, ids: frozenset[str]) -> None:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        text = value.string_value
        left = redaction.named(key, text, ids=ids, inner_ids=_METADATA_IDS if key in METADATA_KEYS else NO_IDS)
        if left != text:
            value.string_value = left
    elif kind and redaction.drops(key):
        value.string_value = MARK
    elif kind == "int_value":
        if isinstance(number := redaction.number(value.int_value), str):
            value.string_value = number
    elif kind == "kvlist_value":
        for pair in value.kvlist_value.values:
            _redact_pair(pair, redaction, NO_IDS)
    elif kind == "array_value":
        for item in value.array_value.values:
            _redact_value(item, key, redaction, NO_IDS)
    elif kind == "bytes_value":
        _redact_bytes(value, redaction)


def _redact_bytes(value: AnyValue, redaction: Redaction) -> None:
    """Search bytes that are text; others are pictures and sounds, which no pattern can read."""
    try:
        text = value.bytes_value.decode()
    except UnicodeDecodeError:
        return
    if (left := redaction.text(text)) != text:
        value.bytes_value = left.encode()
