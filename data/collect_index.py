"""Which event of the log is the first with its messageId: the one memory of duplicates.

Both that read the log, the lake's mover and the live state's writer, ask it. The first to ask for a
message writes down where in the log that message stands; from then on it is *first* there and a
duplicate everywhere else, whoever asks and however often. So either of them may crash, and read
the same stretch of the log again, and be told the same.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import lmdb

from data.collect_log import FOLDER, Placed
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
        folder.mkdir(parents=True, exist_ok=True)
        # A commit that the machine's end undoes is asked for and written again.
        self._env = lmdb.open(
            str(folder), map_size=MAP_BYTES, max_dbs=SLOTS + 1, metasync=False, readahead=False
        )
        self._days = self._env.open_db(b"days")
        self._slots = [self._env.open_db(f"seen-{slot}".encode()) for slot in range(SLOTS)]

    def claim(self, frames: Sequence[Placed]) -> list[list[bool]]:
        """Tell of each event of each frame whether it is the first with its messageId."""
        with self._env.begin(write=True) as transaction:
            return [self._frame(transaction, placed) for placed in frames]

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

    def _frame(self, transaction: lmdb.Transaction, placed: Placed) -> list[bool]:
        day = placed.frame.received_at // DAY
        here, before = self._slot(transaction, day), self._slot(transaction, day - 1)
        segment = bytes.fromhex(placed.segment.rpartition("-")[2].removesuffix(".log"))
        found = []
        for number, event in enumerate(placed.frame.events):
            key = hashlib.blake2b((event.message_id or "").encode(), digest_size=16).digest()
            place = _PLACE.pack(segment, placed.start, number)
            known = transaction.get(key, db=before) if before is not None else None
            if known is None and here is not None:
                if transaction.put(key, place, overwrite=False, db=here):
                    known = place
                else:
                    known = transaction.get(key, db=here)
            found.append(known is None or known == place)
        return found

    def _slot(self, transaction: lmdb.Transaction, day: int) -> Any:
        """Find a day's place, emptied of an older day; none for a day that is past remembering."""
        number = day % SLOTS
        name = str(number).encode()
        kept = int(transaction.get(name, db=self._days) or -1)
        if kept > day:
            return None
        if kept < day:
            transaction.drop(self._slots[number], delete=False)
            transaction.put(name, str(day).encode(), db=self._days)
        return self._slots[number]
