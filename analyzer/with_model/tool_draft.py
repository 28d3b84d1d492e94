"""The tool that was missing, drafted from what the user supplied: a name and a JSON schema of its arguments."""

import json
import re

from analyzer.text import words
from analyzer.with_model.replies import Claim, ToolArgument

_NAME_WORDS = 6
_EXAMPLE_CHARS = 120
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def draft_tool(claim: Claim) -> str:
    """The draft as JSON in the form of a function's definition; empty where the claim names no tool."""
    name = _name(claim.tool_name)
    if not name:
        return ""
    properties = {_name(argument.name): _schema(argument) for argument in claim.tool_arguments if _name(argument.name)}
    draft: dict[str, object] = {
        "name": name,
        "description": f"{claim.requested_operation} {claim.requested_object}".strip(),
        "parameters": {"type": "object", "properties": properties, "required": list(properties)},
    }
    return json.dumps(draft, ensure_ascii=False)


def _schema(argument: ToolArgument) -> dict[str, object]:
    schema: dict[str, object] = {"type": argument.type}
    if argument.type == "array":
        schema["items"] = {}
    if argument.example.strip():
        schema["examples"] = [_typed(argument)]
    return schema


def _typed(argument: ToolArgument) -> object:
    """The example as a value of its type, as text where it is none."""
    if argument.type == "string":
        return argument.example[:_EXAMPLE_CHARS]
    try:
        return json.loads(argument.example)
    except ValueError:
        return argument.example[:_EXAMPLE_CHARS]


def _name(text: str) -> str:
    """A name in snake_case of at most six words."""
    parts = [word for word in words(_CAMEL.sub(" ", text)) if word.isascii()]
    return "_".join(re.sub(r"\W", "", part) for part in parts[:_NAME_WORDS])
