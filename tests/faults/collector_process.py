"""A collector in a process of its own, to be killed: `python collector_process.py <folder>`.

Prints its two ports as a line of JSON, and stops in good order when its standard input ends.
"""

import json
import sys
from pathlib import Path

from collector_plugin.collector import Collector
from schemas import database as databases
from schemas import settings
from schemas.migrate import migrate


def main(folder: Path) -> None:
    dsn = f"chdb://{folder / 'database'}"
    with databases.open(dsn) as database:
        migrate(database)
        chosen = settings.load(
            database=dsn,
            spool=folder / "spool",
            http_address="127.0.0.1:0",
            grpc_address="127.0.0.1:0",
            # Small and young segments, so that a kill meets every stage of writing one.
            segment_age_s=0.05,
            segment_limit_bytes=64 * 1024,
        )
        collector = Collector(chosen, database)
        collector.start()
        sys.stdout.write(json.dumps({"http": collector.http_port, "grpc": collector.grpc_port}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()
        if not collector.stop(drain_s=30):
            sys.exit("the spool was not drained in time")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
