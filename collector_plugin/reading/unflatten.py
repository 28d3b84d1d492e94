"""Rebuild the lists that a dialect spread over numbered attributes: `llm.input_messages.0.message.role`, `gen_ai.prompt.0.role`."""

from typing import Any

from schemas.records import Attributes

MAX_DEPTH = 16  # deeper keys are nobody's convention
_Tree = dict[str, Any]  # a leaf is a value's text


def unflatten(attributes: Attributes, prefix: str) -> list[Any]:
    """Return the items under `prefix` in order of their numbers; none where there is no such key.

    Numbers need not begin at 0 nor be complete: an attribute limit drops the oldest keys first. Objects are dictionaries,
    numbered keys become lists, values stay text.
    """
    tree: _Tree = {}
    start = len(prefix) + 1
    for key, value in attributes.items():
        if key.startswith(prefix) and key[start - 1 : start] == "." and key[start : start + 1].isdigit():
            _put(tree, key[start:].split(".", MAX_DEPTH), value)
    items = _plain(tree)
    return items if isinstance(items, list) else []


def _put(tree: _Tree, path: list[str], value: str) -> None:
    for name in path[:-1]:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    if not isinstance(tree.get(path[-1]), dict):  # what is spread out says more than a summary under the same key
        tree[path[-1]] = value


def _plain(tree: _Tree) -> Any:  # dict, list or text
    plain = {name: _plain(value) if isinstance(value, dict) else value for name, value in tree.items()}
    if plain and all(name.isascii() and name.isdigit() for name in plain):
        return [plain[name] for name in sorted(plain, key=int)]
    return plain
