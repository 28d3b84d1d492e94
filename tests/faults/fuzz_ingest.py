"""Fuzz what stands between the wire and the tables, guided by coverage; by hand, or in `make soak` where atheris is there.

    python -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris -e .
    /tmp/fuzz/bin/python tests/faults/fuzz_ingest.py FOLDER -max_total_time=3600 -timeout=20 -rss_limit_mb=2048

An input is one byte that says what the rest is, then the body. FOLDER/corpus begins as the golden cases of all
dialects and keeps every input that reached something new. Whatever is raised that is not one of momus' own errors, and
every span that costs its dialect or its request, is kept in FOLDER/found: the input and where it happened, once for each
place. The fuzzer goes on; libFuzzer's own lines tell executions and coverage.
"""

import logging
import random
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["collector_plugin", "schemas"]):
    from collector_plugin.batch import raw_blocks, record_blocks
    from collector_plugin.otlp.admission import admit
    from collector_plugin.otlp.expansion import check_expansion
    from collector_plugin.otlp.inflate import CODINGS, inflate
    from collector_plugin.otlp.requests import REQUESTS, Encoding, Signal, decode
    from collector_plugin.spool.segment_format import StoredRequest
    from schemas.errors import BadRequest

NOW_NS = 1_780_000_000 * 10**9
LIMIT_BYTES = 1 << 20
SIGNALS: tuple[Signal, ...] = ("traces", "logs", "metrics")
ENCODINGS: tuple[Encoding, ...] = ("protobuf", "json")
PLAIN_CODINGS = ("", *CODINGS)
CASES = Path(__file__).parents[1] / "dialects"


class Raised(logging.Handler):
    """Makes an exception of what ingest only logs: there one bad item must not cost the others, here it is the find."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


def ingest(data: bytes) -> None:
    """Take one input all the way to rows, as a collector would.

    Raises:
        Exception: momus has a fault; that a body is refused is none.
    """
    signal, encoding, coding = _how(data[0]) if data else ("traces", ENCODINGS[0], "")
    try:
        decoded = decode(signal, inflate(data[1:], coding, limit_bytes=LIMIT_BYTES), encoding)
        check_expansion(decoded.request, limit_bytes=LIMIT_BYTES)
    except BadRequest:
        return
    admit(decoded.request, NOW_NS)
    body = decoded.request.SerializeToString()
    REQUESTS[signal].FromString(body)  # what is admitted must be read again
    if signal != "metrics":
        requests = [StoredRequest(signal, body, NOW_NS, bytes(8))]
        for block in (*raw_blocks(requests, "0-fuzz"), *record_blocks(requests, "0-fuzz")):
            assert not block.lost
            assert not block.unread_count


def _how(byte: int) -> tuple[Signal, Encoding, str]:
    rest, signal = divmod(byte, len(SIGNALS))
    rest, encoding = divmod(rest, len(ENCODINGS))
    # Compressed bodies are mostly broken ones: one input in eight is enough for them.
    coding = PLAIN_CODINGS[rest // 8 % len(PLAIN_CODINGS)] if rest % 8 == 0 else ""
    return SIGNALS[signal], ENCODINGS[encoding], coding


class Finds:
    """What was raised, once for each place in the code."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, data: bytes) -> None:
        """Ingest one input; keep it if it meets a fault that was not met before."""
        try:
            ingest(data)
        except Exception as error:  # noqa: BLE001 - all of them are what is looked for
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
        if not (self._folder / name).exists():
            (self._folder / name).write_bytes(data)
            (self._folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)))
            sys.stderr.write(f"FOUND {name}\n")


class Mutator:
    """Changes texts where they stand within the request, which bytes changed blindly seldom reach."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = keys

    def __call__(self, data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        found = _request_in(data)
        if found is None or rng.random() < 0.3:
            return bytes(atheris.Mutate(data, max_size))
        values = list(_values(found))
        for _ in range(rng.randint(1, 3)):
            if values:
                self._change(rng.choice(values), rng)
        changed = bytes([data[0] // 6 * 6 + data[0] % 3]) + bytes(found.SerializeToString())
        return changed if len(changed) <= max_size else bytes(atheris.Mutate(data, max_size))

    def _change(self, pair: Any, rng: random.Random) -> None:  # Any: a KeyValue
        match rng.randrange(4):
            case 0:
                pair.key = rng.choice(self._keys)
            case 1:
                pair.value.string_value = rng.choice(
                    ("", "null", "[]", "{}", "[{}]", "-1", "NaN", "\0", '"', "[" * 200)
                )
            case 2:
                pair.value.bytes_value = rng.randbytes(rng.randrange(9))
            case _:
                text = pair.value.string_value.encode()
                changed = bytes(atheris.Mutate(text, max(16, 2 * len(text))))
                pair.value.string_value = changed.decode("utf-8", "replace")


def _request_in(data: bytes) -> Any:  # one of REQUESTS, or None
    if not data:
        return None
    signal, encoding, coding = _how(data[0])
    try:
        request: Any = decode(signal, data[1:], encoding).request if not coding else None
    except (BadRequest, RecursionError):
        return None
    return request


def _values(request: Any) -> Iterable[Any]:  # Any: protobuf messages of either signal
    for parent in (*getattr(request, "resource_spans", ()), *getattr(request, "resource_logs", ())):
        yield from parent.resource.attributes
        for group in (*getattr(parent, "scope_spans", ()), *getattr(parent, "scope_logs", ())):
            yield from group.scope.attributes
            for item in (*getattr(group, "spans", ()), *getattr(group, "log_records", ())):
                yield from item.attributes
                for event in getattr(item, "events", ()):
                    yield from event.attributes


def plant(folder: Path) -> list[str]:
    """Write the golden cases as protobuf and JSON into the corpus; return every attribute key they have."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = set[str]()
    for path in sorted(CASES.glob("*/*/*.json")):
        signal: Signal = "logs" if path.stem.endswith("_logs") else "traces"
        request = decode(signal, path.read_bytes(), "json").request
        keys |= {pair.key for pair in _values(request)}
        number = SIGNALS.index(signal) + 6  # the second of eight: not compressed
        name = "-".join(path.parts[-3:])
        (folder / f"{name}.pb").write_bytes(bytes([number]) + bytes(request.SerializeToString()))
        (folder / name).write_bytes(bytes([number + 3]) + path.read_bytes())
    return sorted(keys)


def main() -> None:
    folder = Path(sys.argv[1])
    logging.getLogger("collector_plugin").handlers = [Raised()]
    logging.getLogger("collector_plugin").propagate = False
    mutator, finds = Mutator(plant(folder / "corpus")), Finds(folder / "found")
    atheris.Setup([sys.argv[0], str(folder / "corpus"), *sys.argv[2:]], finds.run, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
