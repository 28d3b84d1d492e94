"""Assemble conversations out of the facts of many spans.

    facts of spans, events, logs ─join per span▶ calls ─drop doubles▶ ─group▶ one group a conversation
        ─merge in time order▶ messages, history once ─match executions▶ tool calls

Every LLM span repeats the history so far, traces come in pieces and late, and ids sit on other spans than messages.
What is done about each is said at the function that does it. All functions are pure; the order of the records given
does not matter beyond ties in time.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile
from typing import Any

from analyzer.transcript import Transcript, is_same
from schemas.records import (
    Conversation,
    Feedback,
    Message,
    Record,
    Retrieval,
    SpanException,
    SpanFacts,
    ToolCall,
    ToolDefinition,
    ToolExecution,
)

LINK_WINDOW_NS = 6 * 3600 * 10**9  # calls without an id are linked by their history only within this time


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


def assemble(records: Iterable[Record]) -> list[Conversation]:
    """Return the conversations that the records tell, by time of their first span.

    A trace that speaks of no agent at all (no model call, no agent, no tool, no message) is no conversation.
    """
    traces = gather(records)
    groups = group(list(traces.values()))
    conversations = [converse(conversation_id, members) for conversation_id, members in groups]
    return sorted(conversations, key=lambda conversation: (conversation.start_ns, conversation.id))


# --- traces -----------------------------------------------------------------------------------------------------------


def gather(records: Iterable[Record]) -> dict[str, Trace]:
    """Sort records into their traces and join what several of them tell of one span."""
    parts: dict[tuple[str, str], list[SpanFacts]] = defaultdict(list)
    traces: dict[str, Trace] = {}
    unplaced: list[Feedback] = []
    for record in records:
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


# --- which traces are one conversation --------------------------------------------------------------------------------


def group(traces: Sequence[Trace]) -> list[tuple[str, list[Trace]]]:
    """Return (conversation id, its traces by time): by the id any span carries, else linked by repeated history.

    The id given to linked traces is that of the earliest one, prefixed `trace:`, so that it can be told from the real.
    """
    named: dict[str, list[Trace]] = defaultdict(list)
    unnamed: list[Trace] = []
    for trace in sorted(traces, key=lambda trace: (trace.start_ns, trace.id)):
        conversation_id = conversation_id_of(trace)
        if conversation_id:
            named[conversation_id].append(trace)
        else:
            unnamed.append(trace)
    groups = list(named.items())
    adopted = _adopt(unnamed, groups)
    groups.extend((f"trace:{members[0].id}", members) for members in link([t for t in unnamed if t.id not in adopted]))
    return groups


def conversation_id_of(trace: Trace) -> str:
    """The id on the outermost span that has one: an agent within may run a conversation of its own in the same session."""
    depths = ((sum(1 for _ in trace.ancestors(facts.span_id)), facts.start_ns, facts) for facts in trace.spans.values())
    for _, _, facts in sorted(depths, key=lambda item: item[:2]):
        if facts.conversation_id:
            return facts.conversation_id
    return ""


def _adopt(unnamed: Sequence[Trace], groups: Sequence[tuple[str, list[Trace]]]) -> set[str]:
    """Join traces without an id to the conversation whose trace they link to, or that links to them."""
    owner = {trace.id: members for _, members in groups for trace in members}
    links: dict[str, set[str]] = defaultdict(set)
    for trace in [*unnamed, *(trace for _, members in groups for trace in members)]:
        for other in trace.links:
            links[trace.id].add(other)
            links[other].add(trace.id)
    adopted: set[str] = set()
    waiting = list(unnamed)
    while found := [
        (trace, next(other for other in links[trace.id] if other in owner))
        for trace in waiting
        if links[trace.id] & owner.keys()
    ]:
        for trace, other in found:
            owner[other].append(trace)
            owner[trace.id] = owner[other]
            adopted.add(trace.id)
        waiting = [trace for trace in waiting if trace.id not in adopted]
    return adopted


def link(traces: Sequence[Trace]) -> list[list[Trace]]:
    """Chain traces without any id: a call continues the trace whose question and answer its input repeats.

    Requiring the answer keeps two people apart who both said "Hi". Only calls of one service within `LINK_WINDOW_NS` are
    linked. Traces joined by span links belong together whatever they say.
    """
    groups: list[list[Trace]] = []
    tails: dict[str, list[int]] = defaultdict(list)  # group numbers by service, the latest last
    by_trace: dict[str, int] = {}
    by_cause: dict[str, int] = {}  # the same for a trace that comes after those that name it
    for trace in traces:
        number = next((by_trace[cause] for cause in sorted(trace.links) if cause in by_trace), by_cause.get(trace.id))
        service = next((facts.service_name for facts in trace.spans.values()), "")
        if number is None:
            number = next((n for n in reversed(tails[service]) if _continues(trace, groups[n][-1])), None)
        if number is None:
            number = len(groups)
            groups.append([trace])
        else:
            groups[number].append(trace)
        if number in tails[service]:
            tails[service].remove(number)
        tails[service].append(number)
        by_trace[trace.id] = number
        by_cause |= dict.fromkeys(trace.links, number)
    return groups


def _continues(trace: Trace, last: Trace) -> bool:
    """Whether the first call of `trace` was given what was said and answered in the last call of another."""
    if not 0 <= trace.start_ns - last.start_ns <= LINK_WINDOW_NS:
        return False
    first = next((call for call in model_calls(trace) if call.input), None)
    before = next((call for call in reversed(model_calls(last)) if call.input and call.output), None)
    if first is None or before is None:
        return False
    said = [body for body in (*before.input, *before.output) if body.role != "system"]
    given = [body for body in first.input if body.role != "system"]
    return len(given) > len(said) and all(is_same(a, b) for a, b in zip(said, given, strict=False))


# --- one conversation -------------------------------------------------------------------------------------------------


def converse(conversation_id: str, traces: Sequence[Trace]) -> Conversation:
    """Return one conversation from its traces."""
    traces = sorted(traces, key=lambda trace: (trace.start_ns, trace.id))
    calls = [(trace, call) for trace in traces for call in spoken_calls(trace)]
    calls.sort(key=lambda item: (item[1].start_ns, item[1].span_id))
    transcript = Transcript()
    for trace, call in calls:
        transcript.add(call, is_delegated=_is_delegated(trace, call), agent_name=_agent_name(trace, call))
    spans = [facts for trace in traces for facts in trace.spans.values()]
    real_calls = [call for _, call in calls if call.role == "llm"]
    return Conversation(
        id=conversation_id,
        messages=tuple(transcript.messages),
        tool_calls=tuple(match_tool_calls(transcript.messages, [e for trace in traces for e in trace.executions])),
        retrievals=tuple(sorted((r for trace in traces for r in trace.retrievals), key=lambda r: r.start_ns)),
        exceptions=tuple(e for trace in traces for e in root_exceptions(trace)),
        feedback=tuple(sorted((f for trace in traces for f in trace.feedback), key=lambda f: f.time_ns)),
        tools_offered=_tools_offered(spans),
        tenant=next((facts.tenant for facts in spans if facts.tenant), ""),
        user_id=next((facts.user_id for facts in spans if facts.user_id), ""),
        service_name=next((facts.service_name for facts in spans if facts.service_name), ""),
        service_version=next((facts.service_version for facts in reversed(spans) if facts.service_version), ""),
        dialects=_distinct(facts.dialect for facts in spans),
        agent_names=_distinct(facts.agent_name for facts in spans),
        models=_distinct(facts.response_model or facts.request_model for facts in real_calls),
        trace_ids=tuple(trace.id for trace in traces),
        start_ns=min((facts.start_ns for facts in spans), default=0),
        end_ns=max((max(facts.end_ns, facts.start_ns) for facts in spans), default=0),
        llm_call_count=len(real_calls),
        # agents repeat the totals of their calls under the same names, some over their whole life: only calls count
        input_tokens=sum(call.input_tokens for call in real_calls),
        output_tokens=sum(call.output_tokens for call in real_calls),
        cost_usd=sum(call.cost_usd for call in real_calls),
        is_id_assigned=conversation_id.startswith("trace:"),
        is_content_missing=not any(message.body.content for message in transcript.messages),
        dropped_attributes_count=sum(facts.dropped_attributes_count for facts in spans),
        is_truncated=any(facts.is_truncated for facts in spans),
    )


def spoken_calls(trace: Trace) -> list[SpanFacts]:
    """The spans whose messages make the transcript: what spoke, and the tools that themselves tell what was asked of them.

    Claude Code's answers do not record the calls they ask for; its tools' spans do, as an increment.
    """
    told_by_tools = [facts for facts in trace.spans.values() if facts.role == "tool" and facts.is_increment]
    return _speakers(trace) + told_by_tools


def _speakers(trace: Trace) -> list[SpanFacts]:
    """The calls of the model, or the agent where they say too little.

    A failed call often has no input, and some frameworks record messages on the agent only; then the outermost agent
    or chain span with messages speaks for what its calls leave out.
    """
    calls = _with_replies(trace, model_calls(trace))
    if any(call.input for call in calls) and any(call.output for call in calls):
        return calls
    around = sorted(
        (
            facts
            for facts in trace.spans.values()
            if facts.role in ("agent", "chain", "other") and (facts.input or facts.output)
        ),
        key=lambda facts: (sum(1 for _ in trace.ancestors(facts.span_id)), facts.start_ns),
    )
    speaker = around[0] if around else None
    if speaker is None:
        return calls
    before = (
        []
        if any(call.input for call in calls)
        else [replace(speaker, output=(), start_ns=min([speaker.start_ns, *(c.start_ns for c in calls)]))]
    )
    after = (
        []
        if any(call.output for call in calls)
        else [replace(speaker, input=(), start_ns=max([speaker.end_ns, *(c.end_ns for c in calls)]))]
    )
    return before + calls + after


def _with_replies(trace: Trace, calls: Sequence[SpanFacts]) -> list[SpanFacts]:
    """Have the step right around a call speak the reply that an instrumentation left off the call itself.

    Only a step that made no other call: of several calls it would not tell which one it repeats.
    """
    calls_within = Counter(facts.span_id for call in calls for facts in trace.ancestors(call.span_id))
    spoken: list[SpanFacts] = []
    for call in calls:
        spoken.append(call)
        step = next(iter(trace.ancestors(call.span_id)), None)
        if call.output or call.status == "error" or step is None or calls_within[step.span_id] > 1:
            continue
        if step.role in ("agent", "chain") and step.output:
            spoken.append(replace(step, input=(), start_ns=max(call.end_ns, call.start_ns)))
    return spoken


def _is_delegated(trace: Trace, call: SpanFacts) -> bool:
    """Whether the call's user is another agent: the call runs inside a tool."""
    return any(facts.role == "tool" for facts in trace.ancestors(call.span_id))


def _agent_name(trace: Trace, call: SpanFacts) -> str:
    return call.agent_name or next(
        (facts.agent_name for facts in trace.ancestors(call.span_id) if facts.agent_name), ""
    )


def _tools_offered(spans: Iterable[SpanFacts]) -> tuple[ToolDefinition, ...] | None:
    """Every tool that was offered at some time, by name; None where nothing tells."""
    offered = {tool.name: tool for facts in spans for tool in facts.tools_offered}
    return tuple(offered.values()) if offered else None


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


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


# --- tool calls -------------------------------------------------------------------------------------------------------


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
    if status != "error" and (said is not None or ran is not None):
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
        error_message=execution.error_message if execution else "",
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
    return head.startswith(_FAILURE_STARTS) or any(mark in head[:200] for mark in _FAILURE_MARKS)


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
_FAILURE_MARKS = ('"error": "', '"error":"', '"isError": true', '"isError":true', "'error': '")


def assigned_id(trace_id: str) -> str:
    """The conversation id that momus gives to a trace without any."""
    return f"trace:{trace_id}"


def fingerprint(conversation: Conversation) -> str:
    """Return 32 hex digits that change when anything an analysis could see of the conversation changes."""
    seen = (
        conversation.messages,
        conversation.tool_calls,
        conversation.retrievals,
        conversation.exceptions,
        conversation.feedback,
        conversation.tools_offered,
    )
    return hashlib.blake2b(repr(seen).encode(errors="replace"), digest_size=16).hexdigest()
