"""Migrations lead from nothing to the tables that the code declares, and back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from data.engine import make_engine, reader
from data.store import METADATA, migrate

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_url)
    yield engine
    engine.dispose()


def test_migrating_an_empty_database_gives_the_declared_tables(empty: Engine) -> None:
    migrate(empty)
    with reader(empty).connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    migrate(empty)
    assert set(inspect(empty).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_downgrading_leaves_no_table_and_one_can_come_back(empty: Engine) -> None:
    migrate(empty)
    migrate(empty, "base")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version"}
    migrate(empty)
    assert set(METADATA.tables) <= set(inspect(empty).get_table_names())


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_all_succeed(
    empty_url: str, tmp_path: Path
) -> None:
    script = (
        "import sys; from data.store import open_store; from data.workspace import workspace_at;"
        "open_store(workspace_at(sys.argv[1], sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path), empty_url]
    racers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(4)]
    outcomes = [racer.communicate(timeout=60)[1].decode() for racer in racers]
    assert outcomes == [""] * 4
    assert [racer.returncode for racer in racers] == [0] * 4
