"""A stand-in for a ClickHouse server: `python database_process.py <folder>`.

The embedded engine behind our own HTTP endpoint, in a process of its own. Prints its port as a line of JSON, and stops
when its standard input ends.
"""

import json
import sys
from pathlib import Path

from momus.clickhouse_http import serve
from schemas import database as databases


def main(folder: Path) -> None:
    with databases.open(f"chdb://{folder}"):
        endpoint = serve(folder, "127.0.0.1:0")
        sys.stdout.write(json.dumps({"port": endpoint.port}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        endpoint.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
