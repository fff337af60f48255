"""Results of experiments in the store: days of exposure, and what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from data.experiment_events import Computed
from data.experiment_schema import experiment_days, experiment_results
from kindred.experiments.definition import Experiment, document, read_experiment


@dataclass(frozen=True)
class Results:
    """An experiment's results as the last run left them.

    Parameters
    ----------
    experiment : Experiment
        As it was defined when they were computed.
    days : mapping of day of exposure to what is known of it
    """

    key: str
    experiment: Experiment
    days: Mapping[str, Mapping[str, Any]]
    unknown_variations: int
    last_exposure_at: datetime | None
    as_of: datetime
    computed_at: datetime
    dataset_version: int


def known_days(conn: Connection, key: str) -> dict[str, str]:
    """Give the signature of each day that is there."""
    rows = conn.execute(
        select(experiment_days.c.day, experiment_days.c.signature).where(
            experiment_days.c.key == key
        )
    )
    return {row.day: row.signature for row in rows}


def is_fresh(
    conn: Connection,
    key: str,
    experiment: Experiment,
    as_of: datetime,
    dataset_version: int,
    moved: datetime | None = None,
) -> bool:
    """Tell whether the results stand on the same definition, events and clock.

    Parameters
    ----------
    moved : datetime, optional
        When the clusters or segments that results are given by changed last.
    """
    row = conn.execute(
        select(experiment_results).where(experiment_results.c.key == key)
    ).one_or_none()
    if row is None or (moved is not None and row.computed_at < moved):
        return False
    known = (row.experiment, row.as_of, row.dataset_version)
    return bool(known == (document(experiment), as_of, dataset_version))


def save_results(
    conn: Connection,
    key: str,
    experiment: Experiment,
    done: Computed,
    *,
    run_id: int | None,
    as_of: datetime,
    at: datetime,
    dataset_version: int,
) -> None:
    """Put the days that were computed in the place of those that were there."""
    gone = [*done.days, *done.ended]
    if gone:
        conn.execute(
            delete(experiment_days).where(
                experiment_days.c.key == key, experiment_days.c.day.in_(gone)
            )
        )
    rows = [
        {"key": key, "day": day, "signature": signature, "units": units, "body": body}
        for day, (signature, units, body) in done.days.items()
    ]
    if rows:
        conn.execute(insert(experiment_days), rows)
    conn.execute(delete(experiment_results).where(experiment_results.c.key == key))
    conn.execute(
        insert(experiment_results).values(
            key=key,
            run_id=run_id,
            as_of=as_of,
            computed_at=at,
            dataset_version=dataset_version,
            experiment=document(experiment),
            unknown_variations=done.unknown,
            last_exposure_at=done.last_exposure_at,
            days_computed=len(done.days),
        )
    )


def read_results(conn: Connection, key: str) -> Results | None:
    """Read an experiment's results; none before the first run that knew it."""
    row = conn.execute(
        select(experiment_results).where(experiment_results.c.key == key)
    ).one_or_none()
    if row is None:
        return None
    days = conn.execute(
        select(experiment_days.c.day, experiment_days.c.body)
        .where(experiment_days.c.key == key)
        .order_by(experiment_days.c.day)
    )
    return Results(
        key,
        read_experiment(row.experiment),
        {found.day: found.body for found in days},
        row.unknown_variations,
        row.last_exposure_at,
        row.as_of,
        row.computed_at,
        row.dataset_version,
    )


def result_rows(conn: Connection) -> Mapping[str, Row[Any, Any, Any, Any, Any]]:
    """Read when each experiment's results were computed, and of how many units, by key."""
    units = (
        select(experiment_days.c.key, func.sum(experiment_days.c.units).label("units"))
        .group_by(experiment_days.c.key)
        .subquery()
    )
    rows = conn.execute(
        select(
            experiment_results.c.key,
            experiment_results.c.as_of,
            experiment_results.c.computed_at,
            experiment_results.c.last_exposure_at,
            func.coalesce(units.c.units, 0).label("units"),
        ).join_from(
            experiment_results, units, units.c.key == experiment_results.c.key, isouter=True
        )
    )
    return {row.key: row for row in rows}
