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
    except OperationalError as error:
        if error.code is None:
            raise DatabaseUnreachable(_unreachable(error)) from error
        raise DatabaseError(sentence(error)) from None
    except ClickHouseError as error:
        code = getattr(error, "code", None)
        if code in _TROUBLE and not is_user_sql:
            raise DatabaseError(sentence(error)) from None
        raise error_type(sentence(error)) from None


def _unreachable(error: OperationalError) -> str | None:
    """Name the server from the URL at the end of the driver's message, in which no password stands."""
    url = re.search(r"\(https?://([^/)]+)[^)]*\)$", str(error))
    advice = "Check MOMUS_DATABASE and that the server runs."
    return f"The ClickHouse server at {url[1]} does not answer. {advice}" if url else None


_NOISE = re.compile(
    r"^.*?DB::Exception:\s*(?:Code: \d+\. DB::Exception:\s*)*"  # prefixes, one for each layer that passed it on
    r"|(?:[.:]?\s*Expected one of|\s*[Ii]n scope |: [Ww]hile (?:executing|processing)|\. Stack trace).*$"
    r"|\s*\((?:version [^)]*\)?\)|[A-Z][A-Z_]+\)).*$",  # the version, the code in capitals and the URL
    re.DOTALL,
)


def sentence(error: ClickHouseError) -> str:
    """Return what went wrong without the engine's layers, stack traces and version."""
    text = str(error)
    for _ in range(3):
        text = _NOISE.sub("", text)
    text = _without_data(text)
    text = " ".join(text.split()).removeprefix("default: ")
    return f"{text[:300].rstrip(' .:')}." if text else "The database gave no reason."


_KEY = re.compile(r"\(while reading the value of key (\w+)\)")


def _without_data(text: str) -> str:
    """Leave out what the engine quotes of a row that it could not read: errors are logged, and rows are somebody's."""
    if "(at row " not in text:
        return text
    key = _KEY.search(text)
    told = re.split(r"[\s:]*(?:expected )?(?:before: |['\"(])", text, maxsplit=1)[0]
    return f"{told} of column {key[1]}" if key else told
