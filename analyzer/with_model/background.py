"""What the model must know beside the transcript: which tools the agent had, and what it was told to do."""

import re
from collections.abc import Sequence

from analyzer.technical.unwrap import parse
from analyzer.text import sentences, shorten, stems
from schemas.records import Conversation, ToolDefinition

_DESCRIBED = 40  # tools that are described; of more, those that the conversation speaks of
_NAMED = 300
_DESCRIPTION_CHARS = 64
_INSTRUCTION_CHARS = 420  # of the excerpt
_SENTENCE_CHARS = 300
_RULE = re.compile(
    r"\b(?:must|never|always|only|not|cannot|can't|don't|should|policy|allowed|refuse|transfer|darf|nie|nur|nicht|"
    r"jamais|seulement|nunca|solo|siempre|nunca|sempre)\b|不|禁止|必须|ません|ください",
    re.IGNORECASE,
)


def tool_list(conversation: Conversation) -> str:
    """The declared tools, one a line; of very many only those that the conversation speaks of are described."""
    offered = conversation.tools_offered
    if offered is None:
        called = sorted({call.name for call in conversation.tool_calls})
        return "not declared in the trace; called were: " + (", ".join(called) or "none")
    if not offered:
        return "none: the agent had no tools"
    near = _nearest(offered, conversation)
    lines = [_tool_line(tool) for tool in offered if tool.name in near]
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


def _tool_line(tool: ToolDefinition) -> str:
    schema = parse(tool.parameters)
    fields = schema.get("properties", schema) if isinstance(schema, dict) else {}
    names = ", ".join(str(name) for name in list(fields)[:12]) if isinstance(fields, dict) else ""
    first = next((sentence for _, sentence in sentences(tool.description)), "")
    about = f": {shorten(first, _DESCRIPTION_CHARS)}" if first else ""
    return f"- {tool.name}{f'({names})' if names else ''}{about}"


def instructions(conversation: Conversation) -> str:
    """What the agent was told, if that is short; else the rules in it that the conversation is most about.

    The excerpt keeps the order and says how much of how much it is.
    """
    told = "\n".join(message.body.content for message in conversation.messages if message.body.role == "system")
    if len(told) <= _INSTRUCTION_CHARS:
        return told.strip()
    about = stems(
        " ".join(m.body.content[:2000] for m in conversation.messages if m.body.role in ("user", "assistant"))
    )
    spoken = [shorten(sentence.strip("-*# "), _SENTENCE_CHARS) for _, sentence in sentences(told[:60_000])]
    weights = [_weight(sentence, about) for sentence in spoken]
    chosen: set[int] = set()
    room = _INSTRUCTION_CHARS
    for number in sorted(range(len(spoken)), key=lambda n: (-weights[n], n)):
        if weights[number] > 0 and len(spoken[number]) < room:
            chosen.add(number)
            room -= len(spoken[number]) + 1
    excerpt = "\n".join(spoken[number] for number in sorted(chosen))
    return f"(excerpt, {len(excerpt):,} of {len(told):,} characters)\n{excerpt}"


def _weight(sentence: str, about: set[str]) -> float:
    """How much a rule is about what was said; the sentence's length counts against it."""
    words = stems(sentence)
    shared = len(words & about)
    return (shared + (2 if _RULE.search(sentence) and shared else 0)) / (4 + len(words)) if len(words) > 1 else 0.0
