"""The keys by which spans are recognised when they are sent again, and a request without those that were.

A span is the same if tenant, trace id, span id, start and end are, as its exporter sent them: however it is batched,
and whatever else of it changed. With another start or end it is another span, and both are kept: some libraries send a
span when it starts and again when it ends.

Log records have no such identity, and two equal ones of one nanosecond are legitimate: they are recognised only as the
request that they came in, byte for byte.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Two words of trace id, then span id, start and end.
WORDS_PER_SPAN = 5


def span_keys(tenant: str, identities: Sequence[bytes]) -> bytes:
    """Return a key of 8 bytes for each span, in order.

    Args:
        tenant: what two tenants send is never the same.
        identities: 40 bytes a span: trace id, span id, and start and end as 64-bit integers, little-endian.
    """
    words = np.frombuffer(b"".join(identities), "<u8").reshape(-1, WORDS_PER_SPAN)
    # Each word is mixed with a seed of its own, so that no two that change places give the same sum.
    return _mixed(_mixed(words ^ _seeds(tenant)).sum(axis=1, dtype=np.uint64)).astype("<u8").tobytes()


@lru_cache(maxsize=64)
def _seeds(tenant: str) -> NDArray[np.uint64]:
    return np.frombuffer(hashlib.blake2b(tenant.encode(), digest_size=8 * WORDS_PER_SPAN).digest(), "<u8")


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all 64: the last step of SplitMix64, https://prng.di.unimi.it/splitmix64.c."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def without(request: Any, places: Collection[int]) -> bytes:
    """Return a request, which is changed in place, without the spans at these places, counted through all scopes.

    Args:
        request: an ExportTraceServiceRequest; typed as any, for whoever decoded it does not know its signal.
        places: of spans.
    """
    dropped, first = set(places), 0
    for parent in request.resource_spans:
        for group in parent.scope_spans:
            count = len(group.spans)
            keep_only(group.spans, [first + index not in dropped for index in range(count)])
            first += count
    return bytes(request.SerializeToString())


def keep_only(items: Any, verdicts: Iterable[bool]) -> None:  # protobuf's repeated field has no type
    """Remove from a repeated field what has a False, in one go: deleting one by one would move all that follow."""
    kept = [item for item, is_kept in zip(items, verdicts, strict=True) if is_kept]
    if len(kept) < len(items):
        del items[:]
        items.extend(kept)
