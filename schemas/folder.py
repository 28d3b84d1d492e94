"""The folder of the embedded engine: at most one process has it open, and everyone can see which.

The engine locks its folder too, but tells a second process nothing useful, and an older engine silently hides the parts
that a newer one wrote. So two files of ours lie next to the engine's own:

    momus.lock      flock'ed while the folder is open; holds who has it, as JSON
    momus.engine    the newest engine version that ever opened the folder
"""

import contextlib
import fcntl
import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from schemas.errors import DatabaseError, DatabaseInUse, DatabaseTooNew


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a folder open. `http_address` is host:port of the endpoint it serves, or empty."""

    pid: int
    command: str
    started_s: float
    http_address: str = ""


class Folder:
    """An open database folder, shared by every client of this process and released with the last one."""

    def __init__(self, path: Path) -> None:
        """Take the folder, making it where it does not exist.

        Raises:
            DatabaseInUse: another process, or another `Folder` of this one, has it; the message says which.
            DatabaseError: the folder cannot be made or written.
        """
        self.path = path
        self._guard = threading.Lock()
        self._user_count = 1
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock_fd = os.open(path / "momus.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseError(f"The database folder {path} cannot be used: {error.strerror}.") from None
        if not _lock(self._lock_fd):
            os.close(self._lock_fd)
            raise DatabaseInUse(_who_holds(path))
        self._holder = Holder(os.getpid(), " ".join(sys.orig_argv), time.time())
        self._write_holder()

    def announce(self, http_address: str) -> None:
        """Tell other processes where this one answers SQL; empty when it stops answering."""
        self._holder = replace(self._holder, http_address=http_address)
        self._write_holder()

    def stamp_engine(self, version: str) -> None:
        """Record that engine `version` opens the folder.

        Raises:
            DatabaseTooNew: a newer engine has written here; this one would hide its parts without a word.
        """
        stamp = self.path / "momus.engine"
        newest = stamp.read_text().strip() if stamp.exists() else ""
        if newest and version_key(newest) > version_key(version):
            raise DatabaseTooNew(
                f"The folder {self.path} was written by engine {newest}, but {version} is installed, which cannot see "
                f"all of it. Upgrade with `pip install -U chdb`, or open another folder."
            )
        if newest != version:
            fresh = stamp.with_suffix(".new")
            fresh.write_text(f"{version}\n")
            fresh.replace(stamp)

    def share(self) -> "Folder":
        """Count one more user of the folder in this process."""
        with self._guard:
            self._user_count += 1
        return self

    def release(self) -> None:
        """Count one user less; the last one lets go of the folder."""
        with self._guard:
            self._user_count -= 1
            if self._user_count == 0:
                os.ftruncate(self._lock_fd, 0)
                os.close(self._lock_fd)

    def _write_holder(self) -> None:
        text = json.dumps(asdict(self._holder)).encode()
        os.ftruncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, text, 0)


def holder(path: Path) -> Holder | None:
    """Return the process that has the folder open now, or None where nobody has or it has not said yet."""
    lock = path / "momus.lock"
    if not lock.exists() or _is_free(lock):
        return None
    with contextlib.suppress(ValueError, TypeError):
        return Holder(**json.loads(lock.read_text()))
    return None


def version_key(version: str) -> tuple[int, ...]:
    """Return a version such as 26.9.2.1 in a form that sorts as versions do."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _lock(fd: int) -> bool:
    """Take the lock, waiting out those who only look whether it is free."""
    for _ in range(10):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return True
    return False


def _is_free(lock: Path) -> bool:
    """Whether nobody holds the lock. A killed process leaves its words in the file, but never its lock."""
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _who_holds(path: Path) -> str:
    who = holder(path)
    if who is None:
        return (
            f"Another process has the chDB folder {path} open. Stop it, or point MOMUS_DATABASE at a ClickHouse server."
        )
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(who.started_s))
    way_out = (
        f"Set MOMUS_DATABASE=clickhouse://{who.http_address}/momus to use it through that process, or stop it."
        if who.http_address
        else "Stop it, or point MOMUS_DATABASE at a ClickHouse server."
    )
    return f"The chDB folder {path} is open in process {who.pid} since {started} ({who.command}). {way_out}"
