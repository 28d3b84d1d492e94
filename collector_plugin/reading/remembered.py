"""What a text was read as, kept for when it comes again: system prompts and lists of tools come with every call of a model.

A cache is shared by all tenants, which is safe for a function of nothing but the text: equal text gives equal values,
whoever sent it. It holds at most 128 texts of at most 65,536 characters, and what they were read as.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

TEXTS = 128
TEXT_CHARS = 65_536

Value = TypeVar("Value")


def remembered(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Make `read` remember what it made of the texts that it saw last; its values must never change."""
    known = lru_cache(TEXTS)(read)

    @wraps(read)
    def recall(text: str) -> Value:
        return known(text) if len(text) <= TEXT_CHARS else read(text)

    return recall
