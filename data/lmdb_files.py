"""LMDB's files, opened so that a full disk is told and does not end the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import lmdb

from kindred.errors import UserError

DATA_FILE: Final = "data.mdb"
LOCK_FILE: Final = "lock.mdb"
_READER_BYTES: Final = 64  # of each in the lock file, which begins with two more such blocks
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})  # EIO: LMDB wrote a part


def open_environment(folder: Path, *, max_readers: int = 126, **options: Any) -> lmdb.Environment:
    """Open an environment in a folder, which is made; once at a time in a process.

    LMDB maps its lock file before the disk has room for it, and where there is none the system ends
    a process that writes to the map. So the room is taken before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _take_room(folder / LOCK_FILE, _READER_BYTES * (max_readers + 2))
    try:
        return lmdb.open(str(folder), max_readers=max_readers, **options)
    except lmdb.Error:
        _drop_unbegun(folder / DATA_FILE)
        raise


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Say so where opening what is in a folder fails for want of room.

    Raises
    ------
    UserError
        The disk is full.
    """
    try:
        yield
    except (OSError, lmdb.Error) as error:
        if not _is_full(error):
            raise
        raise UserError(
            f"The disk is full: {error}.",
            "Free some room on it, and start this again.",
            str(folder),
        ) from error


def _take_room(path: Path, size: int) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if hasattr(os, "posix_fallocate"):  # macOS has none
            os.posix_fallocate(file, 0, max(size, os.fstat(file).st_size))
    finally:
        os.close(file)


def _drop_unbegun(path: Path) -> None:
    """Delete a file that lacks its first two pages, without which it could never be opened."""
    if path.exists() and path.stat().st_size < 2 * os.sysconf("SC_PAGESIZE"):
        path.unlink()


def _is_full(error: Exception) -> bool:
    number = getattr(error, "errno", None)
    return number in _FULL or any(os.strerror(each) in str(error) for each in _FULL)
