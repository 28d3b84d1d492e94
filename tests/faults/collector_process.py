"""What `momus collect` runs, in a process of its own to be killed: `python collector_process.py '{"database": ...}'`.

The argument holds the settings. Prints its two ports as a line of JSON, and stops in good order when its standard input
ends. A second argument N kills it at its N-th operation on the files of the spool, whichever that is.
"""

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from momus.server import Server
from schemas import settings

FILE_OPERATIONS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.truncate", "os.scandir", "os.listdir"})


def kill_at_file_operation(number: int, folder: Path) -> None:
    """Arm the kill: Python tells its audit hook of each operation just before it happens."""
    seen = count(1)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:  # Any: what an event has, whatever it is
        if event in FILE_OPERATIONS and str(arguments[0]).startswith(str(folder)) and next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main(values: dict[str, Any], kill_at: int) -> None:  # Any: settings have many types
    chosen = settings.load(http_address="127.0.0.1:0", grpc_address="127.0.0.1:0", **values)
    if kill_at:
        kill_at_file_operation(kill_at, chosen.spool)
    server = Server(chosen, analyses=False)
    server.start()
    ports = {"http_port": server.collector.http_port, "grpc_port": server.collector.grpc_port}
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    if not server.stop():
        sys.exit("the spool was not drained in time")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
