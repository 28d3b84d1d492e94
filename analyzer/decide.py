"""The decision rule: from what was seen to whose fault it is. In this order, for each thing seen:

1. A call failed in a machine-readable way: technical_error, recovered or not.
2. A lookup found nothing: missing_inventory. The agent said it cannot, and no offered tool covers the wish:
   missing_capability. Where the offered tools are unknown, with low confidence.
3. The agent said it cannot although a tool covers it, or the answer lies in a result it was given: false_refusal.
   Looping, calling what was not offered, claiming what no call did: agent_mistake.
4. A business rule decided: correct_refusal, counted and never ranked.

What the agent says right after a failure or an empty lookup of the same turn is its consequence, not a second fault:
it takes the family of its cause and is not a root. No failure is told twice for one wish.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.coverage import Coverage, coverage, holds_own_records, is_deed, is_question, is_visible
from analyzer.lexicon import BROKEN, POLICY, REASONED
from analyzer.lookups import empty_part, is_lookup
from analyzer.observations import Observation
from analyzer.text import content_words, stems, wish_of
from schemas.families import Code, Confidence, Family, Finding
from schemas.records import Conversation

_SAME_WISH = 0.4  # Jaccard of word stems from which two refusals of a conversation are one
_MODALITY = re.compile(
    r"\b(?:images?|photos?|pictures?|screenshots?|audio|videos?|voice|pdfs?|attachments?|recordings?)\b", re.I
)
_SENSE = re.compile(r"\b(?:see|view|open|read|hear|listen|play|watch|transcribe|process|analy[sz]e|access)\b", re.I)
_CONNECTION = re.compile(
    r"\b(?:not|isn't|hasn't been|haven't)\b.{0,20}\b(?:connected|integrated|linked|set up|configured)\b", re.I
)
_STALE = re.compile(
    r"\b(?:outdated|out of date|up[- ]to[- ]date|real[- ]time|knowledge cutoff|last updated|latest version)\b", re.I
)
_DATA = re.compile(r"\b(?:information|details?|specifications?|data|records?|prices?|pricing|access to)\b", re.I)
_OWN_LIMIT = re.compile(r"\b(?:ability|capabilit\w+|functionality|function|feature|tools?|system|means)\b", re.I)
_EXCEPTION = re.compile(r"\b(?:exceptions?|exemptions?|polic(?:y|ies)|rules?)\b", re.I)
_SPOKEN = frozenset({"refusal", "not_found_said", "handover", "no_answer"})


def decide(conversation: Conversation, observations: Iterable[Observation]) -> list[Finding]:
    """Findings in the order of the conversation; their quotes are not yet checked."""
    findings: list[Finding] = []
    seen = list(observations)
    # A typing error that the next lookup puts right is no issue, nor is what the agent says about it meanwhile.
    corrected = {o.place.turn for o in seen if o.kind == "empty_lookup" and o.is_recovered}
    for observation in seen:
        if observation.place.turn in corrected and observation.kind in ("empty_lookup", "not_found_said"):
            continue
        cause = _cause(observation, findings) if observation.kind in _SPOKEN else None
        finding = _consequence(observation, cause) if cause else _judge(conversation, observation)
        if finding and not _is_told(finding, findings):
            findings.append(finding)
    return findings


def _cause(observation: Observation, findings: Sequence[Finding]) -> Finding | None:
    """The failure this is the consequence of: the last unrecovered one of the turn; for a hand-over, of any refusal."""
    for finding in reversed(findings):
        if not finding.is_root:
            continue
        is_broken = finding.family in ("technical_error", "missing_inventory") and not finding.is_recovered
        # "I can't do that" after a failure of an earlier turn is mostly about that failure.
        is_vague = observation.kind == "refusal" and observation.confidence == "low"
        is_near = finding.turn == observation.place.turn or is_vague or bool(BROKEN.search(observation.quote))
        is_refused = observation.kind == "handover" and finding.detector == "refusals"
        if (is_broken and is_near) or is_refused:
            return finding
    return None


def _judge(conversation: Conversation, seen: Observation) -> Finding | None:
    match seen.kind:
        case "failed_call":
            return _technical(seen)
        case "empty_lookup":
            wanted = _wish(seen)
            about = f" about {wanted}" if wanted else ""
            return _finding(
                seen, "missing_inventory", "content_absent", f"{seen.operation} found nothing{about}", wanted
            )
        case "not_found_said":
            code: Code = "stale" if _STALE.search(seen.quote) else "content_absent"
            wanted = _wish(seen)
            return _finding(seen, "missing_inventory", code, f"The agent says it has no data for: {wanted}", wanted)
        case "refusal":
            return _refused(conversation, seen)
        case "handover":
            wanted = _wish(seen)
            return _finding(
                seen, "missing_capability", "operation_unsupported",
                f"The agent passed the user to a person for: {wanted}", wanted,
            )  # fmt: skip
        case "unknown_tool":
            return _finding(seen, "agent_mistake", "wrong_tool", "The model called a tool that was not offered to it",
                            seen.operation)  # fmt: skip
        case "repetition":
            what = f"the same {seen.operation} call" if seen.operation else "the same answer"
            return _finding(
                seen, "agent_mistake", "loop", f"The agent repeated {what} without progress", seen.operation
            )
        case "unbacked_claim":
            wanted = _wish(seen)
            return _finding(seen, "agent_mistake", "false_promise",
                            "The agent claims a deed that no tool call carried out", wanted)  # fmt: skip
        case "invention":
            wanted = _wish(seen)
            return _finding(seen, "agent_mistake", "fabricated",
                            "The agent names particulars that nothing in the conversation holds", wanted)  # fmt: skip
        case "no_answer":
            return _finding(seen, "technical_error", "exception", "The model ended with an empty answer", "empty answer",
                            title="the model: empty answer", key="v1:empty-answer")  # fmt: skip


def _technical(seen: Observation) -> Finding | None:
    if seen.fingerprint is None:
        return None
    found = seen.fingerprint
    kind = found.failure_class.replace("_", " ") or "an error"
    recovered = ", then recovered" if seen.is_recovered else ""
    finding = _finding(
        seen, "technical_error", found.code, f"A call of {seen.operation or 'a span'} failed with {kind}{recovered}",
        seen.operation, title=found.title, key=found.id,
    )  # fmt: skip
    return replace(finding, is_recovered=seen.is_recovered, components=found.components)


def _refused(conversation: Conversation, seen: Observation) -> Finding:
    wish = _wish(seen)
    tools = conversation.tools_offered
    if _is_ruled(seen):
        if tools and is_deed(wish) and not _EXCEPTION.search(wish) and coverage(tools, wish).cover == "none":
            # Whatever the rule: no offered tool could have done it for anybody.
            return replace(_missing(seen, "tool_absent", wish, "low"), is_boundary=True)
        return _finding(seen, "user_or_policy", "correct_refusal", f"The agent declined by a rule: {wish}", wish)
    found = coverage(tools, seen.subject) if tools else Coverage("none")
    results = [call.result for call in conversation.tool_calls if call.result and call.turn <= seen.place.turn]
    if found.cover == "covered":
        return _finding(
            seen, "agent_mistake", "false_refusal", f"The agent refused what {found.tool} can do: {wish}", wish
        )
    if is_visible(seen.subject, results):
        return _finding(seen, "agent_mistake", "false_refusal",
                        f"The agent says it cannot see what a tool showed it: {wish}", wish)  # fmt: skip
    if _DATA.search(seen.quote) and is_question(seen.subject) and _looked_up(conversation, seen.place.turn):
        # The tools bring records of the thing; what was asked is not among their fields. Another tool might have it.
        told = _finding(seen, "missing_inventory", "field_not_recorded", f"The records do not tell: {wish}", wish)
        return replace(told, is_boundary=True, confidence="low")
    if tools and is_question(seen.subject) and "your" in seen.quote.lower().split() and holds_own_records(tools):
        # Told "I cannot see your ..." while a tool that reads the user's records stood by, unused.
        told = _finding(
            seen, "agent_mistake", "false_refusal", f"The agent did not look up what it could: {wish}", wish
        )
        return replace(told, is_boundary=True, confidence="low")
    if tools is None:
        return _missing(seen, "tool_absent", wish, "low")
    code: Code = "operation_unsupported" if found.cover in ("near", "other_deed") else "tool_absent"
    return _missing(seen, code, wish, seen.confidence)


def _wish(seen: Observation) -> str:
    """What was wanted, in a few words; what was said, where the wish holds nothing but names, numbers and courtesies."""
    wishes = [wish_of(text) for text in (seen.subject, seen.context, seen.quote)]
    return next((wish for wish in wishes if content_words(wish)), next(filter(None, wishes), ""))


def _is_ruled(seen: Observation) -> bool:
    """Whether a business rule, and no limit of the agent's own, is named as the reason of a refusal."""
    return bool(
        POLICY.search(seen.quote)
        or ((POLICY.search(seen.context) or REASONED.search(seen.quote)) and not _OWN_LIMIT.search(seen.quote))
    )


def _looked_up(conversation: Conversation, turn: int) -> bool:
    """Whether a lookup brought something up to this turn."""
    return any(
        is_lookup(call.name) and call.result and call.turn <= turn and empty_part(call.name, call.result) is None
        for call in conversation.tool_calls
    )


def _missing(seen: Observation, code: Code, wish: str, confidence: Confidence) -> Finding:
    if _CONNECTION.search(seen.quote):
        code = "integration_not_connected"
    elif _MODALITY.search(seen.quote) and _SENSE.search(seen.quote):
        code = "modality_unsupported"
    finding = _finding(seen, "missing_capability", code, f"No offered tool serves the wish: {wish}", wish)
    return replace(finding, confidence=confidence)


def _consequence(seen: Observation, cause: Finding) -> Finding:
    deeds = {
        "refusal": "The agent told the user that it could not help",
        "not_found_said": "The agent told the user that nothing was found",
        "handover": "The agent passed the user on to a person",
        "no_answer": "The user got no answer",
    }
    finding = _finding(seen, cause.family, cause.code, f"{deeds[seen.kind]} after this failure", cause.subject,
                       title=cause.title, key=cause.group_key)  # fmt: skip
    return replace(
        finding, operation=cause.operation, confidence=cause.confidence, is_root=False, components=cause.components
    )


def _finding(
    seen: Observation, family: Family, code: Code, statement: str, subject: str, *, title: str = "", key: str = ""
) -> Finding:
    place = seen.place
    return Finding(
        family, code, " ".join(statement.split()[:20]).rstrip(" :"), seen.quote, place.source, place.trace_id, place.span_id,
        seen.detector, seen.confidence,
        message_index=place.message_index, turn=place.turn,
        subject=subject, operation=seen.operation, title=title, group_key=key,
    )  # fmt: skip


def _is_told(finding: Finding, earlier: Sequence[Finding]) -> bool:
    """Whether the conversation has already shown this: the same failure again, or the same wish refused again."""
    return any(
        finding.family == other.family and finding.code == other.code and finding.is_root == other.is_root
        and (
            finding.group_key == other.group_key
            if finding.group_key
            else finding.operation == other.operation and _are_alike(finding.subject, other.subject)
        )
        for other in earlier
    )  # fmt: skip


def _are_alike(one: str, other: str) -> bool:
    a, b = stems(one), stems(other)
    return one == other or (bool(a | b) and len(a & b) / len(a | b) >= _SAME_WISH)
