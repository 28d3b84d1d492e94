"""What DSPy makes of the inputs of a signature when it writes them into a prompt, and has a model make of the outputs.

    [[ ## history ## ]]\\n...\\n\\n[[ ## question ## ]]\\n<the words>\\n\\nRespond with the corresponding output fields, ...
    [[ ## reasoning ## ]]\\n...\\n\\n[[ ## answer ## ]]\\n<the words>\\n\\n[[ ## completed ## ]]
    [[ ## next_thought ## ]]\\n...\\n\\n[[ ## next_tool_name ## ]]\\nfind\\n\\n[[ ## next_tool_args ## ]]\\n{...}

The client's instrumentation sees only this prompt, so it is known by its words and not by the span.
"""

import re
from dataclasses import replace

from collector_plugin.reading.message_shapes import canonical_arguments
from schemas.records import MessageBody, ToolRequest

_HEADING = "[[ ## "
_FIELD = re.compile(r"^\[\[ ## (?P<name>\w+) ## \]\][ \t]*(?:\n|\Z)", re.MULTILINE)
_INSTRUCTION = re.compile(r"^(?:Respond with the corresponding output fields|Respond with a JSON object)", re.MULTILINE)
# what a program adds to the words: what was found, said and tried before
_ADDED = frozenset(("trajectory", "history", "context", "tools", "passages", "documents", "demos", "completed"))
_THOUGHT = frozenset(("reasoning", "rationale", "next_thought", "completed"))
_TOOL, _ARGUMENTS, _DONE = "next_tool_name", "next_tool_args", "finish"
_SPOKEN = ("question", "query", "user_request", "user_message", "user_input", "request", "message", "input", "task")


def spoken_words(text: str) -> str:
    """Return the words of the user in a prompt of DSPy; the text as it is where it is none, or does not tell them apart."""
    if (
        _HEADING not in text
    ):  # every user message comes here, and this looks at it hundreds of times faster than a pattern
        return text
    fields = _fields(text)
    own = {name: words for name, words in fields.items() if name not in _ADDED}
    if len(own) == 1:
        return next(iter(own.values()))
    return next((own[name] for name in _SPOKEN if name in own), text)


def answered(body: MessageBody) -> MessageBody:
    """Return an answer of the model without DSPy's headings: its one output field, or the tool that it asks for.

    What it thought is not said to anyone; an answer of several fields stays as it is.
    """
    if body.tool_calls or _HEADING not in body.content:
        return body
    fields = {name: words for name, words in _fields(body.content).items() if name not in _THOUGHT}
    tool = fields.get(_TOOL, "")
    if tool:
        call = ToolRequest("", tool, canonical_arguments(fields.get(_ARGUMENTS)))
        return replace(body, content="", tool_calls=(call,) if tool != _DONE else ())
    return replace(body, content=next(iter(fields.values()))) if len(fields) == 1 else body


def _fields(text: str) -> dict[str, str]:
    """The input fields of a prompt by name; none where it does not begin with one."""
    headings = list(_FIELD.finditer(text))
    if not headings or text[: headings[0].start()].strip():
        return {}
    instruction = _INSTRUCTION.search(text, headings[-1].end())
    ends = [*(heading.start() for heading in headings[1:]), instruction.start() if instruction else len(text)]
    return {heading["name"]: text[heading.end() : end].strip() for heading, end in zip(headings, ends, strict=True)}
