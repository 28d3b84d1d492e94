"""What momus tells about itself: one line an event, as key=value or JSON, and never what somebody sent.

    time=2026-11-24T01:02:03.456Z level=warning logger=collector_plugin.writer message="segment ... stays in the spool"

An exception is told by its type and where it was raised. Its text is left out unless it is momus' own or the operating
system's: a parser's would quote what it could not parse. A warning that repeats within five minutes is counted, and the
count told with the next.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TextIO

from schemas.as_json import as_json
from schemas.errors import MomusError

QUIET_S = 300.0
FRAME_COUNT = 4
TEMPLATE_LIMIT = 1_000
_BARE = re.compile(r"[\w.:/@%+-]+")
# Others would repeat what is raised and told once by whoever handles it, or log every request.
_LOUD = {"uvicorn": logging.WARNING, "urllib3": logging.ERROR, "httpx": logging.WARNING, "openai": logging.WARNING}

Format = Literal["text", "json"]


def set_up(format: Format, level: str, stream: TextIO | None = None) -> None:
    """Log all of this process to `stream`, or standard error, in one format; what was set up before is undone."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_AsJson() if format == "json" else _AsText())
    handler.addFilter(Repeats())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name, least in _LOUD.items():
        logging.getLogger(name).setLevel(max(least, logging.getLogger().level))


class Repeats(logging.Filter):
    """Lets a warning through once in five minutes; the next one says how many were left out as `repeated`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is logged."""
        if record.levelno < logging.WARNING:
            return True
        key, now_s = (record.name, str(record.msg)), self._clock()
        told_s, left_out = self._told.get(key, (-QUIET_S, 0))
        if now_s - told_s < QUIET_S:
            self._told[key] = told_s, left_out + 1
            return False
        if len(self._told) >= TEMPLATE_LIMIT:
            self._told.clear()
        self._told[key] = now_s, 0
        record.repeated = left_out
        return True


class _AsText(logging.Formatter):
    """key=value; a value that is no bare word is quoted."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in _fields(record).items())


class _AsJson(logging.Formatter):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        return as_json(_fields(record)).decode()


def _quoted(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else as_json(text).decode()


def _fields(record: logging.LogRecord) -> dict[str, object]:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields: dict[str, object] = {
        "time": at,
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _one_line(record.getMessage()),
    }
    if repeated := getattr(record, "repeated", 0):
        fields["repeated"] = repeated
    error = record.exc_info[1] if record.exc_info else None
    return fields | (_about(error) if error else {})


def _about(error: BaseException) -> dict[str, object]:
    """The types of an exception and its causes, and where it was raised, innermost first."""
    types: list[str] = []
    cause: BaseException | None = error
    while cause and len(types) < FRAME_COUNT:
        types.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    frames = reversed(traceback.extract_tb(error.__traceback__)[-FRAME_COUNT:])
    where = " < ".join(f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in frames)
    told: dict[str, object] = {"error": " < ".join(types), "where": where}
    if isinstance(error, (MomusError, OSError)):
        told["reason"] = _one_line(str(error))
    return told


def _one_line(text: str) -> str:
    return " ".join(text.split())
