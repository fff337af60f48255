"""People who came after the training: what they did since, so that the model folds them in."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import ibis
import numpy as np
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data import traits
from data.interactions import read_interactions
from data.lake import person_id, read_events
from data.recommendations import Recommender
from data.trait_table import PERSON
from data.workspace import Workspace
from kindred.recommend.dataset import DAY
from kindred.recommend.forms import Who
from kindred.recommend.material import Material

MOST: Final = 500  # items, the weightiest: each makes folding in a little longer


def newcomer(
    backend: Backend,
    workspace: Workspace,
    conn: Connection,
    recommender: Recommender,
    person: str,
    as_of: datetime,
) -> Who | None:
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
    counted: dict[int, float] = {}
    for row in rows.to_pylist():
        place = recommender.place.get(row["item_id"])
        if place is not None:  # what is newer than the model has no score, either
            back = (as_of - row["timestamp"]).total_seconds() / DAY
            weight = row["weight"] * 2.0 ** (-back / Material.half_life)
            counted[place] = counted.get(place, 0.0) + weight
    told = _told(workspace, conn, recommender, person)
    if told is None and not rows.num_rows:
        return None
    kept = sorted(counted, key=lambda place: (-counted[place], place))[:MOST]
    weights = np.array([counted[place] for place in kept])
    return Who(None, np.array(kept, dtype=np.int64), weights, told or {})


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
