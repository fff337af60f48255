"""The deliverer: the one process that reads the log of collected events.

Three threads share the work. The first brings events into live state, some tens of times a second;
the second moves them to the lake every few seconds; the third brings over what batch found. Each
keeps how far it is with what it wrote, in one transaction, so that killing this process at any
moment loses nothing and doubles nothing. A lock lets one deliverer work; another waits.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from data.clock import as_of
from data.collect_index import SeenIndex, index_folder
from data.collect_log import FOLDER, is_finished, log_folder, read_frames, segments, size_of
from data.collect_moves import forget_segments, positions
from data.engine import make_durable, reader
from data.live_events import HORIZON, apply_events, live_positions
from data.live_profiles import PULSE
from data.live_store import META, Change, LiveStore, open_live_store
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments.durations import micros
from pipelines.compact_events import compact_once
from pipelines.live_builds import Interrupted, LiveBuilds
from pipelines.move_events import move_once

log = logging.getLogger(__name__)
POLL_SECONDS: Final = 0.02
REST_SECONDS: Final = 0.1  # between looks while nothing comes
PULSE_SECONDS: Final = 0.5
MOVE_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0  # after something failed
# LMDB keeps the memory of the largest transaction there ever was, a page of 4 KB for each person
# and each message that it wrote: so a transaction is of few people and few bytes.
PUMP_BYTES: Final = 512 << 10  # of the log, in one transaction of live state
LEAST_BYTES: Final = 128 << 10  # of the log, where people have so many events that each costs much
MOST_WRITTEN: Final = 8 << 20  # to live state, in one transaction
GRACE_SECONDS: Final = 5.0  # for a move to end once the deliverer is told to stop
BEAT: Final = b"beat"
SWITCH_SECONDS: Final = 0.001  # the other threads work in bulk; live state does not wait for them


def _give_back() -> None:
    """Give the system back what a move took; else it stays, scattered, and more with each."""
    with suppress(AttributeError, OSError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


@dataclass
class Deliverer:
    """Delivers what was collected until `stopping` is set.

    Parameters
    ----------
    move_every : float
        Seconds between moves to the lake.
    unfinished : bool
        It was stopped in the middle of a move, which does not count and is made again.
    """

    workspace: Workspace
    engine: Engine
    move_every: float = MOVE_SECONDS
    stopping: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str], None] = log.info
    unfinished: bool = False
    store: LiveStore = field(init=False)
    index: SeenIndex = field(init=False)
    builds: LiveBuilds = field(init=False)
    _at: dict[str, dict[str, int]] = field(default_factory=dict)  # by place
    _most: int = LEAST_BYTES  # of the log, in the next transaction of live state
    _horizon: int = 0
    _pulsed: float = 0.0
    _swept: float = 0.0
    _beat: int = 0

    def run(self) -> None:
        """Wait until no other deliverer works, then deliver."""
        (self.workspace.home / FOLDER).mkdir(parents=True, exist_ok=True)
        lock = os.open(self.workspace.home / FOLDER / "deliver.lock", os.O_CREAT | os.O_RDWR)
        try:
            while not self._have(lock):
                if self.stopping.wait(LOOK_SECONDS):
                    return
            self._deliver()
        finally:
            os.close(lock)

    def open(self) -> None:
        """Open live state and the index; see that neither has lost what it once had."""
        make_durable(self.engine)
        self.store = open_live_store(self.workspace)
        self.index = SeenIndex(index_folder(self.workspace))
        self.builds = LiveBuilds(self.workspace, self.engine, self.store, self.stopping)
        (raw,) = self.store.read([(META, BEAT)])
        self._beat = msgspec.msgpack.decode(raw) if raw else 0
        if self._beat < self.index.beat():
            self.tell("live state has lost what it had: it is built again from the lake")
            self._beat = self.index.beat()
            self.builds.let_count(events=None, traits=None, clusters=None, members=None)
        self._look_at_clock()

    def close(self) -> None:
        """Let go of both."""
        self.store.close()
        self.index.close()

    def pump(self) -> int:
        """Bring what waits in the log into live state, up to a limit; gives the bytes read."""
        candidate = self.builds.candidate
        now = self.builds.now()
        read = self._pump(now.events.place) if now.events is not None else 0
        if candidate is not None:
            behind = self._pump(candidate.shelf.place)
            if not behind and not read:
                self.builds.let_count(events=candidate.shelf)
                if now.events is not None:
                    self._at.pop(now.events.place, None)
                self.builds.candidate = None
            read += behind
        return read

    def move(self) -> int:
        """Move what waits in the log to the lake; gives the bytes read."""
        total = 0
        while read := move_once(self.workspace, self.engine, self.index, now=datetime.now(UTC)):
            total += read
            _give_back()
        return total

    def sweep(self) -> None:
        """Delete the segments that are finished and whose events are everywhere."""
        with reader(self.engine).connect() as conn:
            moved = positions(conn)
        folder, now = log_folder(self.workspace), self.builds.now()
        if now.events is None or self.builds.filling or self.builds.candidate is not None:
            return  # a shelf that is being filled still needs them
        live = live_positions(self.store, now.events.place)
        there = set(segments(folder))
        for name in sorted(there):
            path = folder / name
            if not is_finished(path):
                continue
            end = moved.get(name, 0)
            if live.get(name, 0) < end or next(read_frames(path, end, 1), None) is not None:
                continue
            self._keep_rest(name, end)
            path.unlink(missing_ok=True)
            there.discard(name)
        gone = [name for name in moved if name not in there]
        if gone:
            with self.engine.begin() as conn:
                forget_segments(conn, gone)

    def _deliver(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            self.open()
        except SQLAlchemyError as error:
            raise UserError(
                f"The store does not answer: {error.args[0]}.",
                "See that its database is up, and that the disk has room; then start this again.",
            ) from error
        others = [
            threading.Thread(target=self._again, args=(work, pause), name=name, daemon=True)
            for name, work, pause in (
                ("move", self._move_and_sweep, self.move_every),
                ("build", self.builds.look, LOOK_SECONDS),
            )
        ]
        for thread in others:
            thread.start()
        try:
            self._again(self._pump_on, 0.0)
        finally:
            self.stopping.set()
            deadline = time.monotonic() + GRACE_SECONDS
            for thread in others:
                thread.join(max(deadline - time.monotonic(), 0))
            self.unfinished = any(thread.is_alive() for thread in others)
            if not self.unfinished:
                self.close()

    def _pump_on(self) -> None:
        """Pump until told to stop."""
        quiet = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            if self.pump():
                quiet = 0
            else:
                quiet += 1
                self._pulse()
            rest = REST_SECONDS if quiet > 50 else POLL_SECONDS
            if (left := rest - (time.monotonic() - began)) > 0:
                self.stopping.wait(left)

    def _move_and_sweep(self) -> None:
        self._look_at_clock()
        self.move()
        self.sweep()
        compact_once(self.workspace, self.engine, now=datetime.now(UTC))

    def _again(self, work: Callable[[], None], pause: float) -> None:
        """Do something again and again; a failure is told, and waited out."""
        while not self.stopping.is_set():
            try:
                work()
            except Interrupted:
                return
            except SQLAlchemyError as error:
                log.warning("the store does not answer: %s", type(error).__name__)
                self.stopping.wait(AGAIN_SECONDS)
            except Exception:
                log.exception("delivering failed; it is tried again")
                self.stopping.wait(AGAIN_SECONDS)
            self.stopping.wait(pause)

    def _pump(self, place: str) -> int:
        at = self._at.get(place)
        if at is None:
            at = self._at[place] = live_positions(self.store, place)
        folder = log_folder(self.workspace)
        names = segments(folder)
        after = {name: at[name] for name in names if name in at}
        frames, read = [], 0
        for name in names:
            start = after.get(name, 0)
            if read >= self._most or size_of(folder / name) <= start:
                continue
            for placed in read_frames(folder / name, start, self._most - read):
                frames.append(placed)
                read += placed.end - placed.start
                after[name] = placed.end
        if not frames:
            return 0
        claimed = self.index.claim(frames)
        events = [
            event
            for placed, first in zip(frames, claimed, strict=True)
            for event, is_first in zip(placed.frame.events, first, strict=True)
            if is_first
        ]
        written = apply_events(self.store, place, events, after, horizon=self._horizon)
        self._most = min(max(read * MOST_WRITTEN // max(written, 1), LEAST_BYTES), PUMP_BYTES)
        self._at[place] = after
        return read

    def _pulse(self) -> None:
        """Say that all was delivered; and see that live state is the one that was written."""
        if time.monotonic() - self._pulsed < PULSE_SECONDS:
            return
        self._pulsed = time.monotonic()
        (raw,) = self.store.read([(META, BEAT)])
        if (msgspec.msgpack.decode(raw) if raw else 0) < self._beat:
            self.tell("live state has lost what it had: it is built again from the lake")
            self.builds.let_count(events=None, traits=None, clusters=None, members=None)
            self._at.clear()
        self._beat += 1
        encode = msgspec.msgpack.encode
        beat: Change = (META, BEAT, encode(self._beat))
        if self.builds.now().events is None:  # there is nothing yet that could be up to date
            self.store.write([beat])
        else:
            self.store.write([beat, (META, PULSE, encode(datetime.now(UTC)))])
        self.index.keep_beat(self._beat)

    def _look_at_clock(self) -> None:
        with reader(self.engine).connect() as conn:
            self._horizon = micros(as_of(conn, datetime.now(UTC)) - HORIZON)

    def _keep_rest(self, name: str, end: int) -> None:
        """Set aside what follows the last whole frame: a torn one, of which nobody was told."""
        path = log_folder(self.workspace) / name
        if size_of(path) <= end:  # also where an API process took it away, empty
            return
        with path.open("rb") as file:
            file.seek(end)
            rest = file.read()
        if rest:
            aside = self.workspace.home / FOLDER / "torn"
            aside.mkdir(exist_ok=True)
            (aside / f"{name}@{end}").write_bytes(rest)

    @staticmethod
    def _have(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
