"""The leak guard: a prompt that quotes a conversation must not be scored on it.

A sentence that a person or the agent said leaks when most of its runs of three words stand in a prompt, so that an example
that was shortened or had a name exchanged is still seen. Sentences of fewer than seven words are said by everyone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analyzer.evaluate.near_duplicates import shingles
from analyzer.text import sentences, shorten

_SHARE = 0.6  # of a sentence's shingles
_LEAST_SHINGLES = 5  # seven words
_SHOWN_CHARS = 120


@dataclass(frozen=True, slots=True)
class Leak:
    """A sentence of a labelled conversation that stands in a prompt."""

    conversation_id: str
    prompt: str
    sentence: str


def find_leaks(spoken: Mapping[str, Sequence[str]], prompts: Mapping[str, str]) -> Iterator[Leak]:
    """The first leak of each conversation into each prompt.

    Args:
        spoken: what users and agents said, by conversation id.
        prompts: texts of prompts, by name.
    """
    known = {name: shingles(text) for name, text in prompts.items()}
    for conversation_id, texts in spoken.items():
        for name, prompt in known.items():
            found = next((said for text in texts for _, said in sentences(text) if _stands_in(said, prompt)), None)
            if found is not None:
                yield Leak(conversation_id, name, shorten(found, _SHOWN_CHARS))


def _stands_in(sentence: str, prompt: frozenset[int]) -> bool:
    own = shingles(sentence)
    return len(own) >= _LEAST_SHINGLES and len(own & prompt) / len(own) >= _SHARE
