"""Reporters: the terminal, the store, and a list for tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

from sqlalchemy import Engine

from data import runs
from data.runs import Status
from kindred.errors import UserError
from pipelines.cancelled import Cancelled
from pipelines.job import Step

BEAT_SECONDS = 1.0


@dataclass
class ListReporter:
    """Keeps the names of steps, for tests."""

    steps: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Note the step."""
        self.steps.append(name)
        yield _Silent()


class _Silent:
    def progress(self, fraction: float, message: str = "") -> None:
        """Say nothing."""

    def rows(self, count: int) -> None:
        """Say nothing."""


@dataclass
class _TerminalStep:
    name: str
    stream: TextIO
    started: float
    count: int | None = None
    note: str = ""

    def progress(self, fraction: float, message: str = "") -> None:
        """Redraw the line where the stream is a terminal."""
        self.note = message if fraction >= 1 else ""  # what it says at its end is its result
        if self.stream.isatty():
            line = f"  · {self.name} {fraction:4.0%} {message}"
            self.stream.write(f"\r\x1b[K{line[:110]}")
            self.stream.flush()

    def rows(self, count: int) -> None:
        """Keep the count for the closing line."""
        self.count = count

    def close(self, mark: str) -> None:
        """Write what came of the step."""
        seconds = time.monotonic() - self.started
        facts = [f"{seconds:.1f} s"]
        if self.count is not None:
            facts.append(f"{self.count:,} rows")
        if self.note:
            facts.append(self.note)
        start = "\r\x1b[K" if self.stream.isatty() else ""
        self.stream.write(f"{start}  {mark} {self.name} ({', '.join(facts)})\n")
        self.stream.flush()


@dataclass
class ConsoleReporter:
    """Tells each step to a terminal, with its duration and rows."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Open a line for the step and close it with a tick or a cross."""
        line = _TerminalStep(name, self.stream, time.monotonic())
        line.progress(0.0)
        try:
            yield line
        except BaseException:
            line.close("✗")
            raise
        line.close("✓")


@dataclass
class _StoredStep:
    run: StoreReporter
    position: int
    inner: Step
    count: int | None = None
    note: str = ""

    def progress(self, fraction: float, message: str = "") -> None:
        """Write to the store at most once a second, and end where that was asked for."""
        self.note = message
        self.inner.progress(fraction, message)
        self.run.beat(self.position, fraction, message)

    def rows(self, count: int) -> None:
        """Keep the count for the step's row."""
        self.count = count
        self.inner.rows(count)


@dataclass
class StoreReporter:
    """Records steps, progress and heartbeat of a run, and passes them on.

    Parameters
    ----------
    steps_expected : int
        Roughly how many steps the job has, for the run's overall progress.
    """

    engine: Engine
    run_id: int
    inner: ConsoleReporter | ListReporter
    steps_expected: int = 4
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _position: int = 0
    _beaten_at: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Record the step from its beginning to its end, however it ends."""
        position = self._position
        self._position += 1
        with self.engine.begin() as conn:
            runs.begin_step(conn, self.run_id, position, name, at=self.now())
        self._beaten_at = 0.0
        with self.inner.step(name) as inner:
            recorded = _StoredStep(self, position, inner)
            try:
                self.beat(position, 0.0, name)
                yield recorded
            except (Cancelled, KeyboardInterrupt):
                self._end(position, recorded, Status.CANCELLED, "cancelled")
                raise
            except BaseException as error:
                said = str(error) if isinstance(error, UserError) else type(error).__name__
                self._end(position, recorded, Status.FAILED, said)
                raise
        self._end(position, recorded, Status.SUCCEEDED, recorded.note)

    def beat(self, position: int, fraction: float, message: str) -> None:
        """Say that the run is alive and how far it is."""
        if time.monotonic() - self._beaten_at < BEAT_SECONDS:
            return
        self._beaten_at = time.monotonic()
        whole = min((position + fraction) / max(self.steps_expected, position + 1), 0.99)
        with self.engine.begin() as conn:
            cancel = runs.heartbeat(conn, self.run_id, at=self.now())
            runs.progress(conn, self.run_id, whole, message)
        if cancel:
            raise Cancelled(f"run {self.run_id} was asked to end")

    def _end(self, position: int, step: _StoredStep, status: Status, message: str) -> None:
        with self.engine.begin() as conn:
            runs.end_step(
                conn,
                self.run_id,
                position,
                status,
                at=self.now(),
                rows=step.count,
                message=message,
            )
