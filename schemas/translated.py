"""What the ClickHouse driver raises, in our errors and one sentence each."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from schemas.errors import BadQuery, DatabaseError, DatabaseUnreachable

# Codes of errors that speak of the database's state, not of the statement.
_TROUBLE = frozenset({159, 164, 202, 209, 210, 241, 242, 243, 252, 279, 319, 425, 516, 999})


@contextmanager
def translated(error_type: type[DatabaseError] | type[BadQuery], *, is_user_sql: bool = False) -> Iterator[None]:
    """Turn what the driver raises into our errors, in one sentence."""
    try:
        yield
    except ClickHouseError as error:
        if is_unanswered(error):
            raise DatabaseUnreachable(_unreachable(error)) from error
        is_trouble = isinstance(error, OperationalError) or (
            getattr(error, "code", None) in _TROUBLE and not is_user_sql
        )
        raise (DatabaseError if is_trouble else error_type)(sentence(error)) from None


_BARE_5XX = re.compile(r"HTTP driver received HTTP status 5\d\d\b")


def is_unanswered(error: ClickHouseError) -> bool:
    """Tell whether no ClickHouse server has answered: nobody has, or a load balancer in its place.

    The server itself names a code with every failure; a status without one is of whatever stands before it.
    """
    if getattr(error, "code", None) is not None:
        return False
    return isinstance(error, OperationalError) or bool(_BARE_5XX.match(str(error)))


def _unreachable(error: ClickHouseError) -> str | None:
    """Name the server from the URL at the end of the driver's message, in which no password stands."""
    url = re.search(r"\((?:for url )?https?://([^/)]+)[^)]*\)$", str(error))
    status = re.match(r"HTTP driver received (HTTP status \d+)", str(error))
    reason = f"answers with {status[1]} only" if status else "does not answer"
    advice = "Check MOMUS_DATABASE and that the server runs."
    return f"The ClickHouse server at {url[1]} {reason}. {advice}" if url else None


_NOISE = re.compile(
    r"^.*?DB::Exception:\s*(?:Code: \d+\. DB::Exception:\s*)*"  # prefixes, one for each layer that passed it on
    r"|(?:[.:]?\s*Expected one of|\s*[Ii]n scope |: [Ww]hile (?:executing|processing)|\. Stack trace).*$"
    r"|\s*\((?:version [^)]*\)?\)|[A-Z][A-Z_]+\)(?!:| \(line)).*$"  # the version, the code in capitals and the URL
    r"|\s*FORMAT JSON(?:Compact)?EachRow\w*",  # what we put behind each statement
    re.DOTALL,
)


def sentence(error: Exception) -> str:
    """Return what went wrong without the engine's layers, stack traces and version."""
    text = str(error)
    is_of_row = "(at row " in text
    for _ in range(3):
        text = _NOISE.sub("", text)
    text = _without_data(text) if is_of_row else text
    text = " ".join(text.split()).removeprefix("default: ")
    told = text[:300].rstrip(" .:")
    return told + "." * (not told.endswith("?")) if told else "The database gave no reason."


_KEY = re.compile(r"\(while reading the value of key (\w+)\)")


def _without_data(text: str) -> str:
    """Leave out what the engine quotes of a row that it could not read: errors are logged, and rows are somebody's."""
    key = _KEY.search(text)
    told = re.split(r"[\s:]*(?:expected )?(?:before: |['\"(])", text, maxsplit=1)[0]
    return f"{told} of column {key[1]}" if key else told
