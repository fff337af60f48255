"""The map in the store: what screens read of it, and what people say about it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import Engine

from data.audit import Actor, history
from data.map_edits import annotate, remove_annotation, rename_cluster
from data.map_reads import (
    has_traits,
    map_annotations,
    map_clusters,
    map_runs,
    moves,
    people_as_table,
    read_places,
)
from data.workspace import Workspace
from kindred.errors import UserError
from tests.support.synthetic_map import NAMES, build

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Actor("Ann")
PEOPLE = 600


@pytest.fixture
def filled(store_workspace: Workspace, store: Engine) -> Workspace:
    build(store_workspace, store, PEOPLE)
    return store_workspace


def test_runs_come_newest_first_with_the_files_they_stand_on(
    filled: Workspace, store: Engine
) -> None:
    with store.connect() as conn:
        newest, older = map_runs(conn)
    assert newest.id > older.id
    assert newest.map_file == f"map/{newest.id}.parquet"
    assert has_traits(filled, newest)
    assert len(read_places(filled, newest).x) == newest.people == PEOPLE


def test_clusters_come_largest_first_and_noise_last(filled: Workspace, store: Engine) -> None:
    with store.connect() as conn:
        found = map_clusters(conn, map_runs(conn)[0].id)
    sizes = [cluster.size for cluster in found[:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert (found[-1].label, found[-1].id, found[-1].colour) == (-1, None, None)
    assert sum(cluster.size for cluster in found) == PEOPLE


def test_a_new_name_is_read_on_every_run_and_audited_and_can_be_taken_back(
    filled: Workspace, store: Engine
) -> None:
    with store.begin() as conn:
        rename_cluster(conn, 1, " Fresh fans ", "They like it fresh.", actor=ANN, at=NOW)
    with store.connect() as conn:
        for run in map_runs(conn):
            cluster = next(c for c in map_clusters(conn, run.id) if c.id == 1)
            assert (cluster.name, cluster.found_name) == ("Fresh fans", NAMES[0])
            assert (cluster.sentence, cluster.named_by) == ("They like it fresh.", "Ann")
        (row,) = history(conn, "cluster:1")
    assert row.detail == {"before": [None, None], "after": ["Fresh fans", "They like it fresh."]}
    with store.begin() as conn:
        rename_cluster(conn, 1, None, None, actor=ANN, at=NOW)
        cluster = next(c for c in map_clusters(conn, map_runs(conn)[0].id) if c.id == 1)
    assert (cluster.name, cluster.named_by) == (NAMES[0], None)


def test_a_cluster_that_is_not_there_or_a_name_too_long_is_refused(
    filled: Workspace, store: Engine
) -> None:
    with store.begin() as conn:
        with pytest.raises(UserError, match="no cluster 99"):
            rename_cluster(conn, 99, "x", None, actor=ANN, at=NOW)
        with pytest.raises(UserError, match="121 characters"):
            rename_cluster(conn, 1, "x" * 121, None, actor=ANN, at=NOW)


def test_a_note_stands_on_its_run_until_it_is_taken_off(filled: Workspace, store: Engine) -> None:
    with store.begin() as conn:
        run = map_runs(conn)[0].id
        before = len(map_annotations(conn, run))
        note = annotate(conn, run, 1.5, -2.0, " Ask them ", actor=ANN, at=NOW)
        told = map_annotations(conn, run)[-1]
        assert (told.id, told.x, told.y, told.text, told.author) == (
            note,
            1.5,
            -2.0,
            "Ask them",
            "Ann",
        )
        remove_annotation(conn, note, actor=ANN, at=NOW)
        remove_annotation(conn, note, actor=ANN, at=NOW)
        assert len(map_annotations(conn, run)) == before
        assert [row.action for row in history(conn, f"annotation:{note}")] == [
            "map.remove_note",
            "map.annotate",
        ]


def test_an_empty_note_is_refused(filled: Workspace, store: Engine) -> None:
    with store.begin() as conn, pytest.raises(UserError, match="1 to 400"):
        annotate(conn, 1, 0, 0, "  ", actor=ANN, at=NOW)


def test_moves_between_runs_count_everybody_once(filled: Workspace, store: Engine) -> None:
    with store.connect() as conn:
        newest, older = map_runs(conn)
    then, now = read_places(filled, older).label, read_places(filled, newest).label
    found = {(a, b): people for a, b, people in moves(filled, older, newest)}
    assert sum(found.values()) == PEOPLE
    assert found[(3, 3)] == int(np.sum((then == 3) & (now == 3)))


def test_people_are_read_in_the_order_asked_for(filled: Workspace, store: Engine) -> None:
    with store.connect() as conn:
        run = map_runs(conn)[0]
    table = people_as_table(filled, run, np.array([5, 2]), ["frequency"])
    assert table.column("person_id").to_pylist() == ["p0000005", "p0000002"]
    assert table.column_names == ["person_id", "frequency"]
