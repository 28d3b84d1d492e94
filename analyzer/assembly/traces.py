"""What is known of one trace: its spans joined from all that tells of them, its model calls, each once, its failures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from schemas.records import Feedback, Record, Retrieval, SpanException, SpanFacts, ToolExecution


@dataclass(slots=True)
class Trace:
    """All records of one trace. `links` are the ids of the traces that it names as its causes, near and far."""

    id: str
    spans: dict[str, SpanFacts] = field(default_factory=dict)
    executions: list[ToolExecution] = field(default_factory=list)
    retrievals: list[Retrieval] = field(default_factory=list)
    exceptions: list[SpanException] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    links: set[str] = field(default_factory=set)

    @property
    def start_ns(self) -> int:
        """When the first span began."""
        return min((facts.start_ns for facts in self.spans.values()), default=0)

    def ancestors(self, span_id: str) -> Iterable[SpanFacts]:
        """The spans above one, nearest first; a missing parent ends the walk as a root would."""
        seen = {span_id}
        facts = self.spans.get(span_id)
        while facts and facts.parent_span_id not in seen:
            seen.add(facts.parent_span_id)
            facts = self.spans.get(facts.parent_span_id)
            if facts:
                yield facts


def gather(records: Iterable[Record]) -> dict[str, Trace]:
    """Sort records into their traces and join what several of them tell of one span; equal records count once.

    Two collectors that were sent the same span, since the answer of the first was lost, have both stored it.
    """
    parts: dict[tuple[str, str], list[SpanFacts]] = defaultdict(list)
    traces: dict[str, Trace] = {}
    unplaced: list[Feedback] = []
    for record in dict.fromkeys(records):
        if isinstance(record, Feedback) and not record.trace_id:
            unplaced.append(record)
            continue
        trace = traces.setdefault(record.trace_id, Trace(record.trace_id))
        match record:
            case SpanFacts():
                parts[record.trace_id, record.span_id].append(record)
            case ToolExecution():
                trace.executions.append(record)
            case Retrieval():
                trace.retrievals.append(record)
            case SpanException():
                trace.exceptions.append(record)
            case Feedback():
                trace.feedback.append(record)
    for (trace_id, span_id), told in parts.items():
        traces[trace_id].spans[span_id] = join(told)
    _place(unplaced, traces)
    kept = {trace_id: trace for trace_id, trace in traces.items() if _is_about_an_agent(trace)}
    relays = {trace_id: _linked_by(trace) for trace_id, trace in traces.items() if trace_id not in kept}
    for trace in kept.values():
        trace.links = _causes(trace, relays)
    return kept


def _linked_by(trace: Trace) -> set[str]:
    return {other for facts in trace.spans.values() for other in facts.linked_trace_ids}


def _causes(trace: Trace, relays: Mapping[str, set[str]]) -> set[str]:
    """The traces that a trace links to, through those that only pass messages on: AutoGen's runtime has a trace for each."""
    found: set[str] = set()
    waiting = _linked_by(trace)
    while waiting:
        found |= waiting
        waiting = {beyond for other in waiting for beyond in relays.get(other, ())} - found
    return found


def join(parts: Sequence[SpanFacts]) -> SpanFacts:
    """Join what a span's attributes and its log records tell: attributes first, a complete record before single messages.

    A side that the attributes hold only cut off is taken from the log record, which no attribute limit cuts.
    """
    ordered = sorted(parts, key=lambda part: (part.source == "log", part.ordinal > 0, part.start_ns, part.ordinal))
    whole = ordered[0]
    completions = [part for part in ordered[1:] if part.ordinal == 0]
    pieces = sorted((part for part in ordered if part.ordinal > 0), key=lambda part: (part.start_ns, part.ordinal))
    told: dict[str, Any] = {}
    for side in ("input", "output"):
        of_side = [getattr(part, side) for part in completions]
        spoken = tuple(body for piece in pieces for body in getattr(piece, side))
        options = [() if whole.is_truncated else getattr(whole, side), *of_side, spoken, getattr(whole, side)]
        told[side] = next((option for option in options if option), ())
    filled = {
        name: next((value for part in ordered if (value := getattr(part, name))), getattr(whole, name))
        for name in (
            "conversation_id",
            "session_id",
            "user_id",
            "tools_offered",
            "finish_reason",
            "response_id",
            "agent_name",
            "cost_usd",
        )
    }
    return replace(whole, **filled, **told)


def _is_about_an_agent(trace: Trace) -> bool:
    roles = {facts.role for facts in trace.spans.values()}
    return bool(trace.executions or trace.retrievals or roles & {"llm", "agent", "chain"}) or any(
        facts.input or facts.output for facts in trace.spans.values()
    )


def _place(unplaced: Iterable[Feedback], traces: Mapping[str, Trace]) -> None:
    """Feedback without a trace id names the model's answer or the conversation."""
    by_answer = {
        facts.response_id: trace for trace in traces.values() for facts in trace.spans.values() if facts.response_id
    }
    by_conversation = {
        facts.conversation_id: trace
        for trace in traces.values()
        for facts in trace.spans.values()
        if facts.conversation_id
    }
    for feedback in unplaced:
        trace = by_answer.get(feedback.response_id) or by_conversation.get(feedback.conversation_id)
        if trace:
            trace.feedback.append(feedback)


def model_calls(trace: Trace) -> list[SpanFacts]:
    """The trace's calls of a model in the order they began, each once.

    Two instrumentations at work see one call twice: as spans with the same answer id, or one inside the other. The one
    that carries more messages is kept, the outer one where they are equal.
    """
    calls = sorted(
        (facts for facts in trace.spans.values() if facts.role == "llm"),
        key=lambda facts: (facts.start_ns, facts.span_id),
    )
    kept: dict[str, SpanFacts] = {}
    for call in calls:
        double = next((kept[facts.span_id] for facts in _around(trace, call) if facts.span_id in kept), None)
        if double is None and call.response_id:
            double = next((other for other in kept.values() if other.response_id == call.response_id), None)
        if double is None:
            kept[call.span_id] = call
        elif _weight(call) > _weight(double):
            del kept[double.span_id]
            kept[call.span_id] = call
    return list(kept.values())


def _around(trace: Trace, call: SpanFacts) -> Iterable[SpanFacts]:
    """The spans above a call up to the nearest agent or tool: Google's ADK runs tools, and agents, inside the call that asked."""
    return takewhile(lambda facts: facts.role not in ("agent", "tool"), trace.ancestors(call.span_id))


def _weight(call: SpanFacts) -> tuple[bool, bool, int]:
    return bool(call.output), bool(call.input), len(call.input)


def root_exceptions(trace: Trace) -> list[SpanException]:
    """One failure marks every span around it, often in more words: keep the deepest that says it, in order of time."""
    said_below: dict[str, set[str]] = defaultdict(set)
    for failure in trace.exceptions:
        for facts in trace.ancestors(failure.span_id):
            said_below[facts.span_id].add(_words(failure)[:200])
    kept = [
        failure
        for failure in trace.exceptions
        if not any(_repeats(_words(failure), said) for said in said_below[failure.span_id])
        and not _is_echo(failure, trace)
    ]
    return sorted((_completed(f, trace) for f in kept), key=lambda failure: (failure.time_ns, failure.span_id))


def _completed(failure: SpanException, trace: Trace) -> SpanException:
    """The failure with the type and the stack trace that only a span around it tells, as Langfuse's outermost does."""
    if failure.type and failure.stacktrace:
        return failure
    around = {facts.span_id for facts in trace.ancestors(failure.span_id)}
    same = [other for other in trace.exceptions if other.span_id in around and _words(other) == _words(failure)]
    return replace(
        failure,
        type=failure.type or next((other.type for other in same if other.type), ""),
        stacktrace=failure.stacktrace or next((other.stacktrace for other in same if other.stacktrace), ""),
    )


def _words(failure: SpanException) -> str:
    return " ".join((failure.message or failure.type).split())


def _repeats(words: str, said: str) -> bool:
    """Whether a failure says again what one below it said, alone or wrapped; a word or two may be there by chance."""
    return words[:200] == said or (len(said) >= 12 and said in words)


def _is_echo(failure: SpanException, trace: Trace) -> bool:
    """An error status without a word of its own above a span that failed with one."""
    below = (other for other in trace.exceptions if other.span_id != failure.span_id and (other.message or other.type))
    return not failure.message and any(
        failure.span_id == facts.span_id for other in below for facts in trace.ancestors(other.span_id)
    )
