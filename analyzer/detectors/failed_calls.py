"""Calls that failed and say so: exceptions, error statuses, and tool results that read like an error."""

from collections.abc import Iterable, Iterator

from analyzer.lookups import empty_part, missing_part
from analyzer.observations import Observation, Place, position_at, result_place
from analyzer.technical.fingerprint import fingerprint
from analyzer.technical.parameterise import parameterise
from analyzer.technical.unwrap import Failure, read_failure
from schemas.records import Conversation, SpanException, ToolCall

_NAME = "failed_calls"


def failed_calls(conversation: Conversation) -> Iterator[Observation]:
    """Each failed tool call once, then each exception that belongs to none of them.

    One failure leaves many traces: the tool's result, an exception event on its span, and the same exception again on
    every span above it. They are recognised by span, by operation and by message, and told as one.
    """
    pending = list(conversation.exceptions)
    for call in conversation.tool_calls:
        own = [exception for exception in pending if _concerns(exception, call)]
        if missing_part(call.name, call.result or "") is not None:
            # A lookup that found nothing did not fail, raise as it may: see empty_lookups.
            pending = [e for e in pending if e not in own and not _repeats(e, call.result or "")]
        elif failure := _failure_of(call, own):
            yield _observe_call(conversation, call, failure, own)
            pending = [e for e in pending if e not in own and not _repeats(e, failure.message)]
    yield from _observe_exceptions(conversation, pending)


def _failure_of(call: ToolCall, exceptions: list[SpanException]) -> Failure | None:
    result = call.result or ""
    stated = read_failure(result)
    if stated:
        return stated
    if exceptions:
        worst = max(exceptions, key=lambda exception: len(exception.stacktrace))
        message = worst.message or worst.type
        return Failure(message, message, worst.type, worst.http_status)
    if call.status == "error":
        message = call.error_message or result or call.error_type
        is_miss = empty_part(call.name, message) is not None
        return None if is_miss else Failure(message, message[:300].strip(), call.error_type)
    return None


def _concerns(exception: SpanException, call: ToolCall) -> bool:
    if exception.trace_id != call.trace_id:
        return False
    if exception.span_id == call.span_id and (exception.operation in ("", call.name) or exception.source == "tool"):
        return True
    if exception.operation != call.name or exception.source == "llm":
        return False
    said = call.result or call.error_message
    return (
        not said
        or bool(exception.message and exception.message[:80] in said)
        or call.error_message == exception.message
    )


def _repeats(exception: SpanException, message: str) -> bool:
    return bool(exception.message) and (exception.message[:200] in message or message[:200] in exception.message)


def _observe_call(
    conversation: Conversation, call: ToolCall, failure: Failure, exceptions: list[SpanException]
) -> Observation:
    stack = max((exception.stacktrace for exception in exceptions), key=len, default="")
    status = failure.http_status or next((e.http_status for e in exceptions if e.http_status), 0)
    kind = failure.type or call.error_type or next((e.type for e in exceptions if e.type), "")
    place, quote = result_place(conversation, call), failure.quote
    if quote not in (call.result or ""):
        place, quote = _exception_place(conversation, call, exceptions), failure.message[:300].strip()
    return Observation(
        "failed_call", _NAME, place, quote,
        operation=call.name,
        fingerprint=fingerprint(
            failure.message, operation=call.name, error_type=kind, stacktrace=stack, status=status
        ),
        is_recovered=_succeeds_later(conversation, call),
    )  # fmt: skip


def _exception_place(conversation: Conversation, call: ToolCall, exceptions: list[SpanException]) -> Place:
    span_id = exceptions[0].span_id if exceptions else call.span_id
    place = result_place(conversation, call)
    return Place("exception", call.trace_id, span_id, call.turn, place.position)


def _succeeds_later(conversation: Conversation, call: ToolCall) -> bool:
    later = conversation.tool_calls[conversation.tool_calls.index(call) + 1 :]
    return any(
        other.name == call.name and other.status != "error" and other.result is not None
        and not read_failure(other.result)
        for other in later
    )  # fmt: skip


def _observe_exceptions(conversation: Conversation, exceptions: Iterable[SpanException]) -> Iterator[Observation]:
    """One observation per distinct failure of a trace; of repetitions on the way up the one with the longest stack."""
    distinct: dict[tuple[str, str], SpanException] = {}
    for exception in exceptions:
        key = (exception.trace_id, parameterise(exception.message) or exception.type)
        if key not in distinct or len(exception.stacktrace) > len(distinct[key].stacktrace):
            distinct[key] = exception
    for exception in distinct.values():
        quote = (exception.message or exception.type).strip()[:300].strip()
        if quote:
            yield _observe_exception(conversation, exception, quote)


def _observe_exception(conversation: Conversation, exception: SpanException, quote: str) -> Observation:
    position = position_at(conversation, exception.time_ns)
    turn = conversation.messages[position].turn if conversation.messages else 0
    answered = any(
        message.turn == turn and message.body.role == "assistant" and message.body.content.strip()
        and message.time_ns >= exception.time_ns
        for message in conversation.messages
    )  # fmt: skip
    return Observation(
        "failed_call", _NAME,
        Place("exception", exception.trace_id, exception.span_id, turn, position),
        quote,
        operation=exception.operation,
        fingerprint=fingerprint(
            exception.message or exception.type,
            operation=exception.operation,
            error_type=exception.type,
            stacktrace=exception.stacktrace,
            status=exception.http_status,
        ),
        # After an exception an answer shows that a retry worked; a cut answer is itself the damage.
        is_recovered=answered and exception.source == "llm" and exception.type != "finish_reason",
    )  # fmt: skip
