"""LMDB's files on a disk that is full: told, not crashed over. On a real disk of two megabytes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.collect_index import SeenIndex
from data.live_store import META, EmbeddedStore
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace
from kindred.errors import UserError

ROOT = Path(__file__).parents[2]
TOLD = 2  # how the child below ends where it is told that the disk is full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted: {error}")
    if done.returncode:
        pytest.skip(f"no disk can be mounted: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, room: int) -> None:
    """Leave so many bytes on a disk."""
    free = os.statvfs(disk)
    size = free.f_bavail * free.f_frsize - room
    with (disk / "full").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def opened(folder: Path) -> int:
    """Open both kinds of file in a process of its own; gives how that ended."""
    child = os.fork()
    if not child:
        status = 1
        try:
            SeenIndex(folder / "index").close()
            EmbeddedStore(folder / "live").close()
            status = 0
        except UserError:
            status = TOLD
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_files_open_or_the_full_disk_is_told_however_little_room_there_is(disk: Path) -> None:
    found = {}
    for room in range(0, 240_000, 4_096):
        fill(disk, room)
        found[room] = opened(disk / f"room-{room}")
        for path in disk.glob("*/*/*"):
            path.unlink()
        (disk / "full").unlink()
    assert set(found.values()) == {0, TOLD}, found
    assert found[0] == TOLD


def test_what_could_not_be_opened_opens_once_there_is_room(disk: Path) -> None:
    fill(disk, 40_960)  # the lock's file has its room, the rest has not
    with pytest.raises(UserError, match="disk is full"):
        EmbeddedStore(disk / "live")
    (disk / "full").unlink()
    store = EmbeddedStore(disk / "live")
    store.write([(META, b"a", b"1")])
    assert store.read([(META, b"a")]) == [b"1"]
    store.close()


@pytest.mark.parametrize("program", [("pipelines", "deliver"), ("serving", "--port", "0")])
def test_what_is_started_on_a_full_disk_says_why_it_ends(
    disk: Path, workspace: Workspace, engine: Engine, program: tuple[str, ...]
) -> None:
    (disk / "collect").mkdir()
    fill(disk, 0)
    done = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=ROOT,
        env={**os.environ, HOME_VARIABLE: str(disk), STORE_VARIABLE: workspace.store_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "The disk is full" in done.stderr
    assert "Free some room" in done.stderr
