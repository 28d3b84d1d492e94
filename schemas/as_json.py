"""Values as JSON bytes, whatever text is in them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

PIECE_BYTES = 128 * 1024


@dataclass(slots=True)
class JsonLines:
    """Rows as lines of JSON in one buffer; its length is their number.

    A line is an object, or, where `columns` are named, an array of values in their order. One buffer that grows takes a
    third of the time that a `bytes` for each row takes, nearly all of it getting memory.
    """

    columns: tuple[str, ...] = ()
    text: bytearray = field(default_factory=bytearray)
    count: int = 0

    def __len__(self) -> int:
        return self.count

    @property
    def size_bytes(self) -> int:
        """The length of the text."""
        return len(self.text)

    def append(self, line: bytes) -> None:
        """Append a row that is a line of JSON already, its end included."""
        self.text += line
        self.count += 1

    def extend(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Append rows in their order."""
        for row in rows:
            self.text += as_json(row)
            self.text += b"\n"
            self.count += 1


@dataclass(slots=True)
class JsonStream:
    """Rows as lines of JSON that are made while they are taken, once; its length is how many were.

    A line is an array of values in the order of `columns`.
    """

    columns: tuple[str, ...]
    lines: Iterator[bytes]
    count: int = 0
    size_bytes: int = 0

    def __len__(self) -> int:
        return self.count

    def pieces(self) -> Iterator[bytes]:
        """Make the rows and yield them, so many together that taking a piece costs little beside making it."""
        piece = bytearray()
        for line in self.lines:
            piece += line
            self.count += 1
            if len(piece) >= PIECE_BYTES:
                self.size_bytes += len(piece)
                yield bytes(piece)
                piece.clear()
        self.size_bytes += len(piece)
        yield bytes(piece)

    def gathered(self) -> JsonLines:
        """Make the rows and hold them."""
        text = bytearray()
        for piece in self.pieces():
            text += piece
        return JsonLines(self.columns, text, self.count)

    def pass_over(self) -> None:
        """Make the rows that nobody has taken, and hold none."""
        for _ in self.pieces():
            pass


def as_json(value: object) -> bytes:
    """Return the value as JSON; a lone surrogate becomes U+FFFD.

    Raises:
        orjson.JSONEncodeError: something in it is neither text, number, bool, None, list nor mapping.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return orjson.dumps(valid(value))


def valid(value: object) -> object:
    """Replace lone surrogates, which JSON from some SDKs smuggles in and no UTF-8 can hold."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case Mapping():
            return {valid(key): valid(item) for key, item in value.items()}
        case list() | tuple():
            return [valid(item) for item in value]
    return value
