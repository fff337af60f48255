"""The job precompute over odd models: people with nothing left to see, segments of nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.lake import commit_files, describe_file
from data.live_model import promote
from data.membership_files import MEMBERSHIPS, SCHEMA
from data.model_files import save_model
from data.publications import Act
from data.recommendation_files import (
    SEGMENTS,
    SIMILAR,
    UNKNOWN,
    look_up,
    part_file,
    part_of,
    people_part,
)
from data.trainings import save_training
from data.workspace import Workspace
from kindred.recommend.exported import Exported, History
from pipelines import precompute
from pipelines.job import JobContext, JobResult
from pipelines.report import ListReporter
from tests.support.exported import exported
from tests.support.trainings import model, training

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Listed = tuple[list[str], list[float]] | None


def computed(workspace: Workspace, engine: Engine, live: Exported) -> JobResult:
    """Let a model be live and compute everybody's lists of it."""
    path = save_model(workspace, live)
    with engine.begin() as conn:
        _, ids = save_training(conn, training(), [model("blend", 0.4, path=path)])
        promote(conn, ids["blend"], Act(Actor("ann"), NOON, "first"))
    return precompute.run(JobContext(workspace, engine, NOON, NOON, ListReporter()), {})


def member(workspace: Workspace, engine: Engine, key: str, people: list[str]) -> None:
    rows = [{"person_id": each, "since": NOON, "version": 1} for each in people]
    file = workspace.lake / MEMBERSHIPS / f"{key}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
    with engine.begin() as conn:
        described = [describe_file(workspace, file)]
        commit_files(conn, MEMBERSHIPS, described, why="test", at=NOON, snapshot=key, replace=True)


def listed(workspace: Workspace, engine: Engine, part: str, key: str) -> Listed:
    with engine.connect() as conn:
        file = part_file(conn, part)
    found = look_up(workspace, file, key) if file is not None else None
    if found is None:
        return None
    assert np.isfinite(found[1]).all()
    return list(found[0]), list(found[1])


def test_who_has_seen_everything_gets_an_empty_list_where_only_the_new_counts(
    workspace: Workspace, engine: Engine
) -> None:
    rows = [("all", item, 1.0) for item in "abc"] + [("some", "a", 1.0), ("other", "b", 2.0)]
    done = computed(workspace, engine, exported(rows, repeats=False))
    assert done.rows == 3
    lists = {who: listed(workspace, engine, people_part(part_of(who)), who)
             for who in ("all", "some", "other")}  # fmt: skip
    assert lists["all"] is None or not lists["all"][0]
    assert lists["some"] is not None
    assert set(lists["some"][0]) == {"b", "c"}


def test_segments_of_nobody_and_of_strangers_do_no_harm(
    workspace: Workspace, engine: Engine
) -> None:
    member(workspace, engine, "empty", [])
    member(workspace, engine, "strangers", ["x", "y"])
    member(workspace, engine, "known", ["p", "x"])
    computed(workspace, engine, exported([("p", "a", 1.0), ("q", "b", 3.0), ("q", "a", 1.0)]))
    assert listed(workspace, engine, SEGMENTS, "empty") is None
    strangers = listed(workspace, engine, SEGMENTS, "strangers")
    assert strangers is not None
    assert strangers == listed(workspace, engine, UNKNOWN, "everybody")
    assert listed(workspace, engine, SEGMENTS, "known") is not None


@pytest.mark.parametrize("repeats", [True, False])
def test_a_catalogue_of_one_has_nothing_alike(
    workspace: Workspace, engine: Engine, repeats: bool
) -> None:
    computed(workspace, engine, exported([("p", "only", 1.0), ("q", "only", 2.0)], repeats=repeats))
    unknown = listed(workspace, engine, UNKNOWN, "everybody")
    assert unknown is not None
    assert unknown[0] == ["only"]
    alike = listed(workspace, engine, SIMILAR, "only")
    assert alike is None or not alike[0]
    mine = listed(workspace, engine, people_part(part_of("p")), "p")
    assert (mine[0] if mine else []) == (["only"] if repeats else [])


def test_a_model_of_nothing_gives_no_lists(workspace: Workspace, engine: Engine) -> None:
    none, ids = np.empty(0, dtype=np.int64), np.empty(0, dtype="S1")
    never = History(np.zeros(1, dtype=np.int64), none, np.empty(0), np.empty(0))
    nothing = Exported("blend", ids, ids, {}, {}, never, repeats=True)
    assert computed(workspace, engine, nothing).rows == 0
    unknown = listed(workspace, engine, UNKNOWN, "everybody")
    assert unknown is None or not unknown[0]
