"""What Recommendations shows: the live model opened, the others kept, people, segments, costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import streamlit as st
from sqlalchemy import Row

from dashboard.format import percent
from dashboard.store import reading, workspace
from data.clock import as_of
from data.items import Items, catalogue_version, read_items
from data.lake import dataset_version, open_duckdb
from data.live_model import LiveModel, live_model
from data.membership_files import member_files
from data.memberships import latest_sizes
from data.model_files import open_sample
from data.newcomers import newcomer
from data.people import search
from data.recommendation_files import UNKNOWN, look_up, part_file
from data.recommendation_types import Liker, Newcomer
from data.recommendations import Recommender, Source, open_recommender
from data.segments import KIND as SEGMENT
from data.segments import segment_names
from data.trainings import latest_recommendation_run, models_of, recent_trainings
from data.traits import snapshot_path
from data.workspace import Workspace
from kindred.recommend.steering import Steering
from kindred.recommend.steering_cost import Catalogue, Costs, Sample, costs

KEPT: Final = 30  # models to choose from
LIKERS: Final = 200


@dataclass(frozen=True)
class Ready:
    """What is live and what is kept beside it.

    Parameters
    ----------
    kept : sequence of Row
        Models whose arrays are kept, the newest training first.
    lists : Row or None
        The newest run that computed lists.
    """

    live: LiveModel
    kept: Sequence[Row[Any]]
    lists: Row[Any] | None
    catalogue: tuple[str, ...]


@dataclass(frozen=True)
class SegmentPeople:
    """A live segment and where its people lie."""

    name: str
    size: int
    path: str

    def people(self) -> Sequence[str]:
        """Read its people's ids."""
        return _members(workspace(), self.path)


def ready() -> Ready | None:
    """Find the live model; none before one is."""
    with reading() as conn:
        live = live_model(conn, datetime.now(UTC))
        if live is None:
            return None
        kept = [
            model
            for training in recent_trainings(conn, 6)
            for model in models_of(conn, training.id)
            if model.path is not None
        ]
        return Ready(live, kept[:KEPT], latest_recommendation_run(conn), catalogue_version(conn))


def items_of(found: Ready) -> Items:
    """Give the catalogue, read once."""
    return _items(workspace(), found.catalogue)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _items(workspace: Workspace, files: tuple[str, ...]) -> Items:
    return read_items(workspace, files)


def recommender(found: Ready, model: int) -> Recommender:
    """Open a model, the live one or another that is kept."""
    if model == found.live.id:
        source = Source(found.live.name, found.live.number, found.live.as_of)
        return _open(workspace(), found.live.path, found.catalogue, source)
    row = next(each for each in found.kept if each.id == model)
    source = Source(row.name, 0, found.live.as_of)
    return _open(workspace(), row.path, found.catalogue, source)


@st.cache_resource(
    max_entries=4, show_spinner="Opening the model", hash_funcs={Workspace: str, Source: repr}
)
def _open(workspace: Workspace, path: str, files: tuple[str, ...], source: Source) -> Recommender:
    return open_recommender(workspace, path, _items(workspace, files), source)


def people_like(prefix: str) -> list[str]:
    """List people whose id is or begins so."""
    with reading() as conn:
        path = snapshot_path(workspace(), conn)
    return search(path, prefix, 12)


def newcomer_of(found: Ready, person: str, model: Recommender | None = None) -> Newcomer | None:
    """Gather what somebody did who came after the training; none for others."""
    opened = model or recommender(found, found.live.id)
    if opened.model.row(person) is not None:
        return None
    with reading() as conn:
        now, version = as_of(conn, datetime.now(UTC)), dataset_version(conn)
    return _newcomer(workspace(), id(opened), person, version, now, opened)


@st.cache_data(ttl=60, max_entries=50, show_spinner=False, hash_funcs={Workspace: str})
def _newcomer(
    workspace: Workspace,
    model: int,
    person: str,
    version: int,
    _now: datetime,
    _model: Recommender,
) -> Newcomer | None:
    del model, version  # only the cache's key
    backend = open_duckdb()
    try:
        with reading() as conn:
            return newcomer(backend, workspace, conn, _model, person, _now)
    finally:
        backend.disconnect()


def segments() -> dict[str, SegmentPeople]:
    """Find the live segments whose people were worked out, by key."""
    with reading() as conn:
        names, sizes, files = segment_names(conn), latest_sizes(conn), member_files(conn)
    return {
        key: SegmentPeople(names.get((SEGMENT, key), key), files[key].rows, files[key].path)
        for key in sizes
        if key in files and files[key].rows
    }


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs={Workspace: str})
def _members(workspace: Workspace, path: str) -> Sequence[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - loaded with the lake anyway

    ids: list[str] = pq.read_table(workspace.lake / path, columns=["person_id"])[0].to_pylist()
    return ids


def popular_items(found: Ready, limit: int) -> list[str]:
    """List what somebody of whom nothing is known is recommended."""
    with reading() as conn:
        file = part_file(conn, UNKNOWN)
    listed = look_up(workspace(), file, "everybody") if file is not None else None
    if listed is not None:
        return listed[0][:limit]
    model = recommender(found, found.live.id)
    return [each.item for each in model.person("", None, limit, explain=False).items]


def costs_of(found: Ready, rules: Steering) -> Costs | None:
    """Measure what rules cost on the live model's test."""
    return _costs(workspace(), found.live.path, rules, recommender(found, found.live.id))


@st.cache_data(
    max_entries=50,
    show_spinner=False,
    hash_funcs={Workspace: str, Steering: repr},
)
def _costs(workspace: Workspace, path: str, rules: Steering, _model: Recommender) -> Costs | None:
    sample = _sample(workspace, path)
    if sample is None:
        return None
    catalogue = Catalogue(_model.ids, _model.fields, _model.vectors)
    return costs(sample, rules, catalogue)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _sample(workspace: Workspace, path: str) -> Sample | None:
    return open_sample(workspace, path)


def taste_of(found: Ready, item: str) -> tuple[list[Liker], list[str]]:
    """Find the people to whom an item is recommended highest, and what sets them apart."""
    return _taste(workspace(), found.live.path, item, recommender(found, found.live.id))


@st.cache_data(
    max_entries=100, show_spinner="Asking the model for everybody", hash_funcs={Workspace: str}
)
def _taste(
    workspace: Workspace, path: str, item: str, _model: Recommender
) -> tuple[list[Liker], list[str]]:
    del workspace, path  # only the cache's key
    likers = _model.likers(item, LIKERS)
    rows = [row for liker in likers if (row := _model.model.row(liker.person)) is not None]
    return likers, _apart(_model, np.asarray(rows, dtype=np.int64))


def _apart(model: Recommender, rows: Any) -> list[str]:
    """Say which traits are more frequent among some people than among all, the most first."""
    told = []
    for trait, values in model.model.person_features.items():
        known = values != None  # noqa: E711 - elementwise
        mine = values[rows]
        for value in sorted({v for v in mine if v is not None}):
            here = float((mine == value).mean())
            there = float((values[known] == value).mean()) if known.any() else 0.0
            if there > 0 and here * len(rows) >= 5:
                label = trait.replace("_", " ")
                words = f"{label} is {value}: {percent(here)} of them, {percent(there)} of all"
                told.append((here / there, words))
    told.sort(reverse=True)
    return [words for lift, words in told[:4] if lift > 1.2]
