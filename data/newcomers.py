"""People who came after the training: what they did since, so that the model folds them in."""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data import traits
from data.interactions import read_interactions
from data.lake import person_id, read_events
from data.live_newcomers import Dealt, gathered
from data.recommendation_types import Newcomer
from data.recommendations import Recommender
from data.trait_table import PERSON
from data.workspace import Workspace


def newcomer(
    backend: Backend,
    workspace: Workspace,
    conn: Connection,
    recommender: Recommender,
    person: str,
    as_of: datetime,
) -> Newcomer | None:
    """Gather what somebody without a row in the model did before `as_of`, and what they told.

    Weighed as a training weighs it. None for somebody whom the model knows, and for somebody of
    whom neither events nor traits are there.
    """
    if recommender.model.row(person) is not None:
        return None
    events = read_events(backend, workspace, conn)
    own = events.filter(
        (person_id(events) == person)
        & ((events["userId"] == person) | (events["anonymousId"] == person))
        & (events["timestamp"] < ibis.timestamp(as_of.isoformat()))
    )
    rows = read_interactions(backend, own, as_of)
    told = _told(workspace, conn, recommender, person)
    if told is None and not rows.num_rows:
        return None
    dealt = (
        Dealt(row["item_id"], row["timestamp"], row["weight"], row["ordered"])
        for row in rows.to_pylist()
    )
    return gathered(recommender, dealt, told or {}, as_of)


def _told(
    workspace: Workspace, conn: Connection, recommender: Recommender, person: str
) -> dict[str, str] | None:
    """Read the traits that the model uses; None for somebody without any traits."""
    if traits.latest_run(conn) is None:
        return None
    path = traits.snapshot_path(workspace, conn)
    known = set(pq.read_schema(path).names)
    wanted = [name for name in recommender.contexts() if name in known]
    found = pq.read_table(path, columns=[PERSON, *wanted], filters=[(PERSON, "=", person)])
    if not found.num_rows:
        return None
    row = found.to_pylist()[0]
    return {name: str(row[name]) for name in wanted if row[name] is not None}
