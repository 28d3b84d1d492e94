"""Where each item stands on the map of today: where it stood on the map of before, or as near to that as it can.

What is new stands amid its nearest. Each time the items have grown by a tenth the map is made anew, which takes seconds.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analyzer.clusters.distinct import distinct
from analyzer.clusters.map import SAMPLE, align, lay_out, place
from analyzer.clusters.reduction import Points
from analyzer.models import Vectors

_FEW = 100  # distinct rows below which two main directions show as much as a map does, at once
_GROWTH = 1.1  # factor in the number of items from one map to the next


def places(
    ids: Sequence[str], vectors: Vectors, before: Mapping[str, tuple[float, float]], *, anew: bool = False
) -> Points:
    """Return float32[n, 2], where each item stands.

    Args:
        ids: of the items; vectors: float32[n, d] of them, each of length 1.
        before: where items stood on the last map.
        anew: make a new map in any case, as when other vectors are used than before. A new map is turned to lie on the
            last one.
    """
    if not len(ids):
        return np.zeros((0, 2), dtype=np.float32)
    known = np.array([at for at, id in enumerate(ids) if id in before], dtype=np.int64)
    former = np.array([before[ids[at]] for at in known], dtype=np.float32).reshape(-1, 2)
    if anew or _map_number(len(known)) < _map_number(len(ids)):
        return align(_laid_out(vectors), known, former)
    found = np.empty((len(ids), 2), dtype=np.float32)
    found[known] = former
    if len(fresh := np.setdiff1d(np.arange(len(ids)), known)):
        found[fresh] = place(vectors[fresh], vectors[known[:SAMPLE]], former[:SAMPLE])
    return found


def _map_number(count: int) -> int:
    """Which map a number of items is shown on, counted from the map of one item; none has none."""
    return int(math.log(count, _GROWTH)) if count else -1


def _laid_out(vectors: Vectors) -> Points:
    apart = distinct(vectors)
    rows = vectors[apart.rows]
    if len(rows) < _FEW:
        return _main_directions(rows)[apart.of]
    sample = rows[:SAMPLE]
    points = lay_out(sample)
    if len(rows) > SAMPLE:
        points = np.concatenate([points, place(rows[SAMPLE:], sample, points)])
    return points[apart.of]


def _main_directions(rows: Vectors) -> Points:
    """The two directions along which rows differ most, centred, with a mean distance of 1 from the middle."""
    centred = rows - rows.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(rows), 2), dtype=np.float32)
    found = (left * lengths)[:, :2]
    points[:, : found.shape[1]] = found
    return np.asarray(points / max(float(np.linalg.norm(points, axis=1).mean()), 1e-9), dtype=np.float32)
