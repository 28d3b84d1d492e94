"""Rebuild the lists that a dialect spread over numbered attributes: `llm.input_messages.0.message.role`, `gen_ai.prompt.0.role`."""

import re
from typing import Any

from schemas.records import Attributes

MAX_DEPTH = 16  # deeper keys are nobody's convention
_NUMBER = re.compile("[0-9]+")
_Tree = dict[str, Any]  # a leaf is a value's text


def unflatten(attributes: Attributes, prefix: str) -> list[Any]:
    """Return the items under `prefix` in order of their numbers; none where there is no such key.

    Numbers need not begin at 0 nor be complete: an attribute limit drops the oldest keys first. Objects are dictionaries,
    numbered keys become lists, values stay text.
    """
    tree: _Tree = {}
    prefix += "."
    start = len(prefix)
    for key in [key for key in attributes if key.startswith(prefix)]:
        if key[start : start + 1].isdigit():
            _put(tree, key[start:].split(".", MAX_DEPTH), attributes[key])
    if not tree:
        return []
    items = _plain(tree)
    return items if isinstance(items, list) else []


def _put(tree: _Tree, path: list[str], value: str) -> None:
    last = path.pop()
    for name in path:
        below = tree.get(name)
        if not isinstance(below, dict):
            below = tree[name] = {}
        tree = below
    if not isinstance(tree.get(last), dict):  # what is spread out says more than a summary under the same key
        tree[last] = value


def _plain(tree: _Tree) -> Any:  # the tree with lists in it, or the list that it is
    for name, value in tree.items():
        if isinstance(value, dict):
            tree[name] = _plain(value)
    return [tree[name] for name in sorted(tree, key=int)] if all(map(_NUMBER.fullmatch, tree)) else tree
