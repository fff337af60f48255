"""Computed lists: written sorted, found by key, rewritten only where a list differs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from data.lake import LakeFile, commit_files
from data.recommendation_files import (
    PEOPLE_PARTS,
    RECOMMENDATIONS,
    Lists,
    Stayed,
    look_up,
    part_file,
    part_of,
    stayed,
    write_part,
)
from data.workspace import Workspace, workspace_at

IDS = pa.array(["milk", "bread", "fish", "beer"])
AT = datetime(2026, 11, 23, tzinfo=UTC)


def lists(keys: list[str], places: list[list[int]]) -> Lists:
    given_ = np.array(places, dtype=np.int32)
    scores = np.where(given_ >= 0, 1.0 / (1 + np.arange(given_.shape[1])), 0.0)
    return Lists(keys, given_, scores, IDS)


def test_lists_are_found_by_key_and_end_where_they_end(workspace: Workspace) -> None:
    done = write_part(workspace, None, "p", lists(["bo", "ann"], [[2, 0], [3, -1]]), "m1")

    assert done.file is not None
    assert done.changed == 2
    assert look_up(workspace, done.file, "bo") == (["fish", "milk"], [1.0, 0.5])
    assert look_up(workspace, done.file, "ann") == (["beer"], [1.0])
    assert look_up(workspace, done.file, "eve") is None
    assert pq.read_table(workspace.lake / done.file.path)["key"].to_pylist() == ["ann", "bo"]


def test_the_same_lists_are_not_written_again_whatever_the_order(workspace: Workspace) -> None:
    first = write_part(workspace, None, "p", lists(["bo", "ann"], [[2, 0], [3, -1]]), "m1")
    again = write_part(workspace, first.file, "p", lists(["ann", "bo"], [[3, -1], [2, 0]]), "m2")

    assert (again.file, again.changed) == (None, 0)


def test_what_changed_is_counted(workspace: Workspace) -> None:
    first = write_part(workspace, None, "p", lists(["a", "b", "c"], [[0], [1], [2]]), "m1")
    then = write_part(workspace, first.file, "p", lists(["a", "b", "d"], [[0], [3], [2]]), "m1")

    assert then.file is not None
    assert then.changed == 3  # b differs, d is new, c is gone


def test_it_is_told_how_much_of_peoples_lists_stayed(workspace: Workspace, store: Engine) -> None:
    def write(places: list[list[int]], keys: list[str]) -> None:
        with store.begin() as conn:
            done = write_part(workspace, part_file(conn, "people-03"), "people-03",
                              lists(keys, places), "m")  # fmt: skip
            if done.file is not None:
                commit_files(conn, RECOMMENDATIONS, [done.file], why="test", at=AT,
                             snapshot="people-03", replace=True)  # fmt: skip

    def told() -> Stayed | None:
        with store.connect() as conn:
            return stayed(workspace, conn)

    assert told() is None
    write([[0, 1], [2, 3]], ["a", "b"])
    assert told() is None  # they replaced nothing
    write([[1, 2], [3, 2], [0, 1]], ["a", "b", "new"])
    # One of two items of "a" stayed, both of "b" in another order; "new" had no list before.
    assert told() == Stayed(2, 0.75)


def test_a_part_without_people_is_an_empty_file(workspace: Workspace) -> None:
    empty = Lists([], np.empty((0, 5), np.int32), np.empty((0, 5)), IDS)
    done = write_part(workspace, None, "p", empty, "m1")

    assert done.file is not None
    assert look_up(workspace, done.file, "ann") is None


def test_the_live_file_of_a_part_is_found(store: Engine) -> None:
    with store.begin() as conn:
        assert part_file(conn, "people-00") is None
        file = LakeFile("recommendations/people-00/x.parquet", 1, 10)
        commit_files(conn, RECOMMENDATIONS, [file], why="t", at=AT, snapshot="people-00")
        assert part_file(conn, "people-00") == file
        assert part_file(conn, "people-01") is None


@given(st.text())
def test_everybody_has_one_part(person: str) -> None:
    assert 0 <= part_of(person) < PEOPLE_PARTS
    assert part_of(person) == part_of(person)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30
)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.lists(st.integers(0, 3), unique=True, max_size=4),
        max_size=30,
    )
)
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, list[int]]
) -> None:
    home: Path = tmp_path_factory.mktemp("lists")
    workspace = workspace_at(home, "sqlite://")
    rows = [[*places, *[-1] * (4 - len(places))] for places in wanted.values()]
    given_ = lists(list(wanted), rows) if rows else None
    if given_ is None:
        return
    file = write_part(workspace, None, "p", given_, "m").file

    assert file is not None
    for key, places in wanted.items():
        found = look_up(workspace, file, key)
        assert found is not None
        assert found[0] == [IDS[place].as_py() for place in places]
