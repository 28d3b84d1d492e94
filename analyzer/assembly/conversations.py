"""Assemble whole conversations."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.assembly.linking import group
from analyzer.assembly.tool_calls import match_tool_calls
from analyzer.assembly.traces import Trace, gather, model_calls, root_exceptions
from analyzer.assembly.transcript import Transcript
from schemas.records import Conversation, Record, SpanFacts, ToolDefinition


def assemble(records: Iterable[Record]) -> list[Conversation]:
    """Return the conversations that the records tell, by time of their first span.

    A trace that speaks of no agent at all (no model call, no agent, no tool, no message) is no conversation.
    """
    traces = gather(records)
    groups = group(list(traces.values()))
    conversations = [converse(conversation_id, members) for conversation_id, members in groups]
    return sorted(conversations, key=lambda conversation: (conversation.start_ns, conversation.id))


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


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


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
