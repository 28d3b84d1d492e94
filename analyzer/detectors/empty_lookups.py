"""Lookups and retrievals that worked and found nothing, or nothing near."""

import difflib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analyzer.lexicon import NOT_FOUND, REFUSAL
from analyzer.lookups import empty_part
from analyzer.observations import (
    Observation,
    Place,
    arguments_place,
    position_at,
    quote_of_call,
    request_of,
    result_place,
)
from analyzer.technical.unwrap import parse
from schemas.records import Conversation, Retrieval, ToolCall

_NAME = "empty_lookups"
_LOW_SIMILARITY = 0.25  # best of scores between 0 and 1; only believed when the answer says the same
_SIMILAR_ARGUMENTS = 0.6  # a corrected typing error, not another question


def empty_lookups(conversation: Conversation) -> Iterator[Observation]:
    """Each lookup that found nothing; recovered where the next lookup of the same tool puts it right."""
    for position, call in enumerate(conversation.tool_calls):
        quote = empty_part(call.name, call.result)
        if quote is None or (call.status == "error" and not call.result):
            continue
        is_corrected = _is_corrected(call, conversation.tool_calls[position + 1 :])
        yield replace(_observe(conversation, call, quote), is_recovered=is_corrected)
    for retrieval in conversation.retrievals:
        yield from _observe_retrieval(conversation, retrieval)


def _is_corrected(call: ToolCall, later: Sequence[ToolCall]) -> bool:
    """Whether the next calls of the tool, with other arguments, find what this one did not.

    Within the turn every later success counts: the agent tried again. In the next turn the user may have asked something
    else, so the arguments must resemble the former ones. Calls made side by side correct nothing.
    """
    for other in later:
        if (
            other.name != call.name
            or other.arguments == call.arguments
            or empty_part(other.name, other.result) is not None
        ):
            continue
        if 0 <= call.message_index == other.message_index:
            continue
        if other.turn == call.turn:
            return True
        if other.turn == call.turn + 1:
            return difflib.SequenceMatcher(None, call.arguments, other.arguments).ratio() >= _SIMILAR_ARGUMENTS
    return False


def _observe(conversation: Conversation, call: ToolCall, quote: str) -> Observation:
    place = result_place(conversation, call)
    if not quote:  # an empty result cannot be quoted; what was asked can
        place, quote = arguments_place(conversation, call), quote_of_call(call)
    return Observation(
        "empty_lookup", _NAME, place, quote,
        operation=call.name,
        subject=_wanted(call.arguments),
        context=request_of(conversation, call.turn),
        confidence="medium",
    )  # fmt: skip


def _wanted(arguments: str) -> str:
    """The free text among a call's arguments: what was looked for, without switches and numbers."""
    value = parse(arguments)
    if not isinstance(value, dict):
        return ""
    texts = [text for text in value.values() if isinstance(text, str) and not text.startswith(("http", "{", "["))]
    return " ".join(text for text in texts if text.replace(" ", "").replace("-", "").replace("'", "").isalpha())


def _observe_retrieval(conversation: Conversation, retrieval: Retrieval) -> Iterator[Observation]:
    is_empty = not retrieval.documents
    if not retrieval.query or not (is_empty or _is_far(retrieval)):
        return
    position = position_at(conversation, retrieval.start_ns)
    turn = conversation.messages[position].turn if conversation.messages else 0
    answers = [m.body.content for m in conversation.messages if m.turn == turn and m.body.role == "assistant"]
    admits = any(NOT_FOUND.search(answer) or REFUSAL.search(answer) for answer in answers)
    if is_empty or admits:
        yield Observation(
            "empty_lookup", _NAME,
            Place("arguments", retrieval.trace_id, retrieval.span_id, turn, position),
            retrieval.query[:300].strip(),
            operation=retrieval.name or "the retrieval",
            subject=retrieval.query,
            context=request_of(conversation, turn),
            confidence="high" if is_empty and admits else "medium" if is_empty else "low",
        )  # fmt: skip


def _is_far(retrieval: Retrieval) -> bool:
    """Whether even the best document is far away. Rising scores are distances, whose scale nobody tells."""
    scores = [document.score for document in retrieval.documents if document.score is not None]
    falls = all(a >= b for a, b in itertools.pairwise(scores))
    return bool(scores) and falls and min(scores) >= 0 and max(scores) < _LOW_SIMILARITY
