"""Name a cluster by what sets it apart from its siblings, in a phrase that its members use.

Terms are weighed by class-based TF-IDF: how many members of the cluster use a word, against how many clusters do. The
name is the phrase of a member that holds most of that weight for its length, so that it reads as somebody would say it.
Only words that two members use can enter a name: what one person alone said may be about that person.
"""

import math
from collections import Counter
from collections.abc import Sequence

from analyzer.language import word_set
from analyzer.text import STOP_WORDS, content_words, stem, stems

_PHRASE_WORDS = 7
_TERM_COUNT = 5
# Glue that may stand inside a phrase, though it carries no meaning of its own.
_FILLER = word_set("the a an my your our their his her its this that these those some any please also just to")


def name_clusters(clusters: Sequence[Sequence[str]]) -> list[tuple[str, tuple[str, ...]]]:
    """A phrase of at most seven words and up to five terms for each cluster of texts; both empty where no word is shared.

    A cluster of one distinct text may be named by its own words.
    """
    counts = [Counter(word for text in texts for word in stems(text)) for texts in clusters]
    spread = Counter(word for count in counts for word in count)
    return [
        _name(texts, _weights(count, len(texts), spread, len(clusters)))
        for texts, count in zip(clusters, counts, strict=True)
    ]


def _weights(count: Counter[str], size: int, spread: Counter[str], clusters: int) -> dict[str, float]:
    floor = 2 if size > 1 else 1
    return {word: used / size * math.log(1 + clusters / spread[word]) for word, used in count.items() if used >= floor}


def _name(texts: Sequence[str], weights: dict[str, float]) -> tuple[str, tuple[str, ...]]:
    phrases = Counter(phrase for text in texts for phrase in _phrases(text, weights))
    best = max(phrases, key=lambda p: (round(_worth(p, weights), 6), phrases[p], -len(p), p), default="")
    terms = sorted(weights, key=lambda word: (-weights[word], word))[:_TERM_COUNT]
    spelling = Counter(word for text in texts for word in content_words(text))
    spelled = [max((w for w in spelling if stem(w) == term), key=lambda w: (spelling[w], w)) for term in terms]
    return best, tuple(spelled)


def _phrases(text: str, weights: dict[str, float]) -> set[str]:
    """Runs of words that start and end with a weighed word and hold only such words and glue."""
    tokens = text.split()
    bare = [token.strip(".,;:!?\"'()") for token in tokens]
    is_term = [bool(stems(word)) and stems(word) <= weights.keys() for word in bare]
    is_glue = [word.lower() in STOP_WORDS for word in bare]
    found = set()
    for start in range(len(bare)):
        for end in range(start + 1, min(start + _PHRASE_WORDS, len(bare)) + 1):
            if not (is_term[end - 1] or is_glue[end - 1]):
                break
            if is_term[start] and is_term[end - 1]:
                found.add(" ".join(word for word in bare[start:end] if word not in _FILLER or word == "to"))
    return found


def _worth(phrase: str, weights: dict[str, float]) -> float:
    length = len(phrase.split())
    return sum(weights[word] for word in stems(phrase)) / math.sqrt(1 + length)
