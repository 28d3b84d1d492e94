"""What a spool folder holds that the database does not, for those who must know where else data is."""

import fcntl
import shlex
import time
from pathlib import Path

from schemas.settings import Settings

POLL_S = 0.1


def wait_written(spool: Path, timeout_s: float) -> bool:
    """Wait until everything that waits in the spool now is in the database; False where it does not get there.

    Without a collector that has the folder open nothing is waited for.
    """
    deadline_s = time.monotonic() + timeout_s
    waiting = _segments(spool)
    while waiting & _segments(spool):
        if time.monotonic() > deadline_s or not _is_held(spool):
            return False
        time.sleep(POLL_S)
    return True


def waiting_count(spool: Path) -> int:
    """Return how many segments wait in a spool folder for the database."""
    return len(_segments(spool))


def remains(settings: Settings) -> list[str]:
    """Return a sentence for each place of the spool that may hold what was deleted from the database, and what to do."""
    spool = settings.spool
    sentences = []
    if waiting := waiting_count(spool):
        sentences.append(
            f"{waiting} segments wait in {spool} for the database. Once `momus serve` or `momus collect` has written them, "
            "delete again."
        )
    if kept := len(_segments(spool / "written")):
        sentences.append(
            f"{kept} written segments are kept in {spool / 'written'} for {settings.spool_retention_days:g} days, with what "
            "was deleted in them. Remove the files, or wait."
        )
    if aside := len(list((spool / "aside").glob("*"))):
        sentences.append(
            f"{aside} files in {spool / 'aside'} could not be written and may hold what was deleted. Remove them if they "
            "are not needed."
        )
    return sentences


def set_aside(spool: Path, now_ns: int) -> list[str]:
    """Return a sentence for each kind of file in `aside/`: how many, how old, and what becomes of them."""
    aside = spool / "aside"
    sentences = []
    if segments := sorted(aside.glob("*.segment")):
        sentences.append(
            f"{len(segments)} segments in {aside} could not be written to the database{_oldest(segments, now_ns)}. They are "
            "tried again at the next start of a collector with this spool: restart it once the cause is gone, which its log tells."
        )
    if corrupt := sorted(aside.glob("*.corrupt")):
        size_bytes = sum(path.stat().st_size for path in corrupt)
        sentences.append(
            f"{len(corrupt)} damaged pieces of segments, {size_bytes} bytes together, are kept in {aside}"
            f"{_oldest(corrupt, now_ns)}. Nothing reads them again, and what was in them is lost: check the disk, then "
            "remove them."
        )
    if requests := sorted((*aside.glob("*.traces"), *aside.glob("*.logs"))):
        sentences.append(
            f"{len(requests)} export requests in {aside} could not be read{_oldest(requests, now_ns)}. They are not tried "
            f"again by themselves. `momus inspect {shlex.quote(str(requests[0]))}` shows what is wrong; sent to /v1/traces or "
            "/v1/logs again they are stored, once momus can read them."
        )
    return sentences


def _oldest(paths: list[Path], now_ns: int) -> str:
    hours = (now_ns - min(path.stat().st_mtime_ns for path in paths)) / 3600e9
    return f", the oldest {hours:.1f} hours ago"


def _segments(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.segment")}


def _is_held(spool: Path) -> bool:
    """Tell whether a process has the spool open."""
    try:
        with (spool / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
