"""The queue and history of pipeline runs; rows are taken by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from data.audit import Actor
from data.schema import pipeline_runs, run_steps
from kindred.errors import UserError

STALE_AFTER: Final = timedelta(seconds=30)
PATIENCE: Final = timedelta(seconds=10)  # a worker looks twice a second


class Status(StrEnum):
    """Where a run or a step stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # it ended with an error it could name
    CRASHED = "crashed"  # its worker stopped beating
    CANCELLED = "cancelled"


OVER: Final = (Status.SUCCEEDED, Status.FAILED, Status.CRASHED, Status.CANCELLED)


def enqueue(
    conn: Connection,
    job: str,
    params: Mapping[str, Any],
    *,
    actor: Actor,
    at: datetime,
    retry_of: int | None = None,
    attempt: int = 1,
) -> int:
    """Ask for a run; gives its id."""
    added = conn.execute(
        insert(pipeline_runs).values(
            job=job,
            params=dict(params),
            status=Status.QUEUED,
            requested_by=actor.name,
            queued_at=at,
            retry_of=retry_of,
            attempt=attempt,
        )
    ).inserted_primary_key
    assert added is not None
    return int(added[0])


def take(
    conn: Connection, worker: str, *, at: datetime, run_id: int | None = None
) -> Row[Any] | None:
    """Take the oldest queued run (or the one named), unless another worker was quicker."""
    wanted = select(pipeline_runs.c.id).where(pipeline_runs.c.status == Status.QUEUED)
    if run_id is not None:
        wanted = wanted.where(pipeline_runs.c.id == run_id)
    candidates = conn.scalars(wanted.order_by(pipeline_runs.c.id).limit(10)).all()
    for candidate in candidates:
        taken = conn.execute(
            update(pipeline_runs)
            .where(pipeline_runs.c.id == candidate, pipeline_runs.c.status == Status.QUEUED)
            .values(status=Status.RUNNING, worker=worker, started_at=at, heartbeat_at=at)
        )
        if taken.rowcount == 1:
            return run(conn, candidate)
    return None


def heartbeat(conn: Connection, run_id: int, *, at: datetime) -> bool:
    """Say that the run is alive; tells whether somebody asked for it to end."""
    conn.execute(update(pipeline_runs).where(pipeline_runs.c.id == run_id).values(heartbeat_at=at))
    asked = select(pipeline_runs.c.cancel_requested).where(pipeline_runs.c.id == run_id)
    return bool(conn.scalar(asked))


def pin(conn: Connection, run_id: int, *, as_of: datetime, dataset_version: int) -> None:
    """Record the clock and the events that the run works on."""
    conn.execute(
        update(pipeline_runs)
        .where(pipeline_runs.c.id == run_id)
        .values(as_of=as_of, dataset_version=dataset_version)
    )


def progress(conn: Connection, run_id: int, fraction: float, message: str) -> None:
    """Record how far a run is, 0 … 1, and what it is doing."""
    conn.execute(
        update(pipeline_runs)
        .where(pipeline_runs.c.id == run_id)
        .values(progress=min(max(fraction, 0.0), 1.0), message=message[:400])
    )


def finish(
    conn: Connection,
    run_id: int,
    status: Status,
    *,
    at: datetime,
    rows: int | None = None,
    error: str | None = None,
    result: Mapping[str, Any] | None = None,
) -> bool:
    """End a running run, and its open steps alike; false where it had ended already."""
    ended = conn.execute(
        update(pipeline_runs)
        .where(pipeline_runs.c.id == run_id, pipeline_runs.c.status == Status.RUNNING)
        .values(
            status=status,
            finished_at=at,
            rows=rows,
            error=error,
            result=None if result is None else dict(result),
            **({"progress": 1.0} if status is Status.SUCCEEDED else {}),
        )
    )
    if ended.rowcount != 1:
        return False
    conn.execute(
        update(run_steps)
        .where(run_steps.c.run_id == run_id, run_steps.c.status == Status.RUNNING)
        .values(status=status, finished_at=at)
    )
    return True


def begin_step(conn: Connection, run_id: int, position: int, name: str, *, at: datetime) -> None:
    """Open a step of a run."""
    conn.execute(
        insert(run_steps).values(
            run_id=run_id, position=position, name=name, status=Status.RUNNING, started_at=at
        )
    )


def end_step(
    conn: Connection,
    run_id: int,
    position: int,
    status: Status,
    *,
    at: datetime,
    rows: int | None,
    message: str,
) -> None:
    """Close a step of a run."""
    conn.execute(
        update(run_steps)
        .where(run_steps.c.run_id == run_id, run_steps.c.position == position)
        .values(status=status, finished_at=at, rows=rows, message=message[:400])
    )


def request_cancel(conn: Connection, run_id: int, *, at: datetime) -> None:
    """Ask for a run to end; one that has not begun ends at once."""
    waiting = conn.execute(
        update(pipeline_runs)
        .where(pipeline_runs.c.id == run_id, pipeline_runs.c.status == Status.QUEUED)
        .values(status=Status.CANCELLED, finished_at=at, cancel_requested=True)
    )
    if waiting.rowcount:
        return
    going = conn.execute(
        update(pipeline_runs)
        .where(pipeline_runs.c.id == run_id, pipeline_runs.c.status == Status.RUNNING)
        .values(cancel_requested=True)
    )
    if not going.rowcount:
        raise UserError(f"Run {run_id} is over already.", "There is nothing to cancel.")


def retry(conn: Connection, run_id: int, *, actor: Actor, at: datetime) -> int:
    """Ask for a run that did not succeed once more; gives the new run's id."""
    before = run(conn, run_id)
    if before.status not in (Status.FAILED, Status.CRASHED, Status.CANCELLED):
        raise UserError(
            f"Run {run_id} is {before.status}.", "Only a run that ended badly is retried."
        )
    return enqueue(
        conn,
        before.job,
        before.params,
        actor=actor,
        at=at,
        retry_of=run_id,
        attempt=before.attempt + 1,
    )


def stale(conn: Connection, *, at: datetime, stale_after: timedelta = STALE_AFTER) -> list[int]:
    """Find the runs whose worker no longer beats."""
    return list(
        conn.scalars(
            select(pipeline_runs.c.id).where(
                pipeline_runs.c.status == Status.RUNNING,
                pipeline_runs.c.heartbeat_at < at - stale_after,
            )
        )
    )


def mark_crashed(
    conn: Connection, *, at: datetime, stale_after: timedelta = STALE_AFTER
) -> list[int]:
    """End the runs whose worker no longer beats; gives their ids."""
    why = f"Its worker gave no sign of life for {stale_after.total_seconds():.0f} seconds."
    return [
        run_id
        for run_id in stale(conn, at=at, stale_after=stale_after)
        if finish(conn, run_id, Status.CRASHED, at=at, error=why)
    ]


def run(conn: Connection, run_id: int) -> Row[Any]:
    """Read one run."""
    row = conn.execute(select(pipeline_runs).where(pipeline_runs.c.id == run_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no run {run_id}.", "See the list of runs.")
    return row


def steps(conn: Connection, run_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Read the steps of some runs, in order."""
    return conn.execute(
        select(run_steps)
        .where(run_steps.c.run_id.in_(run_ids))
        .order_by(run_steps.c.run_id, run_steps.c.position)
    ).all()


def recent(conn: Connection, limit: int = 50) -> Sequence[Row[Any]]:
    """Read the newest runs."""
    return conn.execute(
        select(pipeline_runs).order_by(pipeline_runs.c.id.desc()).limit(limit)
    ).all()


def latest(conn: Connection, job: str | None = None) -> Row[Any] | None:
    """Read the newest run that is over, of one job or of all."""
    query = select(pipeline_runs).where(pipeline_runs.c.status.in_(OVER))
    if job is not None:
        query = query.where(pipeline_runs.c.job == job)
    return conn.execute(query.order_by(pipeline_runs.c.id.desc()).limit(1)).one_or_none()


def queued(conn: Connection) -> int:
    """Count the runs that wait."""
    waiting = select(func.count()).where(pipeline_runs.c.status == Status.QUEUED)
    return int(conn.scalar(waiting) or 0)


def is_waiting(conn: Connection, job: str) -> bool:
    """Tell whether a run of `job` waits or goes on, so that asking again would add nothing."""
    going = select(pipeline_runs.c.id).where(
        pipeline_runs.c.job == job, pipeline_runs.c.status.in_([Status.QUEUED, Status.RUNNING])
    )
    return conn.scalar(going.limit(1)) is not None


def is_queued(conn: Connection, job: str) -> bool:
    """Tell whether a run of `job` waits that has not begun, so that it will see what is now."""
    waits = select(pipeline_runs.c.id).where(
        pipeline_runs.c.job == job, pipeline_runs.c.status == Status.QUEUED
    )
    return conn.scalar(waits.limit(1)) is not None


def is_unattended(conn: Connection, *, at: datetime) -> bool:
    """Tell whether a run waits longer than a worker takes to see it, while none is at work."""
    waits = select(pipeline_runs.c.id).where(
        pipeline_runs.c.status == Status.QUEUED, pipeline_runs.c.queued_at < at - PATIENCE
    )
    beats = select(pipeline_runs.c.id).where(
        pipeline_runs.c.status == Status.RUNNING, pipeline_runs.c.heartbeat_at > at - STALE_AFTER
    )
    return conn.scalar(waits.limit(1)) is not None and conn.scalar(beats.limit(1)) is None
