"""Find out whether a tool's result says that the call failed, and what it says.

Tools answer as text, JSON, JSON inside JSON, a Python repr or an MCP result. At most 64 KiB are read, eight levels deep.
"""

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.technical.stacktrace import read_stacktrace

_TEXT_LIMIT = 65_536
_DEPTH_LIMIT = 8

_FAILED_TEXT = re.compile(
    r"""(?ix) \A\W{0,3}(?:
      (?:an?\ )?(?:\w+\ ){0,2}?(?:error|exception|failure)(?:\ (?:occurred|in|while|when|executing|calling|during|from|code|message)\b|\s*[:\[(!#]|\ \d)
    | [\w.]*[A-Za-z](?:Error|Exception)\b\s*(?:[:(]|$)
    | traceback\ \(most\ recent | fatal: | failed\b(?!\ (?:login|payment)s?\b) | (?:could|can)\ ?not\ (?:connect|execute|parse|open|load)
    | (?:\w+\ ){0,3}?(?:fehler|erreur|errore|erro|błąd|fout|hata|ошибка|错误|錯誤|エラー|오류)\s*[:：]
    | (?:<!doctype\ html[^>]*>\s*)?<html[^>]*>\s*(?:<head[^>]*>\s*)?<title>\s*(?:[45]\d\d\b|error\b|forbidden|access\ denied|bad\ gateway|service\ unavailable)
    | HTTP(?:/\d(?:\.\d)?)?\ ?[45]\d\d\b | [45]\d\d\ [A-Z][a-z]+ | tool\ (?:call|execution)\ (?:failed|error) )
    """
)
_EXIT_CODE = re.compile(r"(?i)\bexit[ _]?(?:code|status)\s*[:=]?\s*(-?[1-9]\d{0,4})\b")
_TRACEBACK = re.compile(r"^[ |+]*(?:[^\n|]{1,60}: )?Traceback \(most recent call last\):", re.MULTILINE)
_HTTP_STATUS = re.compile(
    r"(?i)(?:\bHTTP(?:/\d(?:\.\d)?)?|status(?:[ _]?code)?)[\"']?[\s:=(]*([45]\d\d)\b|\b([45]\d\d)\s+(?:client|server)\s+error|\berror[\s:]+([45]\d\d)\b|\A\W*([45]\d\d)\s+[A-Z]"
)
_FAULT_WORDS = re.compile(
    r"""(?ix) \b(?:error|exception|invalid|failed|failure|denied|unauthori[sz]ed|forbidden|exceeded|expired|unavailable
    |timed?\ ?out|does\ not\ exist|must\ (?:be|have|contain)|is\ required|missing|not\ (?:allowed|supported|authenticated|authorized|subscribed)
    |bad\ request|too\ many|unexpected|unknown|unrecogni[sz]ed|wrong|refused)\b"""
)
_ERROR_KEYS = ("error", "errors", "exception", "err", "errorMessage", "error_message", "fault")
_TEXT_KEYS = ("message", "msg", "detail", "details", "error_description", "errorMessage", "error_message", "description",
              "reason", "title", "text", "diagnostics", "error", "body")  # fmt: skip
_STATUS_KEYS = ("status", "statusCode", "status_code", "http_status", "httpStatus", "code")
_WRAPPERS = ("response", "result", "output", "content", "data", "body", "return_value", "tool_result")
_NO_ERROR = frozenset({"", "none", "null", "nil", "false", "no", "no error", "no errors", "ok", "success", "0", "n/a"})
_FAILED_WORDS = frozenset({"error", "failed", "failure", "fail", "exception", "ko"})


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failed call says of itself. `quote` is a part of the text that shows it, verbatim; `http_status` 0: none."""

    message: str
    quote: str
    type: str = ""
    http_status: int = 0


def parse(text: str) -> Any:  # Any: what a stranger's tool answers can be anything
    """The value of a JSON text or a Python literal; the text itself where it is neither."""
    stripped = text.strip()
    if not stripped or stripped[0] not in "[{\"'ntfNTF-0123456789" or len(stripped) > _TEXT_LIMIT:
        return text
    try:
        return json.loads(stripped, strict=False)  # raw line breaks in strings are common and harmless
    except (ValueError, RecursionError):
        pass
    if stripped[0] not in "[{":
        return text
    try:
        return ast.literal_eval(stripped)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def read_failure(text: str) -> Failure | None:
    """The failure that a tool's result states; None where it states none."""
    text = text[:_TEXT_LIMIT]
    found = _failure_of(parse(text), 0)
    if not found:
        return None
    message = found.message or text
    return Failure(message, _quote(text, message), found.type, found.http_status or http_status(message))


def http_status(text: str) -> int:
    """The HTTP status between 400 and 599 that the text names; 0 where it names none."""
    match = _HTTP_STATUS.search(text[:4000])
    return int(next(group for group in match.groups() if group)) if match else 0


def _failure_of(value: Any, depth: int) -> Failure | None:
    if depth > _DEPTH_LIMIT:
        return None
    if isinstance(value, str):
        return _failure_of_text(value, depth)
    if isinstance(value, dict):
        return _failure_of_object(value, depth)
    if isinstance(value, list) and value and all(isinstance(item, dict) and "type" in item for item in value[:3]):
        # Content blocks of a message: [{"type": "text", "text": "Error: ..."}]
        return next((f for item in value[:3] if (f := _failure_of(item.get("text", ""), depth + 1))), None)
    return None


def _failure_of_text(text: str, depth: int) -> Failure | None:
    if depth and (value := parse(text)) is not text and isinstance(value, dict | list):
        return _failure_of(value, depth + 1)
    head = text[:2000]
    if _FAILED_TEXT.match(head) or _EXIT_CODE.search(head[:200]) or _TRACEBACK.search(text):
        return Failure(text.strip(), "", http_status=http_status(head))
    return None


def _failure_of_object(value: dict[Any, Any], depth: int) -> Failure | None:
    status = _status_of(value)
    if said := next((value[key] for key in _ERROR_KEYS if _says_something(value.get(key))), None):
        inner = "" if said is True else _text_of(said)
        kind = str(said.get("type") or said.get("code") or "") if isinstance(said, dict) else ""
        beside = parse(str(value.get("response") or ""))
        for place in (said, beside):
            status = status or (_status_of(place) if isinstance(place, dict) else 0)
        return Failure(_fuller(inner, value), "", kind, status)
    is_failed = (
        value.get("isError") is True or value.get("is_error") is True or value.get("success") is False
        or value.get("ok") is False or str(value.get("status", "")).lower() in _FAILED_WORDS
        or value.get("resourceType") == "OperationOutcome" or status >= 400
    )  # fmt: skip
    if is_failed:
        return Failure(_text_of(value), "", str(value.get("type") or ""), status)
    if set(value) <= {"message", "detail", "msg", "code", "type", "documentation_url", "reason"}:
        # An answer that holds nothing but a message is an error when it reads like one: {"detail": "Not authenticated"}.
        said = _text_of(value)
        return Failure(said, "", "") if said and _FAULT_WORDS.search(said) else None
    return next((f for key in _WRAPPERS if key in value and (f := _failure_of(value[key], depth + 1))), None)


def _says_something(error: Any, depth: int = 0) -> bool:
    """Whether an error field tells of an error: nothing, false, 0 and "none" do not, nor does what holds only such."""
    if isinstance(error, str):
        return error.strip(" .").lower() not in _NO_ERROR
    if isinstance(error, dict | list) and depth < _DEPTH_LIMIT:
        return any(_says_something(part, depth + 1) for part in (error.values() if isinstance(error, dict) else error))
    return bool(error)


def _status_of(value: dict[Any, Any]) -> int:
    for key in _STATUS_KEYS:
        status = value.get(key)
        if isinstance(status, str) and status.isdigit():
            status = int(status)
        if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599:
            return status
    return 0


def _fuller(said: str, value: dict[Any, Any]) -> str:
    """What an `error` field says; where it is a bare word, the message that stands beside it."""
    if len(said.split()) >= 2 and said.strip(".! ").lower() not in ("message error", "bad request"):
        return said
    beside = next((str(value[k]) for k in ("message", "detail", "reason", "response") if value.get(k)), "")
    inner = parse(beside)
    return (_text_of(inner) if isinstance(inner, dict) else beside) or said


def _text_of(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and depth < _DEPTH_LIMIT:
        for key in _TEXT_KEYS:
            if value.get(key) and (text := _text_of(value[key], depth + 1)):
                return text
        return next((t for v in value.values() if isinstance(v, dict | list) and (t := _text_of(v, depth + 1))), "")
    if isinstance(value, list) and value and depth < _DEPTH_LIMIT:
        return _text_of(value[0], depth + 1)
    return ""


def _quote(text: str, message: str) -> str:
    """The part of `text` that shows `message`, verbatim: escapes may keep the message itself from being found."""
    shown = _telling_line([line.strip() for line in message.splitlines() if line.strip()], message)
    candidates = (shown, json.dumps(shown)[1:-1], shown.replace('"', '\\"'), shown[:60])
    quote = next((candidate for candidate in candidates if candidate and candidate in text), text.strip())
    return quote[:300].strip()


def _telling_line(lines: Sequence[str], message: str) -> str:
    """The first line; of a trace the one that names the error, which the program's own output may follow."""
    if not lines or not _TRACEBACK.search(message):
        return lines[0] if lines else ""
    raised = next((error.type for error in reversed(read_stacktrace(message)) if error.type), "")
    names_it = re.compile(rf"(?:[\w.]+\.)?{re.escape(raised)}(?::|$)")
    return next((line for line in reversed(lines) if raised and names_it.match(line.lstrip("|+- "))), lines[-1])
