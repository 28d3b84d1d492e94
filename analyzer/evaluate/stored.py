"""From the database: what was found in labelled conversations, what was said in them, and whether quotes stand where
they say."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from analyzer.evaluate.report import Quotes, Stored
from analyzer.evaluate.scores import Found
from schemas.database import Database, Row
from schemas.errors import NotFound
from schemas.parameters import in_pieces

_NOT_PLAIN = re.compile(r"\\+[ntr\"'/]|\\+u[0-9a-fA-F]{4}|[\W_]")


def load_stored(database: Database, conversation_ids: Sequence[str], *, tenant: str | None) -> dict[str, Stored]:
    """What is stored of each conversation that was analysed.

    Raises:
        NotFound: two tenants have a conversation of one id, and none was named.
    """
    found: dict[str, list[Found]] = defaultdict(list)
    for row in _rows(database, "evaluated_findings", conversation_ids, tenant):
        place = row["message_index"]
        found[row["conversation_id"]].append(Found(row["family"], row["code"], row["confidence"], place))
    spoken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _rows(database, "evaluated_messages", conversation_ids, tenant):
        spoken[row["conversation_id"], row["role"]].append(row["content"])
    stored: dict[str, Stored] = {}
    for row in _rows(database, "evaluated_conversations", conversation_ids, tenant):
        name = row["conversation_id"]
        if name in stored:
            raise NotFound(f"Several tenants have a conversation {name}: say which with --tenant.")
        stored[name] = Stored(
            name, tuple(found[name]), tuple(spoken[name, "user"]), tuple(spoken[name, "assistant"]),
            row["service_name"], row["method"], row["model"],
        )  # fmt: skip
    return stored


def check_quotes(database: Database, conversation_ids: Sequence[str], *, tenant: str | None) -> Quotes:
    """Look for every stored quote in the raw span or log record that it names, by none of the code that made it."""
    run_ids = {row["run_id"] for row in _rows(database, "evaluated_conversations", conversation_ids, tenant)}
    runs = [row for piece in in_pieces(sorted(run_ids)) for row in database.query("evaluated_runs", run_ids=piece)]
    findings = list(_rows(database, "evaluated_findings", conversation_ids, tenant))
    raw = _raw_texts(database, findings)
    texts = [(_plain(row["quote"]), raw.get((row["trace_id"], row["span_id"]))) for row in findings]
    kept = [(quote, text) for quote, text in texts if text is not None]
    return Quotes(
        sum(row["quotes_seen"] for row in runs),
        sum(row["quotes_rejected"] for row in runs),
        len(kept),
        sum(quote in text for quote, text in kept),
        len(texts) - len(kept),
    )


def _raw_texts(database: Database, findings: Iterable[Row]) -> dict[tuple[str, str], str]:
    """Everything that the spans and log records of findings say, by trace and span, plain; those gone are left out."""
    said: dict[tuple[str, str], str] = defaultdict(str)
    spots = {(row["trace_id"], row["span_id"]) for row in findings}
    trace_ids, span_ids = (sorted({spot[part] for spot in spots}) for part in (0, 1))
    for traces, spans in product(in_pieces(trace_ids), in_pieces(span_ids)):
        for row in database.query("evaluated_spans", trace_ids=traces, span_ids=spans):
            said[row["trace_id"], row["span_id"]] += _plain(json.dumps(row["said"], ensure_ascii=False))
    return said


def _plain(text: str) -> str:
    """Letters and digits alone: JSON within JSON escapes differently, and says the same."""
    return _NOT_PLAIN.sub("", text)


def _rows(database: Database, query: str, conversation_ids: Sequence[str], tenant: str | None) -> Iterator[Row]:
    for piece in in_pieces(conversation_ids):
        yield from database.query(query, conversation_ids=piece, tenant=tenant or "", is_any_tenant=tenant is None)
