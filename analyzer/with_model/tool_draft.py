"""The tool that was missing, drafted from what the user supplied: a name and a JSON schema of its arguments.

One draft a finding; those of an issue are put together into one, with the arguments that users supplied most.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from analyzer.text import words
from analyzer.with_model.replies import Claim, ToolArgument

_NAME_WORDS = 6
_EXAMPLE_CHARS = 120
_EXAMPLES = 3
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


def join_drafts(drafts: Iterable[str]) -> dict[str, Any]:  # Any: a JSON schema
    """One definition out of those of many findings: the commonest name; all arguments, the commonest first, with up to
    three examples each; required is what at least half of the drafts have. Empty for no drafts.
    """
    read = [json.loads(draft) for draft in drafts]
    if not read:
        return {}
    name = Counter(draft["name"] for draft in read).most_common(1)[0][0]
    about = Counter(draft["description"] for draft in read if draft["name"] == name).most_common(1)[0][0]
    supplied: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for draft in read:
        for argument, schema in draft["parameters"]["properties"].items():
            supplied[argument].append(schema)
    order = sorted(supplied, key=lambda argument: -len(supplied[argument]))
    parameters = {
        "type": "object",
        "properties": {argument: _joined(supplied[argument]) for argument in order},
        "required": [argument for argument in order if 2 * len(supplied[argument]) >= len(read)],
    }
    return {"name": name, "description": about, "parameters": parameters}


def _joined(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    kind = Counter(schema["type"] for schema in schemas).most_common(1)[0][0]
    examples: list[Any] = []
    for schema in schemas:
        examples.extend(example for example in schema.get("examples", ()) if example not in examples)
    typed = next(schema for schema in schemas if schema["type"] == kind)
    return typed | ({"examples": examples[:_EXAMPLES]} if examples else {})


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
