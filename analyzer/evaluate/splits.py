"""Which labelled conversations rules and prompts may be mended on, and which only measure.

Groups of near-duplicates stay whole. Within each source the groups are ordered by a hash of their ids and cut in shares,
so that every source stands in every split in proportion, and adding conversations moves few of the others.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal

from analyzer.evaluate.labels import Label

Split = Literal["train", "validation", "test"]

_SHARES: tuple[tuple[Split, float], ...] = (("train", 0.5), ("validation", 0.7), ("test", 1.0))  # upper bounds


def split(labels: Sequence[Label], groups: Sequence[int]) -> list[Split]:
    """The split of each label: half of each source's groups to train, a fifth to validation, the rest to test.

    Args:
        labels: what was labelled, in any order.
        groups: for each label the number of its group.
    """
    members: dict[int, list[Label]] = defaultdict(list)
    for label, group in zip(labels, groups, strict=True):
        members[group].append(label)
    sources: dict[str, list[int]] = defaultdict(list)
    for group, together in members.items():
        sources[_source(together)].append(group)
    chosen: dict[int, Split] = {}
    for of_source in sources.values():
        ordered = sorted(of_source, key=lambda group: _draw(members[group]))
        for place, group in enumerate(ordered):
            share = (place + 0.5) / len(ordered)
            chosen[group] = next(name for name, bound in _SHARES if share < bound)
    return [chosen[group] for group in groups]


def _source(together: Sequence[Label]) -> str:
    """The source that most of a group comes from, the first in order of several."""
    counts = Counter(label.source for label in together)
    return min(counts, key=lambda source: (-counts[source], source))


def _draw(together: Sequence[Label]) -> str:
    return hashlib.sha256(min(label.conversation_id for label in together).encode(errors="surrogatepass")).hexdigest()
