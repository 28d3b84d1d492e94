"""Which traces are one conversation: by the id that any span carries, by span links, by repeated history."""

from collections import defaultdict
from collections.abc import Sequence

from analyzer.assembly.traces import Trace, model_calls
from analyzer.assembly.transcript import is_same

LINK_WINDOW_NS = 6 * 3600 * 10**9  # calls without an id are linked by their history only within this time


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
