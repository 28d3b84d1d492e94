"""What dialects read, as rows and back.

Every LLM span repeats the conversation so far. So a message is stored once, in message_bodies, and the spans keep only
its hash. The hash is of the content alone; `scope` puts the bodies of one conversation next to each other on disk.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, TypeVar, assert_never

import orjson

from schemas.as_json import as_json
from schemas.numbers import finite
from schemas.records import (
    Document,
    Feedback,
    MessageBody,
    Record,
    Retrieval,
    SpanException,
    SpanFacts,
    ToolDefinition,
    ToolExecution,
    ToolRequest,
)

Row = dict[str, Any]  # Any: a row has values of every column type
Flat = TypeVar("Flat", SpanFacts, ToolExecution, Retrieval, SpanException, Feedback)

# Their rows are named by their content: writing one again changes nothing, and counting them per segment says nothing.
CONTENT_TABLES = frozenset({"message_bodies", "tool_definitions"})

_ELSEWHERE = frozenset({"input", "output", "tools_offered", "documents"})
_COLUMNS = {
    record: tuple(field.name for field in fields(record) if field.name not in _ELSEWHERE)
    for record in (SpanFacts, ToolExecution, Retrieval, SpanException, Feedback)
}
_VALUES = {record: attrgetter(*columns) for record, columns in _COLUMNS.items()}
_INTEGERS = {record: tuple(field.name for field in fields(record) if field.type is int) for record in _COLUMNS}
_LEAST, _MOST = -(2**63), 2**63 - 1
_KNOWN_TOOLS = (
    64  # lists of tools whose hashes are remembered: they come with every call, and are the longest of its texts
)


def batch_rows(
    records: Iterable[Record], segment: str, received_ns: int, seen: set[tuple[object, ...]] | None = None
) -> dict[str, list[Row]]:
    """Return the rows of many records by table, in the order of the records, what is named by content only once.

    Pass the same `seen`, empty at first, to leave out what an earlier call has returned already. It is filled with what
    names each message (tenant, scope, hash) and each list of tools (tenant, hash).
    """
    tables: dict[str, list[Row]] = {}
    origin = {"segment": segment, "received_ns": received_ns}
    seen = set() if seen is None else seen
    for record in records:
        for table, row in _rows(record, origin, seen):
            tables.setdefault(table, []).append(row)
    return tables


def _rows(record: Record, origin: Row, seen: set[tuple[object, ...]]) -> Iterator[tuple[str, Row]]:
    """Yield each row that holds a part of the record, with its table."""
    match record:
        case SpanFacts():
            yield from _facts_rows(record, origin, seen)
        case ToolExecution():
            yield "tool_executions", _flat_row(record, origin)
        case Retrieval():
            yield "retrievals", _flat_row(record, _document_columns(record.documents) | origin)
        case SpanException():
            yield "exceptions", _flat_row(record, origin)
        case Feedback():
            yield "feedback", _flat_row(record, {"score": finite(record.score)} | origin)
        case _:
            assert_never(record)


def facts_from_rows(rows: Iterable[Row], bodies: Iterable[Row], definitions: Iterable[Row]) -> list[SpanFacts]:
    """Return the facts that rows of span_facts hold, in their order.

    Args:
        rows: of span_facts.
        bodies: rows of message_bodies; those of other facts may be among them.
        definitions: rows of tool_definitions, likewise.

    Returns:
        One for each row. A body or list of tools that is stored no longer is left out, and `is_truncated` says so.
    """
    said = {(row["tenant"], row["scope"], row["hash"]): _body_from_row(row) for row in bodies}
    offered = _definitions_by_hash(definitions)
    return [_facts_from_row(row, said, offered) for row in rows]


def tool_execution_from_row(row: Mapping[str, Any]) -> ToolExecution:
    """Return the tool execution that a row of tool_executions holds."""
    return _from_row(ToolExecution, row)


def exception_from_row(row: Mapping[str, Any]) -> SpanException:
    """Return the exception that a row of exceptions holds."""
    return _from_row(SpanException, row)


def feedback_from_row(row: Mapping[str, Any]) -> Feedback:
    """Return the feedback that a row of feedback holds."""
    return _from_row(Feedback, {**row, "score": finite(row["score"])})


def retrieval_from_row(row: Mapping[str, Any]) -> Retrieval:
    """Return the retrieval that a row of retrievals holds."""
    columns = zip(row["documents.id"], row["documents.content"], row["documents.score"], strict=True)
    return _from_row(Retrieval, row, documents=tuple(Document(id, text, finite(score)) for id, text, score in columns))


def scope_of(facts: SpanFacts) -> str:
    """Return what the messages of one conversation have in common, as far as one span can tell.

    Its conversation id; else a hash of the service and the first message that is not the system's, which is the same in
    every later call of that conversation; else the trace.
    """
    if facts.conversation_id:
        return facts.conversation_id
    first = next((body for body in facts.input if body.role != "system"), None)
    if first is None:
        return facts.trace_id
    return f"first:{_hash([facts.service_name, _canonical(first)]):016x}"


def _facts_rows(facts: SpanFacts, origin: Row, seen: set[tuple[object, ...]]) -> Iterator[tuple[str, Row]]:
    tenant, scope, tools = facts.tenant, scope_of(facts), facts.tools_offered
    given, answered = ([_hash_of(body) for body in bodies] for bodies in (facts.input, facts.output))
    for hash_, body in zip(given + answered, facts.input + facts.output, strict=True):
        said = (tenant, scope, hash_)
        if said not in seen:
            seen.add(said)
            named = {"tenant": tenant, "scope": scope, "hash": hash_}
            yield "message_bodies", named | _body_columns(body) | {"received_ns": origin["received_ns"]}
    tools_hash = _tools_hash(tools) if tools else 0
    if tools and (tenant, tools_hash) not in seen:
        seen.add((tenant, tools_hash))
        for position, tool in enumerate(tools):
            named = {"tenant": tenant, "hash": tools_hash, "position": position}
            yield "tool_definitions", named | _tool_columns(tool) | {"received_ns": origin["received_ns"]}
    rest = {
        "tools_hash": tools_hash,
        "tool_names": [tool.name for tool in tools],
        "scope": scope,
        "input_hashes": given,
        "output_hashes": answered,
    }
    yield "span_facts", _flat_row(facts, rest | origin)


def _facts_from_row(
    row: Row, said: Mapping[tuple[str, str, int], MessageBody], offered: Mapping[tuple[str, int], list[ToolDefinition]]
) -> SpanFacts:
    keys = [[(row["tenant"], row["scope"], hash_) for hash_ in row[column]] for column in _HASH_COLUMNS]
    given, answered = (tuple(said[key] for key in part if key in said) for part in keys)
    tools = tuple(offered.get((row["tenant"], row["tools_hash"]), ()))
    is_complete = len(given) + len(answered) == sum(map(len, keys)) and len(tools) == len(row["tool_names"])
    return _from_row(
        SpanFacts,
        {**row, "cost_usd": float(row["cost_usd"]), "is_truncated": row["is_truncated"] or not is_complete},
        linked_trace_ids=tuple(row["linked_trace_ids"]),
        input=given,
        output=answered,
        tools_offered=tools,
    )


_HASH_COLUMNS = ("input_hashes", "output_hashes")


def _definitions_by_hash(rows: Iterable[Row]) -> dict[tuple[str, int], list[ToolDefinition]]:
    """Gather each list of tools in its order; a row that the engine has not merged yet may come twice."""
    lists: dict[tuple[str, int], dict[int, ToolDefinition]] = {}
    for row in rows:
        tool = ToolDefinition(row["name"], row["description"], row["parameters"])
        lists.setdefault((row["tenant"], row["hash"]), {})[row["position"]] = tool
    return {key: [tools[position] for position in sorted(tools)] for key, tools in lists.items()}


def _body_columns(body: MessageBody) -> Row:
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in body.tool_calls]
    return {
        "role": body.role,
        "content": body.content,
        "tool_calls": as_json(calls).decode() if calls else "",
        "tool_call_id": body.tool_call_id,
        "name": body.name,
        "is_error": body.is_error,
    }


def _tool_columns(tool: ToolDefinition) -> Row:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _body_from_row(row: Row) -> MessageBody:
    calls = orjson.loads(row["tool_calls"]) if row["tool_calls"] else []
    return MessageBody(
        role=row["role"],
        content=row["content"],
        tool_calls=tuple(ToolRequest(call["id"], call["name"], call["arguments"]) for call in calls),
        tool_call_id=row["tool_call_id"],
        name=row["name"],
        is_error=row["is_error"],
    )


def _canonical(body: MessageBody) -> list[object]:
    """Return what makes two messages the same, in a form whose JSON never changes."""
    calls = [[call.id, call.name, call.arguments] for call in body.tool_calls]
    # Only where it is set: the hashes of all messages that were stored before there was such a mark stay what they are.
    return [body.role, body.content, calls, body.tool_call_id, body.name, *([True] if body.is_error else [])]


def _hash_of(body: MessageBody) -> int:
    """Return the hash of a body, which the body keeps: that of a history is asked for again with every call."""
    if not body.hash:
        object.__setattr__(body, "hash", _hash(_canonical(body)))
    return body.hash


@lru_cache(_KNOWN_TOOLS)
def _tools_hash(tools: tuple[ToolDefinition, ...]) -> int:
    return _hash([[tool.name, tool.description, tool.parameters] for tool in tools])


def _hash(value: object) -> int:
    """Return 64 bits of the value's JSON: two of a million bodies of one scope agree by chance once in 37 million."""
    return int.from_bytes(blake2b(as_json(value), digest_size=8).digest(), "big")


def _document_columns(documents: Iterable[Document]) -> Row:
    found = list(documents)
    return {
        "documents.id": [document.id for document in found],
        "documents.content": [document.content for document in found],
        "documents.score": [finite(document.score) for document in found],
    }


def _flat_row(record: Record, rest: Row) -> Row:
    """Return the fields that stand in columns of the same name, and the rest; a number beyond 64 bits becomes the nearest."""
    kind = type(record)
    row: Row = dict(zip(_COLUMNS[kind], _VALUES[kind](record), strict=True))
    for name in _INTEGERS[kind]:
        if not _LEAST <= row[name] <= _MOST:
            row[name] = min(max(row[name], _LEAST), _MOST)
    row.update(rest)
    return row


def _from_row(record: type[Flat], row: Mapping[str, Any], **rest: Any) -> Flat:  # Any: values of every field type
    taken = {name: row[name] for name in _COLUMNS[record] if name not in rest}
    return record(**taken, **rest)
