"""Make what was written survive a crash of the machine."""

import os
from pathlib import Path


def sync_data(descriptor: int) -> None:
    """Return when the bytes of an open file, and its length, are on the disk.

    Raises:
        OSError: the disk refused. What was written since the last call may be lost, whatever a repetition says.
    """
    # macOS has no fdatasync.
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on the disk.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
