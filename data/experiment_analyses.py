"""Experiments in files, kept: their sufficient statistics, their plan and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from data import audit
from data.experiment_file import Summary
from data.experiment_schema import experiment_files
from kindred.errors import UserError
from kindred.experiments.caveats import Caveat
from kindred.experiments.cells import caveats_json, cells_json, read_cells
from kindred.experiments.file_plan import FilePlan, plan_json, read_plan
from kindred.experiments.report import Report, report


@dataclass(frozen=True)
class Analysis:
    """A kept analysis of a file.

    Parameters
    ----------
    kind : {"real", "simulated"}
        Of the file's data, whatever the workspace holds: the two never mix, for nothing of a file
        goes into the lake.
    source : str
        The file's name, or where it comes from.
    """

    id: int
    name: str
    kind: str
    source: str
    notes: str
    added_at: datetime
    added_by: str
    plan: FilePlan
    summary: Summary

    @property
    def report(self) -> Report:
        """Everything that is said of it."""
        return judge_file(self.summary, self.plan)


def judge_file(summary: Summary, plan: FilePlan) -> Report:
    """Judge what was read from a file."""
    return report(
        summary.arms,
        summary.cells,
        plan.metrics,
        plan.settings(),
        split=plan.split or None,
        known=summary.caveats,
    )


def keep_analysis(
    conn: Connection,
    name: str,
    summary: Summary,
    plan: FilePlan,
    *,
    source: str,
    actor: audit.Actor,
    at: datetime,
    kind: str = "real",
    notes: str = "",
) -> int:
    """Keep an analysis; gives its id. Nothing of the file's rows is kept."""
    if not name.strip():
        raise UserError("It has no name.", "Give it the name that people will know it by.")
    body = {
        "arms": summary.arms,
        "cells": cells_json(summary.cells),
        "caveats": caveats_json(summary.caveats),
    }
    added = conn.execute(
        insert(experiment_files).values(
            name=name.strip()[:120],
            kind=kind,
            source=source[:200],
            notes=notes,
            added_at=at,
            added_by=actor.name,
            plan=plan_json(plan),
            body=body,
        )
    ).inserted_primary_key
    assert added is not None
    audit.record(conn, actor, "analysis.kept", f"analysis:{added[0]}", {"name": name}, at=at)
    return int(added[0])


def list_analyses(conn: Connection, limit: int = 100) -> list[Analysis]:
    """List kept analyses, newest first."""
    rows: Sequence[Row[tuple[object, ...]]] = conn.execute(
        select(experiment_files)
        .where(experiment_files.c.removed_at.is_(None))
        .order_by(experiment_files.c.id.desc())
        .limit(limit)
    ).all()
    return [_analysis(row) for row in rows]


def read_analysis(conn: Connection, number: int) -> Analysis:
    """Find one."""
    row = conn.execute(
        select(experiment_files).where(
            experiment_files.c.id == number, experiment_files.c.removed_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise UserError(f"There is no analysis {number}.", "Choose one from the list.")
    return _analysis(row)


def remove_analysis(conn: Connection, number: int, *, actor: audit.Actor, at: datetime) -> None:
    """Take one from the list."""
    removed = conn.execute(
        update(experiment_files)
        .where(experiment_files.c.id == number, experiment_files.c.removed_at.is_(None))
        .values(removed_at=at)
    )
    if removed.rowcount:
        audit.record(conn, actor, "analysis.removed", f"analysis:{number}", {}, at=at)


def _analysis(row: Row[tuple[object, ...]]) -> Analysis:
    body = row.body
    summary = Summary(
        dict(body["arms"]),
        read_cells(body["cells"]),
        [Caveat(**caveat) for caveat in body["caveats"]],
    )
    return Analysis(
        row.id,
        row.name,
        row.kind,
        row.source,
        row.notes,
        row.added_at,
        row.added_by,
        read_plan(row.plan),
        summary,
    )
