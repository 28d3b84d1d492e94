"""Content as one text a side, which OpenLIT wrote until the conventions had messages.

gen_ai.content.prompt        "system: Be brief.\\nuser: Is it open?"      on the span, or as `gen_ai.prompt` of an event
gen_ai.content.completion    "Yes."                                       likewise, as `gen_ai.completion`
gen_ai.tool.{name,call.id,args}                                           the one tool that the answer asks for
"""

import re
from collections.abc import Iterable

from collector_plugin.reading.message_shapes import ROLES, canonical_arguments
from schemas.records import Attributes, MessageBody, SpanEvent, ToolRequest

_PROMPT, _COMPLETION = ("gen_ai.content.prompt", "gen_ai.prompt"), ("gen_ai.content.completion", "gen_ai.completion")
_SPEAKER = re.compile(r"^(system|developer|user|assistant|tool): ", re.MULTILINE)


def given(attributes: Attributes, events: Iterable[SpanEvent]) -> tuple[MessageBody, ...]:
    """Return the messages of the prompt; what stands before the first speaker, if anything, is the user's."""
    text = _text(_PROMPT, attributes, events)
    speakers = list(_SPEAKER.finditer(text))
    starts = [0, *(speaker.end() for speaker in speakers)]
    ends = [*(speaker.start() for speaker in speakers), len(text)]
    names = ["user", *(speaker[1] for speaker in speakers)]
    said = [(name, text[start:end].strip()) for name, start, end in zip(names, starts, ends, strict=True)]
    return tuple(MessageBody(ROLES[name], words) for name, words in said if words)


def answered(attributes: Attributes, events: Iterable[SpanEvent]) -> tuple[MessageBody, ...]:
    """Return the answer, with the tool that it asks for."""
    text = _text(_COMPLETION, attributes, events)
    name = attributes.get("gen_ai.tool.name", "")
    arguments = canonical_arguments(attributes.get("gen_ai.tool.args"))
    calls = (ToolRequest(attributes.get("gen_ai.tool.call.id", ""), name, arguments),) if name else ()
    return (MessageBody("assistant", text, calls),) if text or calls else ()


def _text(keys: tuple[str, str], attributes: Attributes, events: Iterable[SpanEvent]) -> str:
    name, key = keys
    return attributes.get(name) or next((e.attributes.get(key, "") for e in events if e.name == name), "")
