"""The queue and history of pipeline runs, rows taken by compare-and-set."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a run or a step stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # it ended with an error it could name
    CRASHED = "crashed"  # its worker stopped beating
    CANCELLED = "cancelled"
