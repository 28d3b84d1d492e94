"""95 % intervals by resampling groups of conversations."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.statistics import wilson

Counts = npt.NDArray[np.float64]

_DRAWS = 2000
_LEVEL = (2.5, 97.5)


class Estimate(NamedTuple):
    """A figure with the bounds of its 95 % interval; None where there is nothing to count."""

    value: float | None
    low: float | None
    high: float | None


def bootstrap(
    counts: Counts, groups: npt.NDArray[np.int64], figure: Callable[[Counts], Counts], *, seed: int = 0
) -> list[Estimate]:
    """Figures of summed counts, with percentile intervals over 2,000 resamplings of whole groups.

    Where all resamplings agree, as they do when nothing or everything counts, they cannot tell how sure that is; the
    interval is then Wilson's for as many groups as could have counted.

    Args:
        counts: float64[n, c], what each conversation adds to each count.
        groups: int64[n], the group of each conversation; groups are drawn with replacement.
        figure: from float64[..., c] sums to float64[..., f] figures between 0 and 1; NaN where one is undefined.
        seed: of the drawing.

    Returns:
        f estimates. A resampling in which a figure is undefined is left out of that figure's interval; with fewer than
        two groups there is no interval.
    """
    names, places = np.unique(groups, return_inverse=True)
    summed = np.zeros((len(names), counts.shape[1]))
    np.add.at(summed, places, counts)
    values = figure(summed.sum(axis=0))
    if len(names) < 2:
        return [Estimate(_number(value), None, None) for value in values]
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=_DRAWS)
    drawn = figure(draws @ summed)
    counting = np.count_nonzero(~np.isnan(figure(summed)), axis=0)
    return [_estimate(value, drawn[:, at], int(counting[at])) for at, value in enumerate(values)]


def _estimate(value: float, drawn: Counts, group_count: int) -> Estimate:
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(defined):
        return Estimate(_number(value), None, None)
    low, high = np.percentile(defined, _LEVEL)
    if low == high:
        _, low, high = wilson(round(value * group_count), group_count)
    return Estimate(float(value), float(low), float(high))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
