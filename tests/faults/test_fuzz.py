"""Guided by what it reaches, the fuzzer finds no input that ingest fails at. See fuzz_ingest.py to run it by hand."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

FUZZ_S = 600


@pytest.mark.soak
@pytest.mark.skipif(not find_spec("atheris"), reason="atheris is not installed: `.venv/bin/uv pip install atheris`")
def test_fuzzing_finds_nothing(tmp_path: Path) -> None:
    """For ten minutes; what was found is shown with the place it happened."""
    program = str(Path(__file__).with_name("fuzz_ingest.py"))
    limits = [f"-max_total_time={FUZZ_S}", "-timeout=20", "-rss_limit_mb=2048"]
    done = subprocess.run(
        [sys.executable, program, str(tmp_path), *limits], capture_output=True, text=True, check=False
    )
    assert [path.read_text() for path in (tmp_path / "found").glob("*.txt")] == []
    assert done.returncode == 0, done.stderr[-2000:]
