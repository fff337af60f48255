"""Group commit: requests hand in frames, one thread writes and syncs for all that wait."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from data.collect_log import Segment

log = logging.getLogger(__name__)
MOST_WAITING: Final = 64 << 20  # bytes that may wait for the disk


class LogFull(Exception):
    """So much waits for the disk that no more can be taken in."""


class LogBroken(Exception):
    """The disk refused; whether the frame is there is not known."""


@dataclass
class _Waiting:
    frame: bytes
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


@dataclass
class LogWriter:
    """Appends frames to the log of one process.

    Parameters
    ----------
    folder : Path
        Of the segments.
    syncs : int
        How often the disk was waited for.
    """

    folder: Path
    most_waiting: int = MOST_WAITING
    syncs: int = 0
    _waiting: list[_Waiting] = field(default_factory=list)
    _bytes: int = 0
    _closing: bool = False
    _segment: Segment | None = None
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to take frames in."""
        self._thread = threading.Thread(target=self._run, name="collect-log", daemon=True)
        self._thread.start()

    async def append(self, frame: bytes) -> None:
        """Hand in a frame; it is durable when this returns.

        Raises
        ------
        LogFull
            Too much waits; nothing of the frame was written.
        LogBroken
            It can't be told whether the frame was written.
        """
        loop = asyncio.get_running_loop()
        with self._wake:
            if self._closing or self._bytes + len(frame) > self.most_waiting:
                raise LogFull
            waiting = _Waiting(frame, loop, loop.create_future())
            self._waiting.append(waiting)
            self._bytes += len(frame)
            self._wake.notify()
        await waiting.done

    def close(self) -> None:
        """Write what waits, and end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                taken, self._waiting = self._waiting, []
                self._bytes = 0
                if not taken:
                    break
            self._write(taken)
        if self._segment is not None:
            self._segment.close()

    def _write(self, taken: list[_Waiting]) -> None:
        broken: LogBroken | None = None
        try:
            if self._segment is None or self._segment.full:
                self._next_segment()
            assert self._segment is not None
            self._segment.append([waiting.frame for waiting in taken])
            self.syncs += 1
        except OSError as error:
            # After a write or a sync that failed, nobody can say what the file holds.
            log.error("the log can't be written: %s", error.strerror)
            broken = LogBroken(error.strerror)
            self._abandon()
        for loop in {waiting.loop for waiting in taken}:
            mine = [waiting.done for waiting in taken if waiting.loop is loop]
            loop.call_soon_threadsafe(_settle, mine, broken)

    def _next_segment(self) -> None:
        self._abandon()
        self._segment = Segment(self.folder)

    def _abandon(self) -> None:
        if self._segment is not None:
            self._segment.close()
        self._segment = None


def _settle(done: list[asyncio.Future[None]], broken: LogBroken | None) -> None:
    for future in done:
        if future.done():  # its request was given up
            continue
        if broken is None:
            future.set_result(None)
        else:
            future.set_exception(broken)
