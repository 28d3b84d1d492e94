"""What was asked of tools, joined with what came of it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from schemas.records import Message, ToolCall, ToolExecution


def match_tool_calls(messages: Sequence[Message], executions: Sequence[ToolExecution]) -> list[ToolCall]:
    """Join what was asked of tools with what came of it: by call id, else by name and arguments, else by name, in order.

    An execution that nobody asked for is a tool call of its own; so is a request that nothing answered.
    """
    waiting = sorted(join_executions(executions), key=lambda execution: (execution.start_ns, execution.span_id))
    results = [message for message in messages if message.body.role == "tool"]
    calls: list[ToolCall] = []
    asked = [(message, request) for message in messages for request in message.body.tool_calls]
    found = _pair([(request.id, request.name, request.arguments) for _, request in asked], waiting)
    for (message, request), execution in zip(asked, found, strict=True):
        answer = _answer(request.id, request.name, message.index, results)
        if answer:
            results.remove(answer)
        calls.append(_tool_call(message, request.id, request.name, request.arguments, execution, answer))
    taken = {execution.span_id for execution in found if execution}
    calls.extend(_unasked(execution, messages, results) for execution in waiting if execution.span_id not in taken)
    return sorted(calls, key=lambda call: (call.time_ns, call.message_index))


def join_executions(executions: Iterable[ToolExecution]) -> list[ToolExecution]:
    """Join what several spans tell of one execution: Claude Code's tool span does not say what the one within it does."""
    told: dict[tuple[str, str], list[ToolExecution]] = defaultdict(list)
    for execution in executions:
        told[execution.trace_id, execution.span_id].append(execution)
    return [_joined(parts) if len(parts) > 1 else parts[0] for parts in told.values()]


def _joined(parts: Sequence[ToolExecution]) -> ToolExecution:
    """One execution: the part that names the tool, with the failure that any part tells of."""
    whole = max(parts, key=lambda part: (bool(part.name), part.result is not None, part.end_ns))
    failed = next((part for part in parts if part.status == "error"), whole)
    return replace(
        whole,
        status=failed.status,
        error_type=failed.error_type,
        error_message=failed.error_message,
        result=whole.result if whole.result is not None else failed.result,
    )


_NO_NAME = re.compile(r"\W+")
_Asked = tuple[str, str, str]  # call id, tool's name, arguments


def _pair(asked: Sequence[_Asked], executions: Sequence[ToolExecution]) -> list[ToolExecution | None]:
    """The execution of each request, the surest matches made first; no execution is used twice."""
    found: list[ToolExecution | None] = [None] * len(asked)
    free = list(executions)
    for fits in (_is_by_id, _is_by_arguments, _is_by_name):
        for number, ask in enumerate(asked):
            if found[number] is None:
                found[number] = next((run for run in free if fits(ask, run)), None)
                free = [run for run in free if run is not found[number]]
    return found


def _is_by_id(ask: _Asked, run: ToolExecution) -> bool:
    return bool(ask[0]) and run.call_id == ask[0]


def _is_by_arguments(ask: _Asked, run: ToolExecution) -> bool:
    return run.arguments == ask[2] and _folded(run.name) == _folded(ask[1])


def _is_by_name(ask: _Asked, run: ToolExecution) -> bool:
    return not (ask[0] and run.call_id) and _folded(run.name) == _folded(ask[1])


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """A tool's name as a model must spell it: CrewAI offers "Delegate work to coworker" as `delegate_work_to_coworker`."""
    return _NO_NAME.sub("_", name).lower()


def _answer(call_id: str, name: str, after: int, results: Sequence[Message]) -> Message | None:
    """The tool message that answers a request: by id, else the next one that names the same tool or none."""
    by_id = next((message for message in results if call_id and message.body.tool_call_id == call_id), None)
    if by_id:
        return by_id
    later = (message for message in results if message.index > after and not (call_id and message.body.tool_call_id))
    return next((message for message in later if message.body.name in ("", name)), None)


def _tool_call(
    message: Message, call_id: str, name: str, arguments: str, execution: ToolExecution | None, answer: Message | None
) -> ToolCall:
    said = answer.body.content if answer else None
    ran = execution.result if execution else None
    status = execution.status if execution else "unknown"
    is_marked = answer is not None and answer.body.is_error
    if is_marked:
        status = "error"
    elif status != "error" and (said is not None or ran is not None):
        status = "error" if looks_failed(said if said is not None else ran or "") else "ok"
    return ToolCall(
        turn=message.turn,
        name=name,
        trace_id=execution.trace_id if execution else message.trace_id,
        span_id=execution.span_id if execution else message.span_id,
        time_ns=execution.start_ns if execution else message.time_ns,
        id=call_id,
        arguments=arguments,
        result=said if said is not None else ran,
        status=status,
        error_type=execution.error_type if execution else "",
        error_message=(execution.error_message if execution else "") or (said or "" if is_marked else ""),
        duration_ns=max(execution.end_ns - execution.start_ns, 0) if execution else 0,
        message_index=message.index,
        result_index=answer.index if answer else -1,
    )


def _unasked(execution: ToolExecution, messages: Sequence[Message], results: Sequence[Message]) -> ToolCall:
    answer = next((m for m in results if execution.call_id and m.body.tool_call_id == execution.call_id), None)
    before = [message.turn for message in messages if message.time_ns <= execution.start_ns]
    return ToolCall(
        turn=max(before, default=min((message.turn for message in messages), default=0)),
        name=execution.name,
        trace_id=execution.trace_id,
        span_id=execution.span_id,
        time_ns=execution.start_ns,
        id=execution.call_id,
        arguments=execution.arguments,
        result=answer.body.content if answer and execution.result is None else execution.result,
        status=execution.status,
        error_type=execution.error_type,
        error_message=execution.error_message,
        duration_ns=max(execution.end_ns - execution.start_ns, 0),
        result_index=answer.index if answer else -1,
    )


def looks_failed(result: str) -> bool:
    """Whether a tool's result says by itself that the call failed: an error text or an error object."""
    head = result.lstrip()[:4096]
    return head.startswith(_FAILURE_STARTS) or bool(_FAILURE_MARK.search(head[:200]))


_FAILURE_STARTS = (
    "Error:",
    "error:",
    "ERROR:",
    "Error executing",
    "Error in ",
    "Traceback (most recent call last)",
    "Exception:",
    "An error occurred while",
)
# An error field that says something: many tools always have one, empty or "none" where nothing failed.
_FAILURE_MARK = re.compile(
    r"""["']error["']: ?(["'])(?!\s*(?:none|null|false|0|ok|no error)?\s*\1)|"isError": ?true""", re.IGNORECASE
)
