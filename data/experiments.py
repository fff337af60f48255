"""Experiments as kept definitions: begin one, save it, publish it, find which are live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from data.audit import Actor
from data.definitions import Definition, all_definitions, create, definition, save
from data.publication_schema import definitions, publications, versions
from data.publications import Act, Live, Terms, live, publish
from data.segments import KIND as SEGMENT
from data.segments import free_key
from kindred.errors import UserError
from kindred.experiments.definition import (
    Experiment,
    document,
    read_experiment,
    variation_of,
)

__all__ = [
    "KIND",
    "Kept",
    "LiveExperiment",
    "create_experiment",
    "experiment_body",
    "list_experiments",
    "live_experiments",
    "publish_experiment",
    "save_experiment",
    "variation_of",
]

KIND: Final = "experiment"


@dataclass(frozen=True)
class LiveExperiment:
    """A version that hands out variations."""

    key: str
    name: str
    number: int
    experiment: Experiment
    since: datetime
    terms: Terms


@dataclass(frozen=True)
class Kept:
    """An experiment as lists show it.

    Parameters
    ----------
    experiment : Experiment
        The live version's, else the draft's, else that of the version that was live last.
    live : Live or None
    began : datetime or None
        When it was first live.
    """

    definition: Definition
    experiment: Experiment
    live: Live | None
    began: datetime | None

    def status(self, at: datetime) -> str:
        """Say where it stands: ``draft``, ``running``, ``over`` (its days have passed), ``ended``.

        What is over goes on handing out variations until it is withdrawn.
        """
        if self.live is not None and self.began is not None:
            planned = self.began + timedelta(days=self.experiment.days)
            return "over" if at >= planned else "running"
        return "draft" if self.began is None else "ended"


def live_experiments(conn: Connection, at: datetime) -> list[LiveExperiment]:
    """List the experiments that are live and valid at a time, by key; for serving's memory."""
    return [
        LiveExperiment(
            found.key,
            found.name,
            found.number,
            read_experiment(found.body),
            found.since,
            found.terms,
        )
        for found in live(conn, KIND, at)
    ]


def list_experiments(conn: Connection, at: datetime) -> list[Kept]:
    """List all experiments, last changed first."""
    standing = {found.key: found for found in live(conn, KIND, at)}
    first = (
        select(publications.c.definition_id, func.min(publications.c.at).label("at"))
        .join(definitions, publications.c.definition_id == definitions.c.id)
        .where(definitions.c.kind == KIND)
        .group_by(publications.c.definition_id)
    )
    began = {row.definition_id: row.at for row in conn.execute(first)}
    kept = []
    for found in all_definitions(conn, KIND):
        now = standing.get(found.key)
        body = now.body if now else found.draft or _newest(conn, found.id)
        if body is not None:
            kept.append(Kept(found, read_experiment(body), now, began.get(found.id)))
    return kept


def create_experiment(
    conn: Connection,
    name: str,
    experiment: Experiment,
    *,
    actor: Actor,
    at: datetime,
    key: str | None = None,
    notes: str = "",
) -> Definition:
    """Begin an experiment with its first draft; without a key one is made of the name."""
    chosen = key or free_key(conn, name, KIND)
    body = _body(experiment)
    return create(conn, KIND, chosen, name, body, actor=actor, at=at, notes=notes)


def save_experiment(
    conn: Connection,
    key: str,
    experiment: Experiment,
    *,
    revision: int,
    actor: Actor,
    at: datetime,
    **particulars: Any,
) -> Definition:
    """Save a draft, with any of name, owner, tags and notes.

    Raises
    ------
    EditConflict
        Somebody saved since `revision`; nothing is changed.
    """
    changes = {"draft": _body(experiment), **particulars}
    return save(conn, KIND, key, revision=revision, actor=actor, at=at, **changes)


def publish_experiment(
    conn: Connection,
    key: str,
    act: Act,
    *,
    revision: int,
    terms: Terms | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> int:
    """Let the draft hand out variations from now on; gives the version's number.

    The segment that is its cohort has to be live.
    """
    experiment = experiment_body(conn, key)
    names = " against ".join(variation.label for variation in experiment.variations[::-1])
    who = f" among {experiment.cohort}" if experiment.cohort else ""
    return publish(
        conn,
        KIND,
        key,
        act,
        revision=revision,
        sentence=f"{names}{who}, judged by {experiment.primary} after {experiment.days} days",
        uses=[(SEGMENT, experiment.cohort)] if experiment.cohort else [],
        terms=terms,
        evidence=evidence,
    )


def experiment_body(conn: Connection, key: str) -> Experiment:
    """Read the draft, else the newest version."""
    found = definition(conn, KIND, key)
    body = found.draft if found.draft is not None else _newest(conn, found.id)
    if body is None:
        raise UserError(f"“{found.name}” has nothing defined yet.", "Save it first.")
    return read_experiment(body)


def _body(experiment: Experiment) -> dict[str, Any]:
    """Write it, if what is written can be read again."""
    body = document(experiment)
    read_experiment(body)
    return body


def _newest(conn: Connection, definition_id: int) -> Mapping[str, Any] | None:
    body: Mapping[str, Any] | None = conn.scalar(
        select(versions.c.body)
        .where(versions.c.definition_id == definition_id)
        .order_by(versions.c.number.desc())
        .limit(1)
    )
    return body
