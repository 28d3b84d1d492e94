"""What a server in the foreground does with the memory of its process."""

import subprocess
import sys
from pathlib import Path

import pytest

from momus.running import _unchanged_code

SMAPS = """\
7f0000000000-7f0002000000 r-xp 00001000 fe:01 1234   /usr/lib/large.so
Size:              32768 kB
Rss:               20000 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
7f0010000000-7f0012000000 {other}
Size:              32768 kB
Rss:               20000 kB
Anonymous:             {anonymous} kB
VmFlags: rd ex mr mw me
"""
LARGE = 0x7F0000000000, 0x2000000
LIKE_IT = "r-xp 00001000 fe:01 99   /usr/lib/other (deleted).so"


@pytest.mark.parametrize(
    ("other", "anonymous", "is_code"),
    [
        (LIKE_IT, 0, True),
        (LIKE_IT, 4, False),  # changed since it was read, which would be lost
        ("r--p 00001000 fe:01 99   /usr/lib/data.so", 0, False),
        ("rw-p 00001000 fe:01 99   /usr/lib/data.so", 0, False),
        ("r-xp 00000000 00:00 0", 0, False),  # made by this process, in no file
    ],
)
def test_only_large_code_that_is_as_in_its_file_is_given_back(other: str, anonymous: int, is_code: bool) -> None:
    """Everything else would be zeros afterwards."""
    found = list(_unchanged_code(SMAPS.format(other=other, anonymous=anonymous)))
    assert found == [LARGE, *([(0x7F0010000000, 0x2000000)] if is_code else [])]
    assert list(_unchanged_code(SMAPS.replace("7f0002000000", "7f0000001000"))) == []


def test_the_engine_works_after_its_code_was_given_back_with_less_in_memory() -> None:
    """In a process of its own: whatever is needed again comes back by itself."""
    script = """
import re, chdb
from pathlib import Path
from momus.running import _give_code_back
in_files = lambda: int(re.search(r"RssFile:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
connection = chdb.connect(":memory:")
before = in_files()
_give_code_back()
print(before - in_files(), connection.query("SELECT sum(number) FROM numbers(10)"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    given_back_kib, total = done.stdout.split()
    assert int(given_back_kib) > 10_000
    assert total == "45"


def test_who_stores_in_a_server_loads_no_engine(tmp_path: Path) -> None:
    """It would take 200 MB, and need not be installed."""
    script = """
import sys
from pathlib import Path
from momus.server import Server
from schemas.settings import load
free = {"http_address": "127.0.0.1:0", "grpc_address": "127.0.0.1:0"}
server = Server(load(database="clickhouse://127.0.0.1:1/momus", spool=Path(sys.argv[1]), **free), analyses=False)
server.start()
server.stop()
print("chdb" in sys.modules)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "False\n"
