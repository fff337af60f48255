"""Explore without a browser: what it says, empty and filled."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select
from streamlit.testing.v1 import AppTest

from data.schema import annotations as notes
from data.schema import cluster_members, cluster_runs, clusters, pipeline_runs
from data.workspace import Workspace
from kindred.clusters.selection import Kind, Op, Shape
from kindred.clusters.selection_text import encode
from tests.support.synthetic_map import NAMES, build

ROOT = Path(__file__).parents[2]
ALL = encode((Shape(Op.ADD, Kind.BOX, ((0, 0), (65_535, 65_535))),))


@pytest.fixture
def screen(workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    return AppTest.from_file(str(ROOT / "pages" / "explore.py"), default_timeout=60)


def words(screen: AppTest) -> str:
    parts = (
        *screen.markdown,
        *screen.subheader,
        *screen.caption,
        *screen.info,
        *screen.warning,
        *screen.get("html"),
    )
    return "\n".join(str(getattr(part, "value", "") or part.proto.body) for part in parts)


def test_without_people_it_says_how_to_import_some(screen: AppTest) -> None:
    screen.run()
    assert not screen.exception
    assert "There are no people yet" in words(screen)
    assert "import completejourney" in screen.code[0].value


def test_without_clusters_it_offers_to_find_them_and_queues_a_run(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 50)
    with engine.begin() as conn:
        for table in (notes, cluster_members, clusters, cluster_runs):
            conn.execute(delete(table))
    screen.run()
    assert "the map is not" in words(screen)
    screen.button[0].click().run()
    with engine.connect() as conn:
        assert conn.scalars(select(pipeline_runs.c.job)).all() == ["clusters"]


def test_it_opens_on_everyone_with_the_quality_of_the_run_in_words(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 400)
    screen.run()
    assert not screen.exception
    said = words(screen)
    assert f"400 people in {len(NAMES)} clusters" in said
    assert "well separated" in said
    assert "Simulated" in said
    assert "Everyone is the measure" in said
    assert screen.metric[0].value == "400"


def test_a_link_to_a_cluster_tells_of_it(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 400)
    screen.query_params["cluster"] = "3"
    screen.run()
    assert not screen.exception
    assert NAMES[2] in words(screen)
    assert int(screen.metric[0].value) < 400
    assert screen.query_params["run"] == "2"  # a later run must not change what was meant


def test_a_link_to_a_selection_tells_of_those_picked(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 400)
    screen.query_params["picked"] = ALL
    screen.query_params["against"] = "cluster-1"
    screen.run()
    assert not screen.exception
    assert "400 people picked" in words(screen)
    assert screen.selectbox(key="explore_against_2_None_cluster-1").value == "cluster-1"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("picked", "!!!", "cannot be read"),
        ("view", "1,2", "not on the map"),
        ("view", "nan,1,1", "not on the map"),
        ("cluster", "99999", "Everyone"),
        ("against", "cluster-99", "Everyone"),
        ("colour", "no_such_trait", "Everyone"),
        ("run", "77", "Everyone"),
    ],
)
def test_a_link_that_means_nothing_shows_everyone_and_breaks_nothing(
    screen: AppTest, workspace: Workspace, engine: Engine, name: str, text: str, said: str
) -> None:
    build(workspace, engine, 200)
    screen.query_params[name] = text
    screen.run()
    assert not screen.exception
    assert said in words(screen)
    assert "Everyone" in words(screen)


def test_an_older_run_whose_traits_are_gone_still_has_its_map(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 200)
    for file in (workspace.lake / "traits").iterdir():
        file.unlink()
    screen.query_params["cluster"] = "1"
    screen.run()
    assert not screen.exception
    assert "no longer kept" in words(screen)


def test_colours_by_every_trait_can_be_drawn(
    screen: AppTest, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 300)
    screen.run()
    choice = screen.selectbox(key="explore_colour_2")
    for name in ("monetary", "age", "household_size", "region", "trend"):
        choice.set_value(name).run()
        assert not screen.exception
        assert screen.query_params["colour"] == name
