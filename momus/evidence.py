"""Evidence as people need it: beside the quote, what the user had asked in that turn, and the call that it is about."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from schemas.database import Database, Row


def evidence_of(database: Database, tenant: str, issue_id: str, *, limit: int) -> list[Row]:
    """Return the quotes of an issue, one a conversation, each `with_turns` of it."""
    rows = database.query("issue_evidence", tenant=tenant, issue_id=issue_id, limit=limit)
    return with_turns(database, tenant, rows)


def with_turns(database: Database, tenant: str, rows: Sequence[Row]) -> list[Row]:
    """Return rows with what else was said and called in the turn of each.

    Args:
        rows: `conversation_id`, `turn`, and what `call_of` reads.

    Returns:
        The rows with `asked`, the user's message of the turn word for word (empty where none is known), and with
        `called`, `arguments` and `call_count` of the tool call that the row is about (empty and 0 where there is none).
    """
    ids = {row["conversation_id"] for row in rows}
    said, which = said_in_turns(database, tenant, ids), {"tenant": tenant, "conversation_ids": sorted(ids)}
    calls: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for call in database.query("called_in_turns", **which):
        calls[call["conversation_id"], call["turn"]].append(call)
    turns = [(row["conversation_id"], row["turn"]) for row in rows]
    return [
        row | {"asked": said.get(turn, "")} | _told(call_of(row, calls.get(turn, ())))
        for row, turn in zip(rows, turns, strict=True)
    ]


def said_in_turns(database: Database, tenant: str, conversation_ids: Collection[str]) -> dict[tuple[str, int], str]:
    """Return the user's message, word for word, of each turn of some conversations: by conversation and turn."""
    rows = database.query("said_in_turns", tenant=tenant, conversation_ids=sorted(conversation_ids))
    return {(row["conversation_id"], row["turn"]): row["said"] for row in rows}


def call_of(row: Row, calls: Iterable[Row]) -> Row | None:
    """Return the call that evidence is about: of the tool it names, at its message or span, else the most repeated one."""
    own = [call for call in calls if call["name"] == row["operation"]]

    def fit(call: Row) -> tuple[bool, bool, int]:
        at_message = row["message_index"] >= 0 and row["message_index"] in call["message_indexes"]
        return (at_message, row["span_id"] in call["span_ids"], call["call_count"])

    return max(own, key=fit, default=None)


def _told(call: Row | None) -> Row:
    known = call or {"name": "", "arguments": "", "call_count": 0}
    return {"called": known["name"], "arguments": known["arguments"], "call_count": known["call_count"]}
