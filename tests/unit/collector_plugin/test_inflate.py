"""Bodies are inflated up to the limit and never beyond it."""

import gzip
import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from collector_plugin.otlp.inflate import MEMBER_LIMIT, PIECE_BYTES, inflate
from schemas.errors import TooLarge, Undecodable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd.compress,
    "": bytes,
    "identity": bytes,
}
LIMIT = 100_000


@pytest.mark.parametrize("coding", COMPRESS)
@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_a_body_within_the_limit_comes_back(coding: str, size: int) -> None:
    """The limit itself is still allowed."""
    body = b"a" * size
    assert inflate(COMPRESS[coding](body), coding, limit_bytes=LIMIT) == body


@pytest.mark.parametrize("coding", COMPRESS)
def test_one_byte_more_is_too_large(coding: str) -> None:
    """Whatever the compressed size."""
    with pytest.raises(TooLarge):
        inflate(COMPRESS[coding](b"a" * (LIMIT + 1)), coding, limit_bytes=LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_a_bomb_takes_no_more_memory_than_the_limit(coding: str) -> None:
    """100 MB of zeros stop the decompressor at 100 kB."""
    bomb = COMPRESS[coding](bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        inflate(bomb, coding, limit_bytes=LIMIT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * LIMIT


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_that_follow_one_another_are_one_body(coding: str) -> None:
    """And count together."""
    compress = COMPRESS[coding]
    assert inflate(compress(b"a") + compress(b"b"), coding, limit_bytes=2) == b"ab"
    with pytest.raises(TooLarge):
        inflate(compress(b"ab") + compress(b"c"), coding, limit_bytes=2)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_longer_than_a_piece_follow_one_another(coding: str) -> None:
    """Wherever a member ends within what is inflated at a time."""
    bodies = [random.Random(number).randbytes(number * PIECE_BYTES // 2 + number) for number in range(5)]
    compressed = b"".join(map(COMPRESS[coding], bodies))
    assert inflate(compressed, coding, limit_bytes=10 * PIECE_BYTES) == b"".join(bodies)


@pytest.mark.parametrize(("coding", "limit"), [("gzip", MEMBER_LIMIT), ("zstd", MEMBER_LIMIT), ("deflate", 1)])
def test_members_are_counted(coding: str, limit: int) -> None:
    """A body of members without content stays below every limit of length, and each costs what follows it."""
    member = COMPRESS[coding](b"")
    assert inflate(member * limit, coding, limit_bytes=LIMIT) == b""
    with pytest.raises(Undecodable, match=f"{limit} compressed members"):
        inflate(member * (limit + 1), coding, limit_bytes=LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_what_is_not_what_it_says_is_undecodable(coding: str) -> None:
    """Garbage and a body that ends too early."""
    with pytest.raises(Undecodable):
        inflate(b"not compressed", coding, limit_bytes=LIMIT)
    with pytest.raises(Undecodable):
        inflate(COMPRESS[coding](b"abc" * 100)[:-3], coding, limit_bytes=LIMIT)


def test_an_unknown_coding_is_named() -> None:
    """With those that would do."""
    with pytest.raises(Undecodable, match=r"'br'.*gzip"):
        inflate(b"", "br", limit_bytes=LIMIT)
