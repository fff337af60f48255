"""Distilling over a workspace: from rows of the map or a cluster to rules, and back to clusters."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import Engine

from data.engine import reader
from data.map_reads import MapRun, map_runs, read_places
from data.segment_distil import (
    clusters_hit,
    distil_people,
    people_of,
    picked_on_map,
)
from data.segment_opening import open_catalogue, open_population
from data.segment_overlap import rows_on_map
from data.segment_population import Population
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.bitmap import Bitmap
from kindred.segments.validate import check
from tests.support.synthetic_map import build

PEOPLE = 3_000


@pytest.fixture
def filled(workspace: Workspace, engine: Engine) -> tuple[Workspace, Population, MapRun]:
    build(workspace, engine, PEOPLE)
    with reader(engine).connect() as conn:
        return workspace, open_population(workspace, conn), map_runs(conn)[0]


Filled = tuple[Workspace, Population, MapRun]


def test_a_cluster_becomes_rules_that_may_be_published_with_their_worth(
    filled: Filled, engine: Engine
) -> None:
    _, population, run = filled
    picked = population.members(r.ClusterRule(1, run.id))
    found = distil_people(population, picked)
    assert (found.picked, found.people, found.as_of) == (len(picked), PEOPLE, population.as_of)
    with reader(engine).connect() as conn:
        catalogue = open_catalogue(conn, population)
    for step in found.steps:
        check(step.rule, catalogue)
        members = population.members(step.rule)
        assert (step.size, step.hits) == (len(members), len(members & picked))
        assert step.whole.precision == step.hits / step.size
        assert step.whole.recall == step.hits / len(picked)
        assert step.sentence.startswith("People ")
    assert found.steps[-1].checked.f1 > 0.6


def test_a_hidden_segment_is_found_again_on_numbers_texts_and_flags(filled: Filled) -> None:
    _, population, _ = filled
    hidden = r.AllRule(
        (
            r.TraitRule("region", "in", ("North", "East")),
            r.TraitRule("frequency", "gte", 10),
            r.TraitRule("age", "is_set"),
        )
    )
    last = distil_people(population, population.members(hidden)).steps[-1]
    assert last.checked.f1 > 0.95
    assert last.whole.f1 > 0.97


def test_only_the_traits_that_are_named_are_used_and_names_are_said(filled: Filled) -> None:
    _, population, _ = filled
    picked = population.members(r.TraitRule("frequency", "gte", 20))
    found = distil_people(
        population, picked, traits={"monetary"}, names={("trait", "monetary"): "spending"}
    )
    assert "spending" in found.steps[0].sentence
    assert "monetary" in repr(found.steps[0].rule)
    assert "frequency" not in repr(found.steps)


def test_rows_of_the_map_are_people_and_people_are_rows_again(filled: Filled) -> None:
    workspace, population, run = filled
    rows = np.array([5, 17, 2_999])
    picked = picked_on_map(workspace, population, run, rows)
    assert rows_on_map(workspace, population, run, picked).tolist() == rows.tolist()


def test_ids_that_nobody_has_are_left_out(filled: Filled) -> None:
    import pyarrow as pa

    _, population, _ = filled
    found = people_of(population, pa.array(["p0000003", "somebody else"]))
    assert found.positions().tolist() == [3]


def test_clusters_hit_add_up_to_the_segment(filled: Filled, engine: Engine) -> None:
    workspace, population, run = filled
    members = population.members(r.TraitRule("frequency", "gte", 12))
    with reader(engine).connect() as conn:
        hits = clusters_hit(workspace, conn, population, run, members)
    assert sum(hit.people for hit in hits) == len(members)
    assert sum(hit.of_members for hit in hits) == pytest.approx(1)
    labels = read_places(workspace, run).label
    first = hits[0]
    inside = members.held() & (labels == first.cluster.label)
    assert first.people == inside.sum()
    assert first.of_cluster == pytest.approx(inside.sum() / first.cluster.size)
    assert first.lift == pytest.approx(
        (inside.sum() / len(members)) / (first.cluster.size / PEOPLE)
    )
    with reader(engine).connect() as conn:
        nobody = clusters_hit(workspace, conn, population, run, Bitmap.nobody(PEOPLE))
    assert {hit.people for hit in nobody} == {0}


def test_too_few_people_are_refused(filled: Filled) -> None:
    _, population, _ = filled
    with pytest.raises(UserError, match="too few"):
        distil_people(population, Bitmap.of(np.array([1, 2]), PEOPLE))
