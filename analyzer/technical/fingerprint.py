"""The identity of a technical failure: momus grouping, version 1.

A failure with a stack is known by its types and its frames, without line numbers; one without by the operation, the
type, the codes it names and its parameterised message. The id is a hash of those components alone: it does not depend
on order, time, host or what else was seen, so that any process at any time finds the same group. Any change of the
components is a new version, with a new prefix; existing issues keep theirs.
"""

import hashlib
import re
from dataclasses import dataclass

from analyzer.technical.failure_classes import FailureClass, classify
from analyzer.technical.parameterise import parameterise
from analyzer.technical.stacktrace import Frame, RaisedError, read_stacktrace
from analyzer.technical.unwrap import http_status, read_failure
from analyzer.text import shorten
from schemas.families import Code

VERSION = "v1"
_FRAME_LIMIT = 12  # in-app frames nearest the raise
_SYSTEM_FRAME_LIMIT = 4  # where no frame is in-app
_TITLE_LIMIT = 100  # characters
_NAMELESS = frozenset({"", "<module>", "<anonymous>", "<lambda>", "<stdin>", "<string>", "anonymous"})
# What runners of generated code put before its output.
_EXIT_LINE = re.compile(r"\A\s*exit ?(?:code|status):? -?\d+[^\n]*\n(?:[\w ]{0,20}output:)?", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<[a-z]+>")
# Wrappers that name no failure: the type of what they wrap is in the message.
_EMPTY_TYPES = frozenset(
    {
        "",
        "error",
        "exception",
        "_other",
        "unknown",
        "unknownerror",
        "toolerror",
        "toolexception",
        "runtimeerror",
        "toolexecutionerror",
    }
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What groups a failure. `components` are the lines that were hashed, kept so that a person can see why."""

    id: str
    title: str
    code: Code
    failure_class: str
    components: tuple[str, ...]


def fingerprint(
    message: str, *, operation: str = "", error_type: str = "", stacktrace: str = "", status: int = 0
) -> Fingerprint:
    """Group one failure.

    Args:
        message: what the failure says of itself; may itself hold a stack trace.
        operation: the tool, model or span that failed.
        error_type: the exception's class or `error.type`.
        stacktrace: as text, in any of the languages `analyzer.technical.stacktrace` reads.
        status: HTTP status, 0 where none is known.
    """
    # A stack within the message is that of the code which failed; the other is that of who reports it.
    within = read_stacktrace(message)
    errors = within or read_stacktrace(stacktrace)
    said = _said("" if within else message, errors)
    raised = errors[-1].type if errors and errors[-1].type else error_type
    status = status or http_status(said)
    # The template, not the message: a price of 404 is no "404 Not Found".
    known = classify(f"{raised} {parameterise(said)} {status or ''}")
    components = _message_components(said, operation, raised, status, known)
    if _tells(errors):
        components = _stack_components(errors, components)
    digest = hashlib.blake2b("\n".join(components).encode(), digest_size=8).hexdigest()
    return Fingerprint(
        f"{VERSION}:{digest}",
        _title(said, operation, raised, status, known),
        known.code if known else "exception",
        known.name if known else "",
        components,
    )


def _message_components(
    message: str, operation: str, error_type: str, status: int, known: FailureClass | None
) -> tuple[str, ...]:
    parts = {
        "operation": parameterise(operation),
        "type": "" if error_type.lower() in _EMPTY_TYPES else parameterise(error_type),
        "status": str(status or ""),
        "class": known.name if known else "",
        "message": parameterise(message),
    }
    return tuple(f"{name}={value}" for name, value in parts.items() if value)


def _stack_components(errors: tuple[RaisedError, ...], of_message: tuple[str, ...]) -> tuple[str, ...]:
    """Types and frames with the operation and status: all tools of an agent fail through the frames of its tool runner."""
    lines = [line for error in _distinct(errors) for line in (f"type={error.type}", *_frame_lines(error.frames))]
    return (*(part for part in of_message if part.startswith(("operation=", "status="))), *lines)


def _said(message: str, errors: tuple[RaisedError, ...]) -> str:
    """The words of the failure itself: of the last error of the stack, or out of the JSON or runner that wraps them."""
    message = _EXIT_LINE.sub("", message, count=1).strip() or message
    if not message and errors:
        message = errors[-1].message or errors[-1].type
    inner = read_failure(message) if message.lstrip().startswith(("{", "[")) else None
    return inner.message if inner else message


def _tells(errors: tuple[RaisedError, ...]) -> bool:
    """Whether a stack tells more than the message. Generated code runs at the top level of a nameless file; and where
    the type is any tool's failure, the stack is the tool runner's and the message the tool's own."""
    if all(error.type.lower() in _EMPTY_TYPES for error in errors):
        return False
    frames = [frame for error in errors for frame in error.frames]
    in_app = [frame for frame in frames if frame.is_in_app]
    return any(frame.function not in _NAMELESS for frame in in_app or frames)


def _distinct(errors: tuple[RaisedError, ...]) -> tuple[RaisedError, ...]:
    """All errors of a plain chain; of a group its distinct members, sorted, for their order is chance.

    A group whose members are all the same is that one error: three failed downloads are the failed download.
    """
    roots = tuple(error for error in errors if error.is_group and not error.is_member)
    if not roots:
        return errors
    members = {
        (error.type, *_frame_lines(error.frames)): error for error in errors if error.is_member and not error.is_group
    }
    distinct = tuple(members[key] for key in sorted(members))
    return distinct if len(distinct) == 1 else (*roots, *distinct)


def _frame_lines(frames: tuple[Frame, ...]) -> tuple[str, ...]:
    in_app = [frame for frame in frames if frame.is_in_app][:_FRAME_LIMIT]
    return tuple(f"frame={frame.module}:{frame.function}" for frame in in_app or frames[:_SYSTEM_FRAME_LIMIT])


def _title(message: str, operation: str, error_type: str, status: int, known: FailureClass | None) -> str:
    """What a person reads: where, what, and the words of the failure itself where no well-known name fits."""
    said = shorten(_PLACEHOLDER.sub("…", parameterise(message)), 70)
    said = said[len("Error: ") :] if said.lower().startswith("error: ") else said
    kind = "" if error_type.lower() in _EMPTY_TYPES else error_type.rsplit(".", 1)[-1]
    specific = known and known.name not in ("not_found", "validation", "bad_request", "code", "conflict")
    what = known.title if known and specific else (said or (known.title if known else kind or "failed"))
    if kind and not specific and kind.lower() not in what.lower():
        what = f"{kind}: {what}" if what != "failed" else kind
    shown_status = f" (HTTP {status})" if status and str(status) not in what else ""
    return shorten(f"{operation or 'a call'}: {what}{shown_status}", _TITLE_LIMIT)
