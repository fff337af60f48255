"""Where live state is kept: shelves of key and value, in an embedded store or in Redis.

One process writes (the deliverer); any number read. A shelf that is replaced as a whole (traits,
memberships) has two places, *a* and *b*: the new one is filled beside the old one, and one small
record says which counts, so readers never see half of either.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from data.lmdb_files import full_disk_told, open_environment
from data.workspace import Workspace

META: Final = "meta"
SHELVES: Final = (
    META,
    *(f"{kind}-{place}" for kind in ("traits", "clusters", "members", "events") for place in "ab"),
)
REDIS_VARIABLE: Final = "KINDRED_REDIS_URL"
FOLDER: Final = "live"
MAP_BYTES: Final = 1 << 38  # of addresses, not of disk: the file grows as it is filled
Address = tuple[str, bytes]  # a shelf and a key
Change = tuple[str, bytes, bytes | None]  # and the value; None takes it away


class LiveStoreDown(Exception):
    """Live state can't be reached now."""


class LiveStore(Protocol):
    """What both kinds of store can do."""

    def read(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Read some values, all as they were at one moment."""

    def write(self, changes: Iterable[Change]) -> None:
        """Write some values, all or none of them."""

    def fill(self, shelf: str, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add many values in the order of their keys; readers may see some before others."""

    def clear(self, shelf: str) -> None:
        """Take everything off a shelf."""

    def close(self) -> None:
        """Let go of files and connections."""


class EmbeddedStore:
    """Shelves in an LMDB file: read through a memory map, so that no reader waits for anybody.

    A process opens a folder once, however often it is asked to: LMDB allows no more.
    """

    _open: Final[dict[Path, tuple[EmbeddedStore, int]]] = {}
    _lock: Final = Lock()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with full_disk_told(folder):
            # Each commit is on disk before the next begins; the last may be lost with the machine.
            self._env = open_environment(
                folder,
                map_size=MAP_BYTES,
                max_dbs=len(SHELVES),
                max_readers=512,
                metasync=False,
                readahead=False,
            )
            self._env.reader_check()  # readers that were killed hold on to old pages else
            self._shelves = {name: self._env.open_db(name.encode()) for name in SHELVES}

    @classmethod
    def at(cls, folder: Path) -> EmbeddedStore:
        """Open a folder, or give what this process has open already."""
        folder = folder.resolve()
        with cls._lock:
            opened, holders = cls._open.get(folder, (None, 0))
            if opened is None:
                opened = cls(folder)
            cls._open[folder] = (opened, holders + 1)
            return opened

    def read(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Read some values, all as they were at one moment."""
        shelves = self._shelves
        with self._env.begin() as transaction:
            get = transaction.get
            return [get(key, None, shelves[shelf]) for shelf, key in addresses]

    def write(self, changes: Iterable[Change]) -> None:
        """Write some values, all or none of them."""
        shelves = self._shelves
        with self._env.begin(write=True) as transaction:
            for shelf, key, value in changes:
                if value is None:
                    transaction.delete(key, db=shelves[shelf])
                else:
                    transaction.put(key, value, db=shelves[shelf])

    def fill(self, shelf: str, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add many values in the order of their keys."""
        with self._env.begin(write=True) as transaction:
            for key, value in items:
                transaction.put(key, value, db=self._shelves[shelf])

    def clear(self, shelf: str) -> None:
        """Take everything off a shelf."""
        with self._env.begin(write=True) as transaction:
            transaction.drop(self._shelves[shelf], delete=False)

    def close(self) -> None:
        """Let go of the file once the last who opened it does."""
        with self._lock:
            _, holders = self._open.get(self.folder, (self, 1))
            if holders > 1:
                self._open[self.folder] = (self, holders - 1)
                return
            self._open.pop(self.folder, None)
            self._env.close()


def open_live_store(workspace: Workspace, url: str | None = None) -> LiveStore:
    """Open the workspace's live state: Redis at `url` or ``KINDRED_REDIS_URL``, else embedded.

    Raises
    ------
    UserError
        Redis does not answer, or the disk is full.
    """
    url = url or os.environ.get(REDIS_VARIABLE)
    if url:
        from data.live_redis import RedisStore  # noqa: PLC0415 -- its client, where it is used

        return RedisStore.at(url, workspace)
    return EmbeddedStore.at(workspace.home / FOLDER)
