"""Whether a collector can take requests now: what a load balancer or Kubernetes asks before it sends any."""

import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Readiness:
    """A database that does not answer is told, and no reason to send nothing: the spool takes over for it."""

    spool_fault: str = ""
    is_database_reachable: bool = True

    @property
    def is_ready(self) -> bool:
        """Whether requests are taken."""
        return not self.spool_fault

    def as_json(self) -> dict[str, str]:
        """Return it in words that a stranger may read."""
        return {
            "status": "ready" if self.is_ready else "not ready",
            "spool": self.spool_fault or "ok",
            "database": "reachable" if self.is_database_reachable else "unreachable",
        }


def spool_fault(folder: Path, waiting_bytes: int, limit_bytes: int) -> str:
    """Return why a spool takes nothing at the moment, found out by writing to its folder; empty where it does."""
    if waiting_bytes >= limit_bytes:
        return "full"
    try:
        # Without a name where the system can, so that several who ask at once do not meet.
        with tempfile.TemporaryFile(dir=folder, prefix="probe-") as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return ""
