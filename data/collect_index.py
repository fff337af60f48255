"""Which event of the log is the first with its messageId: the one memory of duplicates.

Both that read the log, the lake's mover and the live state's writer, ask it. The first to ask for a
message writes down where in the log that message stands; from then on it is *first* there and a
duplicate everywhere else, whoever asks and however often. So either of them may crash, and read
the same stretch of the log again, and be told the same.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import lmdb

from data.collect_log import FOLDER, Placed
from data.lmdb_files import full_disk_told, open_environment
from data.workspace import Workspace

DAY: Final = 86_400_000_000  # microseconds
SLOTS: Final = 4  # days that are kept; a message is looked for on its day and the one before
MAP_BYTES: Final = 1 << 38  # of addresses, not of disk
_PLACE: Final = struct.Struct(">8sIH")  # segment, start of the frame, number in the frame


def index_folder(workspace: Workspace) -> Path:
    """Name the folder of the index."""
    return workspace.home / FOLDER / "index"


class SeenIndex:
    """The index; one process writes it.

    A message is remembered by the day on which it was received and looked for on two days, so it
    counts once for 24 hours at least.
    """

    def __init__(self, folder: Path) -> None:
        with full_disk_told(folder):
            # A commit that the machine's end undoes is asked for and written again.
            self._env = open_environment(
                folder, map_size=MAP_BYTES, max_dbs=SLOTS + 1, metasync=False, readahead=False
            )
            self._days = self._env.open_db(b"days")
            self._slots = [self._env.open_db(f"seen-{slot}".encode()) for slot in range(SLOTS)]

    def claim(self, frames: Sequence[Placed]) -> list[list[bool]]:
        """Tell of each event of each frame whether it is the first with its messageId."""
        asked = [_Asked.of(placed) for placed in frames]
        with (
            self._env.begin() as transaction
        ):  # who asks second writes nothing, and waits for nobody
            known = [self._known(transaction, frame) for frame in asked]
        if any(place is None for places in known for place in places):
            with self._env.begin(write=True) as transaction:
                known = [self._claimed(transaction, frame) for frame in asked]
        return [
            [place is None or place == own for place, own in zip(places, frame.places, strict=True)]
            for frame, places in zip(asked, known, strict=True)
        ]

    def beat(self) -> int:
        """Give the last beat of live state that was kept here."""
        with self._env.begin() as transaction:
            return int(transaction.get(b"beat", db=self._days) or 0)

    def keep_beat(self, beat: int) -> None:
        """Keep a beat of live state, once live state has it."""
        with self._env.begin(write=True) as transaction:
            transaction.put(b"beat", str(beat).encode(), db=self._days)

    def close(self) -> None:
        """Let go of the file."""
        self._env.close()

    def _known(self, transaction: lmdb.Transaction, asked: _Asked) -> list[Any]:
        """Look each message up, on its day and on the one before."""
        slots = [
            self._slots[day % SLOTS]
            for day in (asked.day - 1, asked.day)
            if int(transaction.get(_slot_name(day), db=self._days) or -1) == day
        ]
        get = transaction.get
        if len(slots) == 1:
            (slot,) = slots
            return [get(key, db=slot) for key in asked.keys]
        return [
            next((found for slot in slots if (found := get(key, db=slot))), None)
            for key in asked.keys
        ]

    def _claimed(self, transaction: lmdb.Transaction, asked: _Asked) -> list[Any]:
        """Write down where each message stands that nobody has asked for; gives where each does."""
        here, before = self._slot(transaction, asked.day), self._slot(transaction, asked.day - 1)
        found: list[Any] = []
        for key, place in zip(asked.keys, asked.places, strict=True):
            known = transaction.get(key, db=before) if before is not None else None
            if known is None and here is not None:
                added = transaction.put(key, place, overwrite=False, db=here)
                known = place if added else transaction.get(key, db=here)
            found.append(known)
        return found

    def _slot(self, transaction: lmdb.Transaction, day: int) -> Any:
        """Find a day's place, emptied of an older day; none for a day that is past remembering."""
        name = _slot_name(day)
        kept = int(transaction.get(name, db=self._days) or -1)
        if kept > day:
            return None
        if kept < day:
            transaction.drop(self._slots[day % SLOTS], delete=False)
            transaction.put(name, str(day).encode(), db=self._days)
        return self._slots[day % SLOTS]


@dataclass(frozen=True)
class _Asked:
    """The messages of a frame: their keys, and where they stand."""

    day: int
    keys: list[bytes]
    places: list[bytes]

    @classmethod
    def of(cls, placed: Placed) -> _Asked:
        segment = bytes.fromhex(placed.segment.rpartition("-")[2].removesuffix(".log"))
        events = placed.frame.events
        return cls(
            placed.frame.received_at // DAY,
            [
                blake2b((event.message_id or "").encode(), digest_size=16).digest()
                for event in events
            ],
            [_PLACE.pack(segment, placed.start, number) for number in range(len(events))],
        )


def _slot_name(day: int) -> bytes:
    return str(day % SLOTS).encode()
