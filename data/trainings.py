"""Trainings and the models they left, kept and read back for screens, jobs and serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select

from data import runs
from data.audit import Actor
from data.recommend_schema import (
    model_comparisons,
    model_groups,
    recommendation_runs,
    trained_models,
    trainings,
)
from kindred.errors import UserError

JOB: Final = "precompute"
Interval = Mapping[str, float | None]  # value, low, high


@dataclass(frozen=True)
class GroupQuality:
    """How good a model is for some people.

    Parameters
    ----------
    kind : {"segment", "cluster", "activity"}
    value, low, high : float
        NDCG, and its interval.
    """

    kind: str
    key: str
    name: str
    people: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Trained:
    """A model as a training leaves it; `path` and `tracked` where they were kept."""

    name: str
    params: Mapping[str, Any]
    seconds: float
    metrics: Mapping[str, Interval]
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    groups: Sequence[GroupQuality] = ()
    scope: str | None = None
    path: str | None = None
    tracked: str | None = None


@dataclass(frozen=True)
class Comparison:
    """One model less another in a metric, over the same people."""

    one: str
    other: str
    metric: str
    difference: float
    low: float
    high: float
    people: int


@dataclass(frozen=True)
class Training:
    """What a training stood on and how long it took."""

    at: datetime
    as_of: datetime
    dataset_version: int
    repeats: bool
    people: int
    items: int
    interactions: int
    split: Mapping[str, Any]
    settings: Mapping[str, Any]
    seconds: float
    code_version: str
    fingerprint: str
    run_id: int | None = None
    warnings: Sequence[str] = ()


def save_training(
    conn: Connection,
    training: Training,
    models: Sequence[Trained],
    comparisons: Sequence[Comparison] = (),
) -> tuple[int, dict[str, int]]:
    """Keep a training whole; gives its id and those of its models, by name."""
    row = {**vars(training), "warnings": list(training.warnings)}
    added = conn.execute(insert(trainings).values(**row)).inserted_primary_key
    assert added is not None
    training_id, ids = int(added[0]), {}
    for model in models:
        ids[model.name] = _save_model(conn, training_id, model)
    if comparisons:
        conn.execute(
            insert(model_comparisons),
            [{"training_id": training_id, **vars(each)} for each in comparisons],
        )
    return training_id, ids


def _save_model(conn: Connection, training_id: int, model: Trained) -> int:
    row = {name: value for name, value in vars(model).items() if name != "groups"}
    added = conn.execute(
        insert(trained_models).values(training_id=training_id, **row)
    ).inserted_primary_key
    assert added is not None
    if model.groups:
        conn.execute(
            insert(model_groups),
            [{"model_id": int(added[0]), **vars(each)} for each in model.groups],
        )
    return int(added[0])


def recent_trainings(conn: Connection, limit: int = 50) -> Sequence[Row[Any]]:
    """Read the newest trainings."""
    return conn.execute(select(trainings).order_by(trainings.c.id.desc()).limit(limit)).all()


def training_like(conn: Connection, fingerprint: str) -> Row[Any] | None:
    """Find the newest training that stood on the same inputs."""
    same = select(trainings).where(trainings.c.fingerprint == fingerprint)
    return conn.execute(same.order_by(trainings.c.id.desc()).limit(1)).one_or_none()


def models_of(conn: Connection, training_id: int) -> Sequence[Row[Any]]:
    """Read the models of a training, in the order in which they were kept."""
    own = select(trained_models).where(trained_models.c.training_id == training_id)
    return conn.execute(own.order_by(trained_models.c.id)).all()


def groups_of(conn: Connection, training_id: int) -> Sequence[Row[Any]]:
    """Read how good each model of a training is for each group of people."""
    return conn.execute(
        select(model_groups, trained_models.c.name.label("model"))
        .join(trained_models, model_groups.c.model_id == trained_models.c.id)
        .where(trained_models.c.training_id == training_id)
        .order_by(model_groups.c.kind, model_groups.c.people.desc(), trained_models.c.id)
    ).all()


def comparisons_of(conn: Connection, training_id: int) -> Sequence[Row[Any]]:
    """Read a training's paired comparisons."""
    own = select(model_comparisons).where(model_comparisons.c.training_id == training_id)
    return conn.execute(own).all()


def trained_model(conn: Connection, model_id: int) -> Row[Any]:
    """Read one model, with what its training stood on."""
    row = conn.execute(
        select(trained_models)
        .add_columns(trainings.c.at, trainings.c.as_of, trainings.c.repeats)
        .add_columns(trainings.c.dataset_version, trainings.c.people)
        .join(trainings, trained_models.c.training_id == trainings.c.id)
        .where(trained_models.c.id == model_id)
    ).one_or_none()
    if row is None:
        raise UserError(f"There is no model {model_id}.", "See the list: Models.")
    return row


def save_recommendation_run(conn: Connection, **values: Any) -> int:
    """Keep what a run of the job ``precompute`` did; gives its id."""
    added = conn.execute(insert(recommendation_runs).values(**values)).inserted_primary_key
    assert added is not None
    return int(added[0])


def latest_recommendation_run(conn: Connection) -> Row[Any] | None:
    """Read the newest run that computed lists."""
    newest = select(recommendation_runs).order_by(recommendation_runs.c.id.desc()).limit(1)
    return conn.execute(newest).one_or_none()


def request_lists(conn: Connection, actor: Actor, at: datetime) -> int | None:
    """Ask for everybody's lists, after another model became live; none where that waits already."""
    if runs.is_queued(conn, JOB):
        return None
    return runs.enqueue(conn, JOB, {}, actor=actor, at=at)
