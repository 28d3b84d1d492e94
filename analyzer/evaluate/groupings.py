"""How well clusters agree with groups that a person made of the same items: one JSON object a line,

    {"id": "chat-17", "label": "moving house"}

`id` names a finding or a conversation. Noise, the items in no cluster, is left out of the indices of agreement and told as
a share: an index that took all noise for one cluster would punish honest doubt, one that took each for its own would
reward it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, homogeneity_completeness_v_measure

from analyzer.evaluate.intervals import Estimate
from analyzer.statistics import wilson

Codes = npt.NDArray[np.int64]

_FIGURES = 7
_LEAST = 8  # items from which on half of them say anything
_DRAWS = 300  # the mutual information's chance level is slow to compute
_LEVEL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Purity:
    """One cluster: how many labelled items it holds, and which label most of them have."""

    cluster_id: str
    size: int
    label: str
    share: Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """Clusters of one kind against labels. `noise` is the share of labelled items in no cluster; `purity` the share of
    clustered items with their cluster's commonest label. The indices are None with fewer than two clustered items."""

    kind: str
    item_count: int
    label_count: int
    cluster_count: int
    noise: Estimate
    adjusted_rand: Estimate
    adjusted_mutual_information: Estimate
    homogeneity: Estimate
    completeness: Estimate
    v_measure: Estimate
    purity: Estimate
    clusters: tuple[Purity, ...]


def read_groupings(lines: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The label of each item, and one sentence for each line that is none; blank lines are passed over."""
    labels: dict[str, str] = {}
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            item, label = value["id"], value["label"]
        except (ValueError, KeyError, TypeError, RecursionError):
            problems.append(f'Line {number} is left out: it is no object with "id" and "label".')
            continue
        if not (isinstance(item, str) and isinstance(label, str) and item and label):
            problems.append(f'Line {number} is left out: "id" and "label" must be texts that say something.')
        elif item in labels:
            problems.append(f"Line {number} is left out: {item} is labelled by an earlier line.")
        else:
            labels[item] = label
    return labels, problems


def agree(kind: str, labels: Mapping[str, str], clusters: Mapping[str, str], *, seed: int = 0) -> Agreement:
    """Compare clusters with labels over the items that both know.

    Args:
        kind: what was clustered, told as it is.
        labels: the label of each item.
        clusters: the cluster of each item; empty for noise.
        seed: of the half-samples behind the 95 % intervals. A half drawn without replacement varies as much as the whole
            would from sample to sample, and pairs no item with itself, as draws with replacement do.
    """
    items = [item for item in labels if item in clusters]
    truth = _codes([labels[item] for item in items])
    found = _codes([clusters[item] or None for item in items])
    noise, rand, information, homogeneity, completeness, v, purity = _intervals(
        truth, found, np.random.default_rng(seed)
    )
    return Agreement(
        kind, len(items), len(set(truth.tolist())), len(set(found.tolist()) - {-1}),
        noise, rand, information, homogeneity, completeness, v, purity,
        tuple(_purities([labels[item] for item in items], [clusters[item] for item in items])),
    )  # fmt: skip


def _codes(names: Sequence[str | None]) -> Codes:
    """Numbers for names in order of appearance; -1 for none."""
    numbers: dict[str, int] = {}
    return np.array([-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _intervals(truth: Codes, found: Codes, random: np.random.Generator) -> list[Estimate]:
    n = len(truth)
    halves = [random.choice(n, n // 2, replace=False) for _ in range(_DRAWS)] if n >= _LEAST else []
    drawn = np.array([_figures(truth[rows], found[rows]) for rows in halves]).reshape(len(halves), _FIGURES)
    return [_estimate(value, drawn[:, number]) for number, value in enumerate(_figures(truth, found))]


def _figures(truth: Codes, found: Codes) -> tuple[float, ...]:
    """Noise, adjusted Rand, adjusted mutual information, homogeneity, completeness, V, purity; NaN where undefined."""
    kept = found >= 0
    noise = float(1 - kept.mean()) if len(found) else np.nan
    if kept.sum() < 2:
        return (noise, *[np.nan] * 6)
    t, f = truth[kept], found[kept]
    pairs = np.zeros((f.max() + 1, t.max() + 1))
    np.add.at(pairs, (f, t), 1)
    return (
        noise,
        adjusted_rand_score(t, f),
        adjusted_mutual_info_score(t, f),
        *homogeneity_completeness_v_measure(t, f),
        float(pairs.max(axis=1).sum() / len(t)),
    )


def _estimate(value: float, drawn: npt.NDArray[np.float64]) -> Estimate:
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(defined):
        return Estimate(None if np.isnan(value) else float(value), None, None)
    low, high = np.percentile(defined, _LEVEL)
    return Estimate(float(value), float(low), float(high))


def _purities(labels: Sequence[str], clusters: Sequence[str]) -> Iterable[Purity]:
    """The clusters, largest first; intervals are Wilson's, for five equal items resampled are always equal."""
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for label, cluster in zip(labels, clusters, strict=True):
        if cluster:
            members[cluster][label] += 1
    for cluster, held in sorted(members.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        label, count = min(held.items(), key=lambda pair: (-pair[1], pair[0]))
        yield Purity(cluster, held.total(), label, Estimate(*wilson(count, held.total())))
