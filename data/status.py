"""A workspace's status in numbers, for the command line and for health checks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from data import runs
from data.clock import as_of
from data.manifest import CATALOGUE, EVENTS, dataset_version, live_files
from data.membership_schema import membership_runs
from data.publication_schema import SEGMENT
from data.publications import live
from data.schema import cluster_members, cluster_runs, summaries, trait_runs
from data.workspace import facts


def workspace_status(conn: Connection, now: datetime) -> dict[str, Any]:
    """Count what there is; times are ISO 8601 in UTC.

    Counts of people and orders are the last run's; events and items are the lake's own.
    """
    known = facts(conn)
    fixed = known.clock_fixed_at if known else None
    last = runs.latest(conn)
    summary = conn.execute(select(summaries).order_by(summaries.c.id.desc()).limit(1)).one_or_none()
    people = conn.scalar(select(trait_runs.c.people).order_by(trait_runs.c.id.desc()).limit(1))
    newest = select(func.max(cluster_runs.c.id)).scalar_subquery()
    clusters = conn.scalar(
        select(func.count()).where(
            cluster_members.c.cluster_run_id == newest, cluster_members.c.label >= 0
        )
    )
    members = conn.execute(
        select(membership_runs).order_by(membership_runs.c.id.desc()).limit(1)
    ).one_or_none()
    return {
        "kind": known.kind if known else None,
        "source": known.source if known else None,
        "clock": f"fixed at {fixed.isoformat()}" if fixed else "live",
        "as_of": as_of(conn, now).isoformat(),
        "people": int(summary.people if summary else people or 0),
        "events": sum(file.rows for file in live_files(conn, EVENTS)),
        "items": sum(file.rows for file in live_files(conn, CATALOGUE)),
        "orders": int(summary.orders) if summary else 0,
        "revenue": float(summary.revenue) if summary else 0.0,
        "clusters": int(clusters or 0),
        "segments": len(live(conn, SEGMENT, now)),
        "memberships": None
        if members is None
        else {"as_of": members.as_of.isoformat(), "at": members.at.isoformat()},
        "dataset_version": dataset_version(conn),
        "queued": runs.queued(conn),
        "last_run": None
        if last is None
        else {
            "id": last.id,
            "job": last.job,
            "status": last.status,
            "finished_at": last.finished_at.isoformat() if last.finished_at else None,
        },
    }
