"""What the agent was told to do, if that is short; else those passages of it that concern what happened.

Which rules matter is told by the words of the wishes, of the refusals and of the deeds: the tools that changed something.
A passage counts by its words that are rare among all passages; what an earlier one has covered counts less, so that
each of several wishes finds its rule.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from analyzer.lookups import is_action
from analyzer.summarise import is_refusal
from analyzer.text import sentences, shorten, stems, words
from schemas.records import Conversation

_WHOLE_CHARS = 640  # up to which instructions are shown whole
_EXCERPT_CHARS = 900
_LENGTH = 12  # stems that each passage is taken to have besides its own: a very short one says little
_PASSAGE_CHARS = 320  # of a passage: as many sentences of one line as fit; of one that is longer, its beginning
_TOLD_CHARS = 60_000
_HEARD_CHARS = 2_000  # of a message whose words are looked at
_HEADING = re.compile(r"\s*(?:#{1,6}\s+(.+)|(?:[-*\d.]+\s+)?\**([^.!?]{3,60}):\**\s*$)")
_DECIDED = 2  # how much more a word of a refusal or a deed counts than one of a wish
# Words that bound: a passage with one decides cases, one without mostly describes. English and its neighbours.
_BOUNDS = re.compile(
    r"\b(?:not|n't|cannot|can't|never|only|unless|except|otherwise|at most|at least|within|deny|refuse"
    r"|nicht|nur|keine?n?|nie|außer|ne|pas|jamais|seulement|sauf|no|nunca|sólo|solo|salvo|não|apenas|exceto|non|mai)\b",
    re.IGNORECASE,
)
_BOUNDED = 1.8  # how much more such a passage counts


@dataclass(frozen=True, slots=True)
class Passage:
    """A few sentences under their heading, with the stems of both."""

    heading: str
    text: str
    own: frozenset[str]
    above: frozenset[str]


def instructions(conversation: Conversation, about: Iterable[str] = ()) -> str:
    """All that the agent was told, or an excerpt in its order that says how much of how much it is.

    Args:
        conversation: any; without instructions the answer is empty.
        about: texts whose rules are wanted; by default what was wished, refused and done.
    """
    told = "\n".join(message.body.content for message in conversation.messages if message.body.role == "system")
    if len(told) <= _WHOLE_CHARS:
        return told.strip()
    excerpt = "\n".join(
        _listed(_chosen(list(dict.fromkeys(_passages(told[:_TOLD_CHARS]))), _concern(conversation, tuple(about))))
    )
    return f"(excerpt, {len(excerpt):,} of {len(told):,} characters)\n{excerpt}"


def _passages(told: str) -> Iterator[Passage]:
    """The sentences of each line, as many together as fit: a rule's exceptions mostly follow it on its line."""
    heading = ""
    for line in told.splitlines():
        if match := _HEADING.fullmatch(line):
            heading = (match[1] or match[2]).strip("*: ")
            continue
        run = ""
        for _, sentence in sentences(line):
            if run and len(run) + len(sentence) >= _PASSAGE_CHARS:
                yield _passage(heading, run)
                run = ""
            run = f"{run} {sentence}".strip()
        if run:
            yield _passage(heading, run)


def _passage(heading: str, text: str) -> Passage:
    shown = shorten(text.strip("-*# "), _PASSAGE_CHARS)
    own = frozenset(stems(shown))
    return Passage(heading, shown, own, frozenset(stems(heading)) - own)


def _concern(conversation: Conversation, about: tuple[str, ...]) -> Counter[str]:
    """The stems of what matters, each with how often it was heard."""
    if about:
        return Counter(stem for text in about for stem in stems(text[:_HEARD_CHARS]))
    heard: Counter[str] = Counter()
    for message in conversation.messages:
        text = message.body.content[:_HEARD_CHARS]
        if message.body.role == "user":
            heard.update(stems(text))
        elif message.body.role == "assistant" and is_refusal(text):
            heard.update(dict.fromkeys(stems(text), _DECIDED))
    for call in conversation.tool_calls:
        if is_action(call.name):
            heard.update(dict.fromkeys(stems(" ".join(words(call.name))), _DECIDED))
    return heard


def _chosen(passages: list[Passage], concern: Counter[str]) -> list[Passage]:
    """The passages that concern it most, as many as fit, in their order."""
    common = Counter(stem for passage in passages for stem in passage.own)
    rarity = {stem: math.log(1 + len(passages) / (1 + common[stem])) ** 2 for stem in concern}
    covered: Counter[str] = Counter()

    def worth(stems_of: Collection[str]) -> float:
        shared = (stem for stem in stems_of if stem in rarity)
        return sum(rarity[stem] * math.log2(1 + concern[stem]) / (1 + covered[stem] / 2) for stem in shared)

    def gain(number: int) -> float:
        passage = passages[number]
        weight = _BOUNDED if _BOUNDS.search(passage.text) else 1.0
        return weight * (worth(passage.own) + worth(passage.above) / 2) / (_LENGTH + len(passage.own))

    left, chosen, room = set(range(len(passages))), set[int](), _EXCERPT_CHARS
    while left:
        best = max(left, key=lambda number: (gain(number), -number))
        left.discard(best)
        if gain(best) <= 0:
            break
        if len(passages[best].text) < room:
            chosen.add(best)
            covered.update(passages[best].own)
            room -= len(passages[best].text) + 1
    return [passages[number] for number in sorted(chosen)]


def _listed(chosen: Iterable[Passage]) -> Iterator[str]:
    """The passages, each heading before the first of its own."""
    heading = ""
    for passage in chosen:
        is_new = passage.heading not in ("", heading)
        heading = passage.heading
        yield f"{heading}: {passage.text}" if is_new else passage.text
