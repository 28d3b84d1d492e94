"""Each folder below is one case: OTLP bodies as an instrumentation library sends them, and the conversations expected.

    <dialect>/<case>/001_traces.json, 002_logs.json, ...   request bodies in the order they arrive
    <dialect>/<case>/expected.jsonl                        what `momus inspect --json` prints, one conversation a line

Adding a case needs no Python: put in the bodies, run `momus inspect --json` on them, and read what it prints.
"""

import json
import random
from pathlib import Path

import pytest

from collector_plugin.dialects import DIALECTS
from momus.inspect import inspect, to_json

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/expected.jsonl"))


def bodies(case: Path) -> list[Path]:
    return sorted(path for path in case.iterdir() if path.name[:3].isdigit())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_captured_request_gives_the_expected_conversations(case: Path) -> None:
    """The bodies of a golden case assemble to exactly what its expected.jsonl holds."""
    expected = [json.loads(line) for line in (case / "expected.jsonl").read_text().splitlines()]
    got = [to_json(conversation) for conversation in inspect(bodies(case)).conversations]
    assert json.loads(json.dumps(got)) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_the_order_in_which_requests_arrive_does_not_matter(case: Path) -> None:
    """Children before parents, logs before spans, late roots: the same conversations."""
    files = bodies(case)
    shuffled = random.Random(3).sample(files, len(files))
    assert [to_json(c) for c in inspect(shuffled).conversations] == [to_json(c) for c in inspect(files).conversations]


@pytest.mark.parametrize("dialect", [dialect.NAME for dialect in DIALECTS])
def test_every_dialect_has_golden_cases(dialect: str) -> None:
    """A dialect without a case is a claim without proof."""
    assert any(case.parent.name == dialect for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_every_span_of_a_golden_case_is_read_by_the_dialect_of_its_folder_or_by_none(case: Path) -> None:
    """A case of one dialect is not quietly read by another; client spans within may speak OpenTelemetry's own."""
    spoken = set(inspect(bodies(case)).dialects)
    assert case.parent.name in spoken
