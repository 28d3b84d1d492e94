"""Precision, recall and F1 of findings against labels, and what more a team wants to know before it trusts them.

A family counts once a conversation, however many findings show it. A conversation adds to a family's counts only where the
labeller looked for the family; to a code's, only where codes were given.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analyzer.evaluate.intervals import Counts, Estimate, bootstrap
from analyzer.evaluate.labels import FAILURES, Label
from schemas.families import CODES, Code, Confidence, Family

FEW = 10  # positives below which a figure says little

_NEAR_MESSAGES = 2
_CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, as far as scoring needs to know. `message_index` is -1 where its quote is in no message."""

    family: Family
    code: Code
    confidence: Confidence
    message_index: int = -1


@dataclass(frozen=True, slots=True)
class Quality:
    """How right one family or code is. Precision is None where nothing was found, recall where nothing was labelled."""

    name: str
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: Estimate
    recall: Estimate
    f1: Estimate

    @property
    def is_thin(self) -> bool:
        """Whether too few conversations are labelled so for the figures to mean much."""
        return self.true_positives + self.false_negatives < FEW


@dataclass(frozen=True, slots=True)
class Reach:
    """What is left when only findings of a confidence or more are believed.

    `coverage` is the share of all (conversation, family) pairs found that are kept, `risk` the share of those that are
    wrong, `recall` the share of all labelled pairs that they are.
    """

    confidence: Confidence
    kept: int
    coverage: float
    risk: float
    recall: float


@dataclass(frozen=True, slots=True)
class Scores:
    """All figures of one set of conversations. Shares are None where there is nothing to take them of."""

    conversation_count: int
    group_count: int
    clean_count: int
    families: tuple[Quality, ...]
    codes: tuple[Quality, ...]
    macro_f1: Estimate
    exact_match: Estimate
    false_issue_rate: Estimate
    evidence_count: int
    evidence_near: Estimate
    reach: tuple[Reach, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled conversation with what was found in it, and the near-duplicate group it is of."""

    label: Label
    found: tuple[Found, ...]
    group: int


def score(judged: Sequence[Judged]) -> Scores:
    """All figures with their intervals; those of no conversations are None."""
    groups = np.array([one.group for one in judged], dtype=np.int64)
    families = _table([_family_marks(one) for one in judged], len(FAILURES))
    named = sorted({code for one in judged for code in _codes_of_either(one)}, key=list(_ALL_CODES).index)
    codes = _table([_code_marks(one, named) for one in judged], len(named))
    shares = np.array([_share_marks(one) for one in judged], dtype=float).reshape(len(judged), -1)
    exact, false_issue, near = bootstrap(shares, groups, _shares) if judged else [Estimate(None, None, None)] * 3
    clean = [one for one in judged if _is_clean(one.label)]
    return Scores(
        len(judged), len(set(groups.tolist())), len(clean),
        tuple(_qualities(FAILURES, families, groups)),
        tuple(_qualities(named, codes, groups)),
        bootstrap(families, groups, _macro)[0] if judged else Estimate(None, None, None),
        exact, false_issue, int(shares[:, 5].sum()) if judged else 0, near,
        tuple(reach(judged)),
    )  # fmt: skip


_ALL_CODES: tuple[Code, ...] = tuple(code for family in FAILURES for code in CODES[family])


def found_families(found: Iterable[Found]) -> frozenset[Family]:
    """The failure families among findings."""
    return frozenset(finding.family for finding in found if finding.family in FAILURES)


def _is_clean(label: Label) -> bool:
    return not label.families and label.known == frozenset(FAILURES)


def _family_marks(one: Judged) -> list[tuple[bool, bool, bool]]:
    found = found_families(one.found)
    return [_mark(f in found, f in one.label.families, f in one.label.known) for f in FAILURES]


def _code_marks(one: Judged, named: Sequence[Code]) -> list[tuple[bool, bool, bool]]:
    found = {finding.code for finding in one.found}
    truth = one.label.codes
    return [_mark(code in found, truth is not None and code in truth, truth is not None) for code in named]


def _codes_of_either(one: Judged) -> set[Code]:
    if one.label.codes is None:
        return set()
    return {code for code in {*one.label.codes, *(f.code for f in one.found)} if code in _ALL_CODES}


def _mark(is_found: bool, is_true: bool, is_known: bool) -> tuple[bool, bool, bool]:
    """(true positive, false positive, false negative)."""
    return (
        is_known and is_found and is_true,
        is_known and is_found and not is_true,
        is_known and is_true and not is_found,
    )


def _table(marks: list[list[tuple[bool, bool, bool]]], width: int) -> Counts:
    return np.array(marks, dtype=float).reshape(len(marks), 3 * width)


def _share_marks(one: Judged) -> tuple[bool, bool, bool, bool, bool, bool]:
    """Pairs of (counts, out of): exact match, false issue on a clean conversation, evidence near."""
    found, label = found_families(one.found), one.label
    shown = bool(label.evidence and found & label.families)
    return (
        found & label.known == label.families & label.known, True,
        bool(found) and _is_clean(label), _is_clean(label),
        shown and _is_near(one), shown,
    )  # fmt: skip


def _is_near(one: Judged) -> bool:
    places = [f.message_index for f in one.found if f.family in one.label.families and f.message_index >= 0]
    return any(abs(place - shown) <= _NEAR_MESSAGES for place in places for shown in one.label.evidence)


def _shares(sums: Counts) -> Counts:
    return _ratio(sums[..., 0::2], sums[..., 1::2])


def _f1(sums: Counts) -> Counts:
    hit, wrong, missed = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    return _ratio(2 * hit, 2 * hit + wrong + missed)


def _macro(sums: Counts) -> Counts:
    """The mean F1 of the families that are found or labelled at all."""
    scores = _f1(sums)
    defined = ~np.isnan(scores)
    total = np.where(defined, scores, 0.0).sum(axis=-1, keepdims=True)
    return _ratio(total, defined.sum(axis=-1, keepdims=True).astype(float))


def _ratio(part: Counts, whole: Counts) -> Counts:
    shares: Counts = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return shares


def _qualities(names: Sequence[str], counts: Counts, groups: npt.NDArray[np.int64]) -> Iterable[Quality]:
    for number, name in enumerate(names):
        own = counts[:, 3 * number : 3 * number + 3]
        hit, wrong, missed = (int(total) for total in own.sum(axis=0))
        precision, recall, f1 = (
            bootstrap(own, groups, _precision_recall_f1) if len(own) else [Estimate(None, None, None)] * 3
        )
        yield Quality(name, hit, wrong, missed, precision, recall, f1)


def _precision_recall_f1(sums: Counts) -> Counts:
    hit, wrong, missed = sums[..., 0], sums[..., 1], sums[..., 2]
    return np.stack(
        [_ratio(hit, hit + wrong), _ratio(hit, hit + missed), _ratio(2 * hit, 2 * hit + wrong + missed)], axis=-1
    )


def reach(judged: Sequence[Judged]) -> Iterable[Reach]:
    """Risk against coverage, from believing only the surest findings to believing all; nothing where nothing was found."""
    pairs: list[tuple[int, bool]] = []
    for one in judged:
        surest: Mapping[Family, int] = _surest(one.found)
        pairs += [
            (level, family in one.label.families) for family, level in surest.items() if family in one.label.known
        ]
    labelled = sum(len(one.label.families & one.label.known) for one in judged)
    for level, confidence in enumerate(_CONFIDENCES):
        kept = [is_right for own, is_right in pairs if own <= level]
        if kept:
            right = sum(kept)
            recall = right / labelled if labelled else 0.0
            yield Reach(confidence, len(kept), len(kept) / len(pairs), 1 - right / len(kept), recall)


def _surest(found: Iterable[Found]) -> dict[Family, int]:
    levels: dict[Family, int] = {}
    for finding in found:
        if finding.family in FAILURES:
            level = _CONFIDENCES.index(finding.confidence)
            levels[finding.family] = min(levels.get(finding.family, level), level)
    return levels
