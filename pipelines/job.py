"""What a job is: a function of a context and parameters that reports steps and gives a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Engine

from data.workspace import Workspace


class Step(Protocol):
    """One named piece of a run, as it is recorded and shown."""

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far this step is, from 0 to 1; raises :class:`Cancelled` when asked to end."""

    def rows(self, count: int) -> None:
        """Say how many rows this step dealt with."""


class Reporter(Protocol):
    """Where a job tells how it is getting on: the terminal, the store, a list in a test."""

    def step(self, name: str) -> AbstractContextManager[Step]:
        """Open a step; an error inside marks it failed and goes on up."""


@dataclass(frozen=True)
class JobContext:
    """What every job is given.

    Parameters
    ----------
    workspace, engine
        Where the lake lies and the store that goes with it.
    now : datetime
        The wall clock when the run began, for records only.
    as_of : datetime
        The workspace's clock, pinned when the run began; all windows end here.
    run_id : int or None
        Row of ``pipeline_runs``; none outside the queue, as in a test.
    """

    workspace: Workspace
    engine: Engine
    now: datetime
    as_of: datetime
    report: Reporter
    run_id: int | None = None


@dataclass(frozen=True)
class JobResult:
    """What a job did: rows written, and facts for the run's page.

    `fresh` says that everything was up to date and nothing was computed.
    """

    rows: int = 0
    fresh: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)


JobFunction = Callable[[JobContext, Mapping[str, Any]], JobResult]
