"""Read stack traces out of text: Python (chains and groups), JavaScript, Java, Go, Rust and .NET.

Only what survives a deployment is kept of a frame: module and function, never the line number. Frames come out nearest
the raise first, whatever order the language prints them in.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_TEXT_LIMIT = 65_536  # characters read; longer traces are recursion, whose repetition says nothing

_PYTHON_HEADER = re.compile(
    r"^(?P<indent>[ |+\-]*)(?:[^\n|]{1,60}: )?(?:Exception Group )?Traceback \(most recent call last\):", re.M
)
_PYTHON_FRAME = re.compile(r'^[ |]*File "(?P<file>[^"]+)", line \d+(?:, in (?P<function>\S.*?))?\s*$')
_PYTHON_ERROR = re.compile(r"^[ |]*(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_V8_FRAME = re.compile(r"^\s*at (?:async )?(?:(?P<function>[^\s(][^(]*?) \()?(?P<file>[^()\s]+?):\d+(?::\d+)?\)?$")
_GECKO_FRAME = re.compile(r"^(?P<function>[\w$.<>/*\[\]]*)@(?P<file>\S+?):\d+(?::\d+)?$")
_JAVA_FRAME = re.compile(
    r"^\s*at (?:[\w.@/]+/)?(?P<module>[\w$.]+)\.(?P<function>[\w$<>]+)\((?:[\w$]+\.\w+(?::\d+)?|Native Method|Unknown Source)\)"
)
_DOTNET_FRAME = re.compile(
    r"^\s*at (?P<module>[\w.`<>+]+)\.(?P<function>[\w<>`.|]+)(?:\[[^\]]*\])?\([^)]*\)(?: in .+:line \d+)?$"
)
_GO_FRAME = re.compile(r"^(?P<module>[\w./\-]+?)\.(?P<function>(?:\(\*?\w+\)\.)?[\w.]+)\(.*\)$")
_RUST_FRAME = re.compile(
    r"^\s*\d+: (?:0x[0-9a-f]+ - )?(?P<module>[\w<>: ]+)::(?P<function>[\w{}<>]+)(?:::h[0-9a-f]{16})?$"
)
_CAUSED = re.compile(r"^(?:Caused by|Suppressed): ", re.I)
_HEAD = re.compile(
    r"^(?:Uncaught |Unhandled exception\. |Exception in thread \"[^\"]*\" )?(?P<type>[A-Za-z_$][\w$.]*(?:Error|Exception|Fault|Panic|Throwable)?)(?:: (?P<message>.*))?$"
)
_GO_HEAD = re.compile(r"^(?:panic|fatal error): (?P<message>.*)$")
_RUST_HEAD = re.compile(r"^thread '[^']*'.* panicked at (?P<message>.*)$")

_FOREIGN = re.compile(
    r"site-packages|dist-packages|node_modules|[/\\]lib[/\\]python\d|<frozen |^node:|^internal/|\.cargo/registry|/rustc/"
    r"|/usr/(?:local/)?(?:lib|go)/|/pkg/mod/|^<(?!module)|vendor/"
)
_FOREIGN_MODULES = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|scala|org\.springframework|org\.apache|io\.netty|reactor|System|Microsoft"
    r"|runtime|net/http|testing|std|core|alloc|tokio|hyper)(?:[./:]|$)"
)
_GENERATED = re.compile(
    r"\$\$?(?:Lambda|EnhancerBy\w+|FastClassBy\w+|Proxy)?\$*[\d/xa-f]+|\d+$|<anonymous>|\{\{closure\}\}"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack: no line number. `is_in_app` is false for libraries and the language's own code."""

    module: str
    function: str
    is_in_app: bool


@dataclass(frozen=True, slots=True)
class RaisedError:
    """One error of a trace with its frames, nearest the raise first. `is_group` marks the root of an exception group."""

    type: str
    message: str
    frames: tuple[Frame, ...]
    is_group: bool = False
    is_member: bool = False


def read_stacktrace(text: str) -> tuple[RaisedError, ...]:
    """All errors of the first stack trace in `text`, the one that surfaced last; empty where there is none."""
    text = text[:_TEXT_LIMIT].replace("\\n", "\n") if "\n" not in text else text[:_TEXT_LIMIT]
    if _PYTHON_HEADER.search(text):
        return _read_python(text)
    return _read_other(text)


def _read_python(text: str) -> tuple[RaisedError, ...]:
    errors = []
    headers = list(_PYTHON_HEADER.finditer(text))
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        block = text[header.end() : following.start() if following else len(text)]
        raised = _read_python_block(
            block, is_group="Exception Group" in header.group(), is_member="|" in header.group("indent")
        )
        if raised:
            errors.append(raised)
    return tuple(errors)


def _read_python_block(block: str, *, is_group: bool, is_member: bool) -> RaisedError | None:
    frames: list[Frame] = []
    expects_source = False
    for line in block.splitlines():
        if frame := _PYTHON_FRAME.match(line):
            frames.append(_frame(frame["file"], frame["function"] or "<module>"))
            expects_source = True
        elif not line.strip(" |") or line.lstrip(" |").startswith(("^", "~", "[Previous line")):
            continue
        elif expects_source and line.lstrip("|").startswith("    "):
            expects_source = False
        elif error := _PYTHON_ERROR.match(line.lstrip(" |+-")):
            nearest_first = _without_recursion(frames[::-1])
            return RaisedError(
                error["type"].rsplit(".", 1)[-1], error["message"] or "", nearest_first, is_group, is_member
            )
    return RaisedError("", "", _without_recursion(frames[::-1])) if frames else None


def _read_other(text: str) -> tuple[RaisedError, ...]:
    errors: list[RaisedError] = []
    kind, message = "", ""
    frames: list[Frame] = []
    previous = ""
    for line in text.splitlines():
        frame = _read_frame(line)
        if frame:
            if not frames and not kind:
                kind, message = _read_head(previous)
            frames.append(frame)
        elif _CAUSED.match(line.strip()):
            if frames:
                errors.append(RaisedError(kind, message, _without_recursion(frames)))
            kind, message = _read_head(_CAUSED.sub("", line.strip()))
            frames = []
        elif head := _GO_HEAD.match(line) or _RUST_HEAD.match(line):
            kind, message = "panic", head["message"]
        elif line.strip():
            previous = previous if frames else line.strip()
    if frames:
        errors.append(RaisedError(kind, message, _without_recursion(frames)))
    return tuple(errors)


def _read_frame(line: str) -> Frame | None:
    if java := _JAVA_FRAME.match(line):
        return _frame(java["module"], java["function"])
    if v8 := _V8_FRAME.match(line):
        return _frame(v8["file"], v8["function"] or "<anonymous>")
    if dotnet := _DOTNET_FRAME.match(line):
        return _frame(dotnet["module"], dotnet["function"])
    if rust := _RUST_FRAME.match(line):
        return _frame(rust["module"], rust["function"])
    if gecko := _GECKO_FRAME.match(line):
        return _frame(gecko["file"], gecko["function"] or "<anonymous>")
    if ("/" in line or line.startswith("main.")) and (go := _GO_FRAME.match(line)):
        return _frame(go["module"], go["function"])
    return None


def _read_head(line: str) -> tuple[str, str]:
    head = _HEAD.match(line)
    if not head:
        return "", line
    return head["type"].rsplit(".", 1)[-1], head["message"] or ""


def _frame(place: str, function: str) -> Frame:
    is_in_app = not (_FOREIGN.search(place) or _FOREIGN_MODULES.match(place))
    is_file = "/" in place or "\\" in place or place.endswith((".py", ".js", ".ts", ".mjs", ".cjs"))
    module = PurePosixPath(place.replace("\\", "/").split("?")[0]).name.lower() if is_file else place
    if is_file:
        # Bundlers put a content hash into the file name: app.3f9a1c2b.js is app.js of another build.
        module = re.sub(r"[._\-][0-9a-f]{8,}(?=\.)", "", module)
    return Frame(_GENERATED.sub("", module), _GENERATED.sub("", function.strip()), is_in_app)


def _without_recursion(frames: list[Frame]) -> tuple[Frame, ...]:
    kept: list[Frame] = []
    for frame in frames:
        if not kept or kept[-1] != frame:
            kept.append(frame)
    return tuple(kept)
