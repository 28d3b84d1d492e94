"""What the model must know beside the transcript: which tools the agent had, with which parameters."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from analyzer.technical.unwrap import parse
from analyzer.text import sentences, shorten, stems
from schemas.records import Conversation, ToolDefinition

_DESCRIBED = 40  # tools that are described; of more, those that the conversation speaks of
_NAMED = 300
_DESCRIPTION_CHARS = 64
_PARAMETERS = 12
_SHARED_BY = 3  # tools from which on an opening of their descriptions is boilerplate
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
    seen = _arguments_seen(conversation)
    lines = [_tool_line(tool, openings, seen.get(tool.name, ())) for tool in offered if tool.name in near]
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


def _arguments_seen(conversation: Conversation) -> dict[str, tuple[str, ...]]:
    """The names of the arguments that each tool was called with."""
    seen: dict[str, dict[str, None]] = {}
    for call in conversation.tool_calls:
        arguments = parse(call.arguments)
        if isinstance(arguments, dict):
            seen.setdefault(call.name, {}).update(dict.fromkeys(map(str, arguments)))
    return {name: tuple(names) for name, names in seen.items()}


def _tool_line(tool: ToolDefinition, openings: Counter[str], seen: Sequence[str]) -> str:
    """`name(parameters): what it does`; of a tool whose parameters were not sent, those that it was called with."""
    schema = parse(tool.parameters)
    fields = schema.get("properties", schema) if isinstance(schema, dict) else {}
    names = [str(name) for name in fields] if isinstance(fields, dict) and fields else seen
    shown = f"({', '.join(names[:_PARAMETERS])})" if names else ""
    about = shorten(next(_telling(tool.description, openings), ""), _DESCRIPTION_CHARS)
    # What the name says already is not told twice.
    is_plain = stems(about) <= stems(tool.name)
    return f"- {tool.name}{shown}" + ("" if is_plain else f": {about}")


def _telling(description: str, openings: Counter[str]) -> Iterator[str]:
    """The sentences of a description that are its own; of one that begins like others', what follows its colon."""
    for _, sentence in sentences(description[:2000]):
        if openings[_plain(sentence)] < _SHARED_BY:
            yield sentence
        elif own := sentence.partition(": ")[2].strip("\"'“” "):
            yield own
