"""A conversation as pieces in order, each with the marker by which a model names it.

m12   message 12                         c3   tool call 3, where no message holds it or its result
r1    retrieval 1                        e0   exception 0, where no call tells of it
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.lexicon import NOT_FOUND
from analyzer.lookups import empty_part
from analyzer.observations import call_position, position_at
from analyzer.summarise import is_refusal
from analyzer.technical.unwrap import parse, read_failure
from analyzer.text import shorten
from schemas.records import Conversation, Message, Retrieval, SpanException, ToolCall, ToolRequest

_LAST_SPOKEN = 4  # messages of users and agents at the end that are kept
# Characters that are kept of a piece whatever the budget; a cut leaves the beginning and the end.
_ALL = 1_000_000_000
_OF_LAST = 300
_OF_REFUSAL = 400
_OF_ANSWER = 300
_OF_FAILURE = 300  # that nothing but its words tells of
_QUOTED_KEY = re.compile(r'"(\w+)":')
_NAME_CHARS = 40
_BODY_CHARS = 20_000  # of a text that is looked at to tell whether it is empty or a refusal


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the transcript. `keep` characters of it are shown whatever the budget; `calls` are what it asks of tools.

    `cited` are the spans of it that later messages come back to, once they are known.
    """

    marker: str
    head: str
    text: str
    position: int
    keep: int = 0
    calls: tuple[str, ...] = ()
    cited: tuple[tuple[int, int], ...] = ()


def pieces_of(conversation: Conversation) -> list[Piece]:
    """Everything that was said and done, in order; what the system told the agent is not among it."""
    failed = {call.result_index for call in conversation.tool_calls if call.status == "error"}
    said = [m for m in conversation.messages if m.body.role in ("user", "assistant") and m.body.content.strip()]
    last = {message.index for message in said[-_LAST_SPOKEN:]}
    names = {call.result_index: call.name for call in conversation.tool_calls if call.result_index >= 0}
    alone = {m.index + 1 for m in conversation.messages if len(m.body.tool_calls) == 1}
    agents = {*conversation.agent_names, *(m.body.name for m in conversation.messages if m.body.role == "assistant")}
    pieces = [
        _message_piece(
            message,
            names.get(message.index, ""),
            message.index in alone,
            message.index in last,
            message.index in failed,
            agents,
        )
        for message in conversation.messages
        if message.body.role != "system" and (message.body.content.strip() or message.body.tool_calls)
    ]
    pieces.extend(_call_pieces(conversation))
    pieces.extend(_retrieval_piece(conversation, n, r) for n, r in enumerate(conversation.retrievals))
    pieces.extend(_exception_pieces(conversation))
    return sorted(pieces, key=lambda piece: piece.position)  # stable: messages first where positions are equal


def _message_piece(
    message: Message, tool: str, is_alone: bool, is_last: bool, is_failed: bool, agents: Collection[str]
) -> Piece:
    body = message.body
    text = _folded(body.content) if body.role == "tool" else body.content.replace("\x00", "")
    # A result right after the one call that asked for it needs no name.
    head = _speaker(message, "" if is_alone else body.name or tool, agents) + (", failed" if is_failed else "")
    keep = max(_OF_LAST if is_last else 0, _keep(message, body.name or tool, is_failed))
    return Piece(
        f"m{message.index}", head, text, message.index, keep, tuple(call_line(c, text) for c in body.tool_calls)
    )


def _folded(result: str) -> str:
    """A tool's result without what only lays it out: JSON loses its line breaks and indents."""
    text = result.replace("\x00", "")
    return " ".join(text.split()) if text.lstrip()[:1] in ("{", "[") else text


def _speaker(message: Message, tool: str, agents: Collection[str]) -> str:
    match message.body.role:
        case "tool":
            return f"result of {tool}" if tool else "result"
        case "user":
            if message.is_delegation:
                return "agent to agent"
            name = message.body.name
            # In runs of several agents the task is often put by one of them.
            is_agent = name in agents and name != ""
            return "user" + (f", in truth agent {shorten(name, _NAME_CHARS)}" if is_agent else "")
        case "system":
            return "system"
        case "assistant":
            return f"agent {message.agent_name}".strip()


def _keep(message: Message, tool: str, is_failed: bool) -> int:
    """How much of a message is always kept: what a user says, what failed or found nothing, what the agent refuses."""
    role, text = message.body.role, message.body.content
    if role == "user":
        return 0 if message.is_delegation else _ALL
    if role == "tool":
        if is_failed or is_empty_result(tool, text):
            return _ALL
        return _OF_FAILURE if read_failure(text) is not None else 0
    return _OF_REFUSAL if is_refusal(text[:_BODY_CHARS]) else _OF_ANSWER


def is_empty_result(tool: str, text: str) -> bool:
    """Whether a tool found nothing, and says so in few words."""
    short = text[:_BODY_CHARS]
    return empty_part(tool, short) is not None or (len(text) < 400 and bool(NOT_FOUND.search(short)))


def call_line(call: ToolRequest | ToolCall, text: str = "") -> str:
    """A call as `name(key=value, ...)`; an argument that the message's own `text` tells is not told twice."""
    arguments = parse(call.arguments)
    if not isinstance(arguments, dict):
        return f"{call.name}({call.arguments})"
    told = (f"{key}={_value(value, text)}" for key, value in arguments.items() if value is not None)
    return f"{call.name}({', '.join(told)})"


def _value(value: Any, text: str) -> str:  # any JSON value
    if not isinstance(value, str):
        return _QUOTED_KEY.sub(r"\1:", json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return "(as above)" if len(value) > 80 and value.strip() in text else value


def _call_pieces(conversation: Conversation) -> Iterator[Piece]:
    """Calls that no message asked for, and results that no message brought."""
    for number, call in enumerate(conversation.tool_calls):
        is_told = call.message_index >= 0 and call.result_index >= 0
        is_silent = call.message_index >= 0 and call.result is None and not call.error_message
        if is_told or is_silent:
            continue
        result = _folded(call.result or "")
        text = "\n".join(part for part in (result, call.error_message) if part)
        is_failed = call.status == "error"
        asked = () if call.message_index >= 0 else (f"{call.name}({call.arguments})",)
        yield Piece(
            f"c{number}", f"result of {call.name}" + (", failed" if is_failed else ""), text,
            call_position(conversation, call), _ALL if is_failed or is_empty_result(call.name, result) else 0, asked,
        )  # fmt: skip


def _retrieval_piece(conversation: Conversation, number: int, retrieval: Retrieval) -> Piece:
    documents = "\n".join(f"({n}) {document.content}" for n, document in enumerate(retrieval.documents, 1))
    head = f"retrieval {retrieval.name}, {len(retrieval.documents)} documents"
    asked = (f"query {retrieval.query}",) if retrieval.query else ()
    position = position_at(conversation, retrieval.start_ns)
    return Piece(f"r{number}", head, documents, position, 0, asked)


def _exception_pieces(conversation: Conversation) -> Iterator[Piece]:
    """Exceptions that no failed call tells of."""
    told = {(call.trace_id, call.span_id) for call in conversation.tool_calls if call.status == "error"}
    for number, exception in enumerate(conversation.exceptions):
        if (exception.trace_id, exception.span_id) not in told:
            yield _exception_piece(conversation, number, exception)


def _exception_piece(conversation: Conversation, number: int, exception: SpanException) -> Piece:
    text = f"{exception.type}: {exception.message}".strip(": ")
    head = f"exception in {exception.operation or 'a span'}"
    return Piece(f"e{number}", head, text, position_at(conversation, exception.time_ns), _ALL)


def calls_within(conversation: Conversation, position: int) -> Sequence[ToolCall]:
    """The calls that the message at a position asked for or answers."""
    return [c for c in conversation.tool_calls if position in (c.message_index, c.result_index)]
