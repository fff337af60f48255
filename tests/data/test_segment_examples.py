"""Examples are published once, over example data only, and never come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update

from data.audit import Actor, history
from data.engine import reader
from data.publications import Act, live
from data.schema import workspace_facts
from data.segment_examples import choose_examples, publish_examples, wants_examples
from data.segments import withdraw_segment
from data.workspace import Workspace
from tests.support.segment_workspace import NOON, WORLD, keep_traits, opened, take_in


@pytest.fixture
def filled(store_workspace: Workspace, store: Engine, tmp_path: Path) -> Workspace:
    take_in(store_workspace, store, WORLD, tmp_path / "first")
    keep_traits(store_workspace, store, WORLD)
    return store_workspace


@pytest.fixture
def begin(filled: Workspace, store: Engine) -> Callable[[], list[str]]:
    def begun() -> list[str]:
        population = opened(filled, store)
        with reader(store).connect() as conn:
            chosen = choose_examples(conn, population)
        with store.begin() as conn:
            return publish_examples(conn, chosen, NOON)

    return begun


def test_examples_are_live_with_what_they_caught(
    begin: Callable[[], list[str]], store: Engine
) -> None:
    keys = begin()
    assert "big-spenders" in keys
    with reader(store).connect() as conn:
        found = {one.key: one for one in live(conn, "segment", NOON)}
        assert history(conn, "segment:big-spenders")[0].actor == "Kindred"
    assert found.keys() == set(keys)
    assert 0 < found["big-spenders"].evidence["size"] < len(WORLD.people)
    assert found["big-spenders"].sentence.startswith("People who are among the top 10 %")


def test_examples_never_come_back_even_where_all_are_withdrawn(
    begin: Callable[[], list[str]], store: Engine
) -> None:
    for key in begin():
        with store.begin() as conn:
            withdraw_segment(conn, key, Act(Actor("ann"), NOON, "not ours"))
    assert begin() == []
    with reader(store).connect() as conn:
        assert live(conn, "segment", NOON) == []


def test_somebodys_own_data_and_an_empty_workspace_are_left_alone(
    begin: Callable[[], list[str]], store: Engine
) -> None:
    with store.begin() as conn:
        assert wants_examples(conn)
        conn.execute(update(workspace_facts).values(kind="real", source="our shop"))
        assert not wants_examples(conn)
        conn.execute(update(workspace_facts).values(source="Complete Journey"))
        assert wants_examples(conn)
        conn.execute(delete(workspace_facts))
        assert not wants_examples(conn)
    assert begin() == []
