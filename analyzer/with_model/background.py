"""What the model must know beside the transcript: which tools the agent had, and what it was told to do."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from analyzer.summarise import is_refusal
from analyzer.technical.unwrap import parse
from analyzer.text import sentences, shorten, stems
from schemas.records import Conversation, ToolDefinition

_DESCRIBED = 40  # tools that are described; of more, those that the conversation speaks of
_NAMED = 300
_DESCRIPTION_CHARS = 64
_SHARED_BY = 3  # tools from which on an opening of their descriptions is boilerplate
_INSTRUCTION_CHARS = 640  # of the excerpt
_SENTENCE_CHARS = 300
_HEADING = re.compile(r"\s*(?:#{1,6}\s+(.+)|(?:[-*\d.]+\s+)?\**([^.!?]{3,60}):\**\s*$)")
_UNRECORDED = (
    "No call stands in the transcript: they may not have been recorded. For want of a call alone no deed is false and no"
    " answer fabricated."
)
_TURNS = 3  # of a talk without any call, from which on it is likely that calls are not recorded


def tool_list(conversation: Conversation) -> str:
    """The declared tools, one a line; of very many only those that the conversation speaks of are described."""
    listed = _listed(conversation)
    has_calls = bool(conversation.tool_calls or conversation.retrievals)
    is_likely = conversation.tools_offered is None or (conversation.tools_offered and conversation.turn_count >= _TURNS)
    return f"{listed}\n{_UNRECORDED}" if is_likely and not has_calls else listed


def _listed(conversation: Conversation) -> str:
    offered = conversation.tools_offered
    if offered is None:
        called = sorted({call.name for call in conversation.tool_calls})
        return "not declared in the trace; called were: " + (", ".join(called) or "none")
    if not offered:
        return "none: the agent had no tools"
    near = _nearest(offered, conversation)
    openings = _boilerplate(offered)
    lines = [_tool_line(tool, openings) for tool in offered if tool.name in near]
    others = [tool.name for tool in offered if tool.name not in near]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return "\n".join(lines + ([f"also: {', '.join(others[:_NAMED])}{more}"] if others else []))


def _nearest(offered: Sequence[ToolDefinition], conversation: Conversation) -> set[str]:
    """Names of the tools to describe: those called, then those whose words the users use."""
    if len(offered) <= _DESCRIBED:
        return {tool.name for tool in offered}
    called = {call.name for call in conversation.tool_calls}
    asked = stems(" ".join(m.body.content[:2000] for m in conversation.messages if m.body.role == "user"))
    rank = sorted(
        offered,
        key=lambda tool: (tool.name not in called, -len(asked & stems(f"{tool.name} {tool.description[:300]}"))),
    )
    return {tool.name for tool in rank[:_DESCRIBED]}


def _boilerplate(offered: Sequence[ToolDefinition]) -> Counter[str]:
    """How many tools have each sentence without what they quote: what all say tells nothing of any."""
    return Counter(plain for tool in offered for plain in {_plain(s) for _, s in sentences(tool.description[:2000])})


def _plain(sentence: str) -> str:
    """A sentence up to its colon, without quoted names."""
    return re.sub(r"[\"'“].*?[\"'”]", "", sentence.partition(": ")[0]).strip().lower()


def _tool_line(tool: ToolDefinition, openings: Counter[str]) -> str:
    schema = parse(tool.parameters)
    fields = schema.get("properties", schema) if isinstance(schema, dict) else {}
    names = ", ".join(str(name) for name in list(fields)[:12]) if isinstance(fields, dict) else ""
    first = next(_telling(tool.description, openings), "")
    about = f": {shorten(first, _DESCRIPTION_CHARS)}" if first else ""
    return f"- {tool.name}{f'({names})' if names else ''}{about}"


def _telling(description: str, openings: Counter[str]) -> Iterator[str]:
    """The sentences of a description that are its own; of one that begins like others', what follows its colon."""
    for _, sentence in sentences(description[:2000]):
        if openings[_plain(sentence)] < _SHARED_BY:
            yield sentence
        elif own := sentence.partition(": ")[2].strip("\"'“” "):
            yield own


def instructions(conversation: Conversation) -> str:
    """What the agent was told, if that is short; else those rules in it that concern what was asked and refused.

    The excerpt keeps the order and says how much of how much it is.
    """
    told = "\n".join(message.body.content for message in conversation.messages if message.body.role == "system")
    if len(told) <= _INSTRUCTION_CHARS:
        return told.strip()
    rules = list(_rules(told[:60_000]))
    weights = _weights(rules, _concern(conversation))
    chosen: set[int] = set()
    room = _INSTRUCTION_CHARS
    for number in sorted(range(len(rules)), key=lambda n: (-weights[n], n)):
        if weights[number] > 0 and len(rules[number][1]) < room:
            chosen.add(number)
            room -= len(rules[number][1]) + 1
    excerpt = "\n".join(rules[number][1] for number in sorted(chosen))
    return f"(excerpt, {len(excerpt):,} of {len(told):,} characters)\n{excerpt}"


def _rules(told: str) -> Iterator[tuple[str, str]]:
    """Each sentence with the heading that it stands under: a rule seldom repeats what its section is about."""
    heading = ""
    for line in told.splitlines():
        if match := _HEADING.fullmatch(line):
            heading = match[1] or match[2]
        for _, sentence in sentences(line):
            yield heading, shorten(sentence.strip("-*# "), _SENTENCE_CHARS)


def _concern(conversation: Conversation) -> Counter[str]:
    """The words of users and of the agent's refusals, each with the number of messages that have it."""
    heard = (m.body for m in conversation.messages if m.body.role in ("user", "assistant"))
    spoken = (b.content[:2000] for b in heard if b.role == "user" or is_refusal(b.content[:2000]))
    return Counter(stem for text in spoken for stem in stems(text))


def _weights(rules: Sequence[tuple[str, str]], concern: Counter[str]) -> list[float]:
    """How much each rule concerns what was said: shared words, the rarer among the rules the more, per length."""
    spoken = [(stems(heading), stems(rule)) for heading, rule in rules]
    common = Counter(stem for _, stems_of in spoken for stem in stems_of)

    def weigh(words: Collection[str]) -> float:
        shared = (word for word in words if concern[word])
        return sum(math.log(1 + len(rules) / (1 + common[w])) * math.log2(1 + concern[w]) for w in shared)

    return [(weigh(own) + weigh(above - own) / 2) / (6 + len(own)) if own else 0.0 for above, own in spoken]
