"""What batch found reaches live state, and says the same there as in the lake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.live_profiles import LivePerson, LiveProfiles
from data.publications import Act
from data.segments import create_segment, publish_segment
from data.workspace import Workspace
from kindred.segments import rules as r
from kindred.segments.membership import belongs
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from kindred.traits.told import told_value
from pipelines import memberships
from pipelines.deliver import Deliverer
from pipelines.live_builds import Interrupted
from tests.support.segment_workspace import NOON, ORDER, WORLD, job_context, keep_traits, take_in
from tests.support.segment_worlds import World
from tests.support.synthetic_map import build

RICH = r.TraitRule("monetary", "gte", 10)
RULES: tuple[Rule, ...] = (
    RICH,
    r.EventRule(ORDER, "sum", "gte", 1, property="revenue", within="P30D"),
    r.EventRule("Product Viewed", "count", "gte", 3, within="P7D"),
    r.EventRule(
        "Product Viewed", where=(r.PropertyFilter("category", "eq", "Deli"),), within="P60D"
    ),
    r.FirstTimeRule(ORDER, within="P60D"),
    r.NotRule(r.EventRule("Product Added", within="P14D")),
)


@pytest.fixture
def deliverer(workspace: Workspace, engine: Engine, live_url: str | None) -> Iterator[Deliverer]:
    opened = Deliverer(workspace, engine)
    opened.open()
    yield opened
    opened.close()


def looked(deliverer: Deliverer) -> LiveProfiles:
    deliverer.builds.look()
    deliverer.pump()
    return LiveProfiles(deliverer.store)


def test_everybody_is_in_live_state_as_in_the_lake(
    deliverer: Deliverer, workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    take_in(workspace, engine, WORLD, tmp_path / "world")
    keep_traits(workspace, engine, WORLD)
    live = looked(deliverer)
    context = WORLD.context(RULES)
    for each in WORLD.people:
        known, found = each.profile(), live.person(each.id)
        assert found is not None
        assert found.events_since == datetime(1970, 1, 1, tzinfo=UTC)
        assert found.profile.traits == known.traits
        for rule in RULES:
            assert belongs(found.profile, rule, context, NOON) == belongs(
                known, rule, context, NOON
            )
    state = live.state()
    assert state.traits_as_of == NOON
    assert "monetary" in state.trait_names


def test_memberships_say_since_when_and_by_which_version(
    deliverer: Deliverer, workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    take_in(workspace, engine, WORLD, tmp_path / "world")
    keep_traits(workspace, engine, WORLD)
    with engine.begin() as conn:
        made = create_segment(conn, "Rich", RICH, actor=Actor("ann"), at=NOON, key="rich")
        act = Act(Actor("ann"), NOON, "because")
        publish_segment(conn, "rich", act, revision=made.revision)
    memberships.run(job_context(workspace, engine), {})
    live = looked(deliverer)
    inside = {
        each.id: person.memberships
        for each in WORLD.people
        if (person := live.person(each.id)) is not None and person.memberships
    }
    assert set(inside) == {p.id for p in WORLD.people if p.traits.get("monetary", 0) >= 10}
    for found in inside.values():
        assert (found["rich"].version, found["rich"].since) == (1, NOON)
    assert live.state().memberships_as_of == NOON


def test_clusters_are_those_of_the_newest_run(
    deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 300)
    live = looked(deliverer)
    found = [_cluster(live.person(f"p{number:07}")) for number in range(300)]
    assert live.state().cluster_run is not None
    assert len({cluster for cluster in found if cluster is not None}) > 2


def test_a_newer_snapshot_takes_the_place_of_the_one_before_whole(
    deliverer: Deliverer, workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    take_in(workspace, engine, WORLD, tmp_path / "world")
    for size in (24, 10, 20):
        keep_traits(workspace, engine, World(WORLD.people[:size], NOON))
        live = looked(deliverer)
        before = deliverer.builds.now().traits
        deliverer.builds.look()
        assert deliverer.builds.now().traits == before  # nothing is newer
        known = [each.id for each in WORLD.people if _traits(live.person(each.id))]
        assert known == [each.id for each in WORLD.people[:size] if each.traits]


def test_a_shelf_that_is_half_filled_does_not_count(
    deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    build(workspace, engine, 300)
    deliverer.stopping.set()
    with pytest.raises(Interrupted):
        deliverer.builds.look()
    assert LiveProfiles(deliverer.store).state().traits_as_of is None
    deliverer.stopping.clear()
    assert looked(deliverer).person("p0000007") is not None


def _traits(person: LivePerson | None) -> dict[str, Any]:
    return dict(person.profile.traits) if person else {}


def _cluster(person: LivePerson | None) -> int | None:
    profile: Profile | None = person.profile if person else None
    return next(iter(profile.clusters.values()), None) if profile else None


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        (7, "category", "7"),
        (True, "category", "true"),
        ({"a": 1}, "category", '{"a":1}'),
        ("7.5", "number", 7.5),
        ("much", "number", None),
        (True, "flag", True),
        ("2026-11-01", "time", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01", None, datetime(2026, 11, 1, tzinfo=UTC)),
        ("soon", None, "soon"),
        (3, None, 3.0),
        (None, None, None),
    ],
)
def test_what_is_told_takes_the_type_of_its_trait(value: Any, kind: str | None, told: Any) -> None:
    assert told_value(value, kind) == told
