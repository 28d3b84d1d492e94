"""Stack traces of six languages as frames nearest the raise first, without line numbers."""

import pytest

from analyzer.technical.stacktrace import read_stacktrace

JAVA = """java.lang.IllegalStateException: cart is closed
\tat com.acme.Cart.add(Cart.java:12)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.io.IOException: broken
\tat com.acme.Store.write(Store.java:99)
\t... 3 more"""
V8 = """TypeError: total is not a function
    at sum (/srv/app/dist/cart.0a1b2c3d4e.js:10:3)
    at async handler (node:internal/process:3:1)"""
GO = "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.pick(0x1)\n\t/tmp/x.go:3 +0x1\n"
DOTNET = "System.InvalidOperationException: no\n   at Acme.Cart.Add(String id) in C:\\a\\Cart.cs:line 5\n"
PYTHON = (
    "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in load\n    f()\nKeyError: 'x'\n\n"
    "During handling of the above exception, another exception occurred:\n\n"
    'Traceback (most recent call last):\n  File "/srv/b.py", line 9, in main\n    g()\nValueError: y\n'
)


@pytest.mark.parametrize(
    ("text", "types", "first"),
    [
        (JAVA, ["IllegalStateException", "IOException"], ("com.acme.Cart", "add", True)),
        (V8, ["TypeError"], ("cart.js", "sum", True)),
        (GO, ["panic"], ("main", "pick", True)),
        (DOTNET, ["InvalidOperationException"], ("Acme.Cart", "Add", True)),
        (PYTHON, ["KeyError", "ValueError"], ("a.py", "load", True)),
    ],
)
def test_a_trace_is_read(text: str, types: list[str], first: tuple[str, str, bool]) -> None:
    """All errors of a chain with their types; the nearest frame of the first."""
    errors = read_stacktrace(text)
    assert [error.type for error in errors] == types
    frame = errors[0].frames[0]
    assert (frame.module, frame.function, frame.is_in_app) == first


def test_libraries_are_not_in_app() -> None:
    """Frames of installed packages and of the language are told from the application's."""
    text = 'Traceback (most recent call last):\n  File "/v/site-packages/x.py", line 1, in go\n    y()\nOSError: z'
    assert [frame.is_in_app for frame in read_stacktrace(text)[0].frames] == [False]


def test_recursion_is_told_once() -> None:
    """How deep a recursion went is no part of the failure."""
    frame = '  File "/srv/a.py", line 3, in walk\n    walk()\n'
    text = f"Traceback (most recent call last):\n{frame * 50}RecursionError: deep"
    assert len(read_stacktrace(text)[0].frames) == 1


@pytest.mark.parametrize("text", ["", "all is well", "meet me at noon (sharp)", "Traceback of my steps"])
def test_prose_is_no_trace(text: str) -> None:
    """Text without frames yields nothing."""
    assert read_stacktrace(text) == ()
