"""The synced log of collected events: appended by API processes, read by the deliverer.

An API process appends frames to a segment file of its own and syncs before it answers; requests
that arrive meanwhile share the next sync. A frame is a length, a checksum and a body, so a torn
tail is told from a whole frame. Nobody ever appends to a segment that another process began: the
writer holds a lock on its file while it lives, so a segment without a lock is finished.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from data.workspace import Workspace
from kindred.intake import Event

FOLDER: Final = "collect"
SEGMENT_BYTES: Final = 64 << 20
SEGMENT_SECONDS: Final = 600.0
_HEAD: Final = struct.Struct("<II")  # length and CRC-32 of the body
_LONGEST: Final = 256 << 20  # what claims to be longer is torn


class Refused(msgspec.Struct, array_like=True):
    """An event that may not go in: why, and how it began."""

    reason: str
    example: str


class Frame(msgspec.Struct, array_like=True):
    """What came in one request.

    Parameters
    ----------
    key : str
        Public id of the API key it came with.
    received_at : int
        Microseconds since 1970.
    """

    key: str
    received_at: int
    events: list[Event]
    refused: list[Refused]


@dataclass(frozen=True)
class Placed:
    """A frame and where it stands.

    Parameters
    ----------
    segment : str
        The file's name.
    start, end : int
        Bytes in the file; the next frame begins at `end`.
    """

    segment: str
    start: int
    end: int
    frame: Frame


def log_folder(workspace: Workspace) -> Path:
    """Name the folder of the segments."""
    return workspace.home / FOLDER / "log"


def encode_frame(frame: Frame) -> bytes:
    """Give a frame as it is written."""
    body = _encode(frame)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


class Segment:
    """A segment being written; not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.name = f"{time.time_ns():020d}-{secrets.token_hex(8)}.log"
        self.size = 0
        self.began = time.monotonic()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        # It gets its name only once it is locked, so that no reader takes it for a finished one.
        hidden = folder / f".{self.name}"
        self._file = os.open(hidden, flags, 0o640)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        hidden.rename(folder / self.name)
        sync_folder(folder)

    @property
    def full(self) -> bool:
        """Whether it is time for the next one."""
        return self.size >= SEGMENT_BYTES or time.monotonic() - self.began >= SEGMENT_SECONDS

    def append(self, frames: list[bytes]) -> None:
        """Write frames; they are durable when this returns.

        Raises
        ------
        OSError
            They may or may not be there; nothing may be appended to this segment any more.
        """
        rest = memoryview(b"".join(frames))
        self.size += len(rest)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fdatasync(self._file)

    def close(self) -> None:
        """Finish it; one that the disk took nothing of leaves no file behind."""
        if os.fstat(self._file).st_size == 0:
            (self.folder / self.name).unlink(missing_ok=True)
        os.close(self._file)


def segments(folder: Path) -> list[str]:
    """List the segments, the oldest first."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return sorted(name for name in names if name.endswith(".log") and not name.startswith("."))


def size_of(path: Path) -> int:
    """Give a segment's bytes; 0 where it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def is_finished(path: Path) -> bool:
    """Tell whether nobody writes to a segment any more."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def read_frames(path: Path, start: int, most_bytes: int) -> Iterator[Placed]:
    """Read whole frames from a place on, until `most_bytes` were read or no whole one follows."""
    if size_of(path) <= start:  # also where it is gone
        return
    with path.open("rb", buffering=1 << 16) as file:
        file.seek(start)
        at = start
        while at - start < most_bytes:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return
            length, checksum = _HEAD.unpack(head)
            body = file.read(length) if length <= _LONGEST else b""
            if len(body) < length or zlib.crc32(body) != checksum or not length:
                return
            end = at + _HEAD.size + length
            yield Placed(path.name, at, end, _decode(body))
            at = end


def sync_file(path: Path) -> None:
    """Make a file durable, and its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
    sync_folder(path.parent.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Frame).decode
