"""What a text was read as is kept for when it comes again, within bounds."""

from collector_plugin.reading.remembered import TEXT_CHARS, TEXTS, remembered


class Reader:
    """Reads words, and counts how often it has to."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, text: str) -> tuple[str, ...]:
        self.count += 1
        return tuple(text.split())


def test_a_text_that_comes_again_is_not_read_again() -> None:
    """The same value is given, until as many other texts have come as are kept."""
    reader = Reader()
    words = remembered(reader.read)
    assert words("a b") is words("a b")
    assert (words("a b"), reader.count) == (("a", "b"), 1)
    for number in range(TEXTS):
        words(str(number))
    assert (words("a b"), reader.count) == (("a", "b"), TEXTS + 2)


def test_a_long_text_is_not_kept() -> None:
    """It would cost more memory than reading it costs time."""
    reader = Reader()
    words = remembered(reader.read)
    long = "x" * (TEXT_CHARS + 1)
    assert words(long) == words(long) == (long,)
    assert reader.count == 2
