"""Facets that code answers, exactly and for nothing, whether or not a model reads the conversation."""

from collections import Counter

from analyzer.facets.answers import FacetAnswer, FacetType
from analyzer.facets.definitions import FacetDefinition
from schemas.records import Conversation

# What a model answers of every conversation beside what a team asks.
MODEL_FACETS: dict[str, FacetType] = {
    "task": "text",
    "user_signal": "choice",
    "frustration": "choice",
    "user_language": "text",
    "findings_verdict": "choice",
}


def measured(conversation: Conversation) -> tuple[FacetAnswer, ...]:
    """Counts, tokens, cost, time, repetitions, versions and feedback of a conversation.

    What no payload carries (tokens, cost, feedback) is None, not 0: unknown is not nothing.
    """
    calls = conversation.tool_calls
    numbers: dict[str, float | None] = {
        "turns": conversation.turn_count,
        "tool_calls": len(calls),
        "errors": sum(call.status == "error" for call in calls) + _other_exceptions(conversation),
        "retries": sum(n - 1 for n in Counter((call.name, call.arguments) for call in calls).values()),
        "input_tokens": conversation.input_tokens or None,
        "output_tokens": conversation.output_tokens or None,
        "cost_usd": conversation.cost_usd or None,
        "duration_s": (conversation.end_ns - conversation.start_ns) / 1e9 if conversation.start_ns else None,
        "slowest_turn_s": _slowest_turn_s(conversation),
        "feedback_score": _feedback_score(conversation),
    }
    texts = {
        "models": ", ".join(conversation.models) or None,
        "service_version": conversation.service_version or None,
        "feedback_label": next((f.label for f in reversed(conversation.feedback) if f.label), None),
    }
    return (
        *(FacetAnswer(name, "number", None if n is None else float(n)) for name, n in numbers.items()),
        *(FacetAnswer(name, "text", text) for name, text in texts.items()),
    )


def unanswered(definitions: tuple[FacetDefinition, ...], language: str = "") -> tuple[FacetAnswer, ...]:
    """What only a model could answer, where none did: None, by nobody; but for the language, which code can guess."""
    asked = MODEL_FACETS | {definition.name: definition.type for definition in definitions}
    guessed = {"user_language": language} if language else {}
    return tuple(
        FacetAnswer(name, kind, guessed.get(name), by="code" if name in guessed else "") for name, kind in asked.items()
    )


def _other_exceptions(conversation: Conversation) -> int:
    """Exceptions of spans that are no failed call, so that no failure is counted twice."""
    failed = {(call.trace_id, call.span_id) for call in conversation.tool_calls if call.status == "error"}
    return len({(e.trace_id, e.span_id) for e in conversation.exceptions} - failed)


def _slowest_turn_s(conversation: Conversation) -> float | None:
    """From a user's message to the last thing said in its turn, at worst."""
    spans: dict[int, list[int]] = {}
    for message in conversation.messages:
        if message.turn > 0 and message.time_ns > 0:
            spans.setdefault(message.turn, []).append(message.time_ns)
    waits = [(max(times) - min(times)) / 1e9 for times in spans.values() if len(times) > 1]
    return max(waits, default=None)


def _feedback_score(conversation: Conversation) -> float | None:
    scores = [feedback.score for feedback in conversation.feedback if feedback.score is not None]
    return sum(scores) / len(scores) if scores else None


MEASURED = frozenset(answer.name for answer in measured(Conversation("", ())))
RESERVED = MEASURED | MODEL_FACETS.keys()  # names that a team's facets cannot have
