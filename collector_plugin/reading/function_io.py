"""What decorated functions took and gave, in libraries whose spans have one input and one output of any kind.

Langfuse, LangSmith and MLflow trace a model's client and any function of an application alike. Beside a model's whole
request and answer an input may thus be `{"args": [...], "kwargs": {...}}`, arguments by name, a bare value or a text.
"""

from typing import Any, NamedTuple

from collector_plugin.reading.build import make_execution
from collector_plugin.reading.langchain import read_state, read_tool_result
from collector_plugin.reading.message_shapes import read_messages
from collector_plugin.reading.payload import as_dict, as_json, as_list, as_str, parse, parse_loosely
from schemas.numbers import finite
from schemas.records import Document, MessageBody, Role, Span, ToolExecution

# what applications call the argument that holds what the user said, or what is looked for
_SPOKEN = (
    "input",
    "contents",
    "question",
    "query",
    "message",
    "user_message",
    "user_input",
    "prompt",
    "text",
    "content",
)
_SILENT = ("id", "model", "name", "type", "key", "role", "tools", "object", "reason", "status")
_SHAPES = frozenset(("role", "messages", "message", "choices", "generations", "candidates", "output", "lc", "kwargs"))
_DOCUMENTS = ("documents", "results", "docs", "matches", "hits", "context", "chunks", "sources", "data", "output")


class Payload(NamedTuple):
    """An input or an output: its text, what that spells (None: nothing but itself), and whether it is JSON that was cut."""

    text: str
    value: Any  # any JSON value
    is_cut: bool


def read_payload(text: str) -> Payload:
    """Return an input or an output with the value that its text spells."""
    value = parse(text)
    if value is None:
        return Payload(text, parse_loosely(text), _begins_json(text))
    return Payload(text, value, is_cut=False)


def said(payload: Payload, role: Role) -> tuple[MessageBody, ...]:
    """Return the messages that an input (role `user`) or an output (`assistant`) holds; none where it holds no text."""
    text, value, _ = payload
    # an answer that is JSON of the application's own is an answer; one in a known shape without a word is none
    is_silent = isinstance(value, list | dict) and (
        role == "user" or bool(_SHAPES & as_dict(value).keys()) or not value
    )
    for candidate in (value, _spoken(value), None if is_silent else text):
        messages = _messages(candidate, role)
        if any(message.content or message.tool_calls for message in messages):
            return messages
    return ()


def arguments(text: str) -> str:
    """Return the arguments of a call as JSON text: those by name, and those by place, if any, as `args`."""
    value = parse_loosely(text)
    if not _is_call(value):
        return text
    return as_json({**({"args": value["args"]} if value["args"] else {}), **as_dict(value["kwargs"])})


def tool_execution(span: Span, asked: str, answered: str, **known: str) -> ToolExecution:
    """Return the tool execution of a span, from its input and its output; `known` has its name, its call id.

    No output means that the result is not told. LangChain's tools answer with a message that marks a failure itself.
    """
    value = parse(answered)
    if isinstance(value, dict) and value.keys() == {"output"}:  # how LangSmith keeps what is no object
        value, answered = value["output"], as_str(value["output"])
    result = read_tool_result(value if isinstance(value, str) else answered)
    failed = {"status": "error", "error_message": result.text} if result.failed else {}
    return make_execution(
        span,
        known.get("name") or span.name,
        arguments=arguments(asked),
        result=result.text if answered else None,
        call_id=known.get("call_id") or result.call_id,
        **failed,
    )


def query(text: str) -> str:
    """Return what a retrieval looked for: the text, or the argument that is one."""
    value = parse_loosely(text)
    sought = value if isinstance(value, str) else _spoken(value)
    return sought if isinstance(sought, str) else text


def documents(text: str) -> tuple[Document, ...]:
    """Return the documents that a retrieval gave, as a list or within an object."""
    value = parse_loosely(text)
    if isinstance(value, dict):
        value = next((value[name] for name in _DOCUMENTS if isinstance(value.get(name), list)), [])
    return tuple(_document(item) for item in as_list(value))


def is_cut(text: str) -> bool:
    """Whether `text` is JSON that an attribute length limit has cut."""
    return _begins_json(text) and parse(text) is None


def _begins_json(text: str) -> bool:
    return text[:2] in ("[{", '["', '{"')


def _messages(value: Any, role: Role) -> tuple[MessageBody, ...]:  # any JSON value
    if isinstance(value, dict) and isinstance(value.get("messages"), list) and not value.get("system"):
        return read_state(value)  # its messages may be (role, text) pairs
    if isinstance(value, dict) and "instructions" in value and "input" in value:  # a request of the Responses API
        return read_messages([{"role": "system", "content": value["instructions"]}]) + read_messages(
            value["input"], role
        )
    return read_messages(value, role)


def _is_call(value: Any) -> bool:  # any JSON value
    return isinstance(value, dict) and value.keys() == {"args", "kwargs"} and isinstance(value["args"], list)


def _spoken(value: Any) -> Any:  # any JSON value: a text or the messages among a function's arguments
    """The argument that holds what was said: by its usual name, else the first that is a text or a list of messages."""
    if not isinstance(value, dict):
        return None
    named = as_dict(value["kwargs"]) if _is_call(value) else value
    usual = [named[name] for name in _SPOKEN if name in named]
    unnamed = value["args"] if _is_call(value) else []
    others = [item for name, item in named.items() if not name.lower().endswith(_SILENT)]
    return next((item for item in [*usual, *unnamed, *others] if item and isinstance(item, str | list)), None)


def _document(item: Any) -> Document:  # whatever JSON value a retriever returns for one
    if not isinstance(item, dict):
        return Document(content=as_str(item))
    item = as_dict(item.get("kwargs") if "lc" in item else item.get("document")) or item
    metadata = as_dict(item.get("metadata"))
    score = next(
        (
            found
            for found in (item.get("score"), metadata.get("score"), metadata.get("relevance_score"))
            if found is not None
        ),
        None,
    )
    return Document(
        id=as_str(item.get("id") or metadata.get("id")),
        content=as_str(
            next((item[key] for key in ("content", "page_content", "pageContent", "text") if item.get(key)), "")
        ),
        score=finite(score),
    )
