"""From exposures and events to sufficient statistics: by hand, day by day, and in a known world."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine, select

from data.audit import Actor
from data.engine import reader
from data.experiment_results import Results, read_results
from data.experiment_schema import experiment_results
from data.experiments import create_experiment, save_experiment
from data.store import open_store
from data.workspace import Workspace, workspace_at
from kindred.experiments.definition import Experiment, Variation
from kindred.experiments.judged import Judged, judge_days
from kindred.experiments.metrics import (
    BounceMetric,
    ClickMetric,
    ConversionMetric,
    CountMetric,
    Part,
    RatioMetric,
    RetentionMetric,
    RevenueMetric,
    TimeMetric,
)
from kindred.experiments.results import Result
from kindred.segments.rules import PropertyFilter
from kindred.simulation.population import World
from pipelines import experiment_results as job
from pipelines import import_events
from pipelines.simulate import write_world
from tests.support.events import context, event, write_events

ANN = Actor("ann")
AS_OF = datetime(2026, 11, 23, tzinfo=UTC)
KEY = "hero"

METRICS = (
    ConversionMetric(name="orders", within="P7D", before="P7D"),
    CountMetric(name="big orders", within="P7D", where=(PropertyFilter("revenue", "gte", 20),)),
    RevenueMetric(name="revenue", within="P7D", before="P7D", cap=100.0),
    RatioMetric(
        name="order value",
        within="P7D",
        numerator=Part("Order Completed", "revenue"),
        denominator=Part("Order Completed"),
    ),
    ClickMetric(name="ctr", within="P7D"),
    BounceMetric(name="bounces", within="P7D"),
    TimeMetric(name="time", within="P7D"),
    RetentionMetric(name="back", after="P1D", within="P7D"),
)
TEST = Experiment(
    hypothesis="It works.",
    variations=(Variation("a", "", 0.5), Variation("b", "", 0.5)),
    primary="orders",
    metrics=METRICS,
    dimensions=("device",),
)


def track(number: int, at: str, person: str, name: str, **more: Any) -> dict[str, Any]:
    properties = more.pop("properties", {})
    return event(number, at, person, type="track", event=name, properties=properties, **more)


def exposed(number: int, at: str, person: str, variation: str, **more: Any) -> dict[str, Any]:
    properties = {"experiment_id": KEY, "variation_id": variation}
    return track(number, at, person, "Experiment Viewed", properties=properties, **more)


def bought(number: int, at: str, person: str, revenue: float) -> dict[str, Any]:
    properties = {"revenue": revenue, "order_id": f"o{number}"}
    return track(number, at, person, "Order Completed", properties=properties)


def take_in(
    workspace: Workspace, engine: Engine, folder: Path, events: Sequence[dict[str, Any]]
) -> None:
    write_events(folder / "events" / "part.parquet", events)
    (folder / "world.json").write_text(json.dumps({"kind": "real", "source": "test"}))
    params = {"source": "events", "path": str(folder)}
    import_events.run(context(workspace, engine, AS_OF), params)


def defined(engine: Engine, experiment: Experiment = TEST) -> None:
    with engine.begin() as conn:
        create_experiment(conn, "Hero", experiment, actor=ANN, at=AS_OF, key=KEY)


def computed(workspace: Workspace, engine: Engine, as_of: datetime = AS_OF) -> Results:
    job.run(context(workspace, engine, as_of), {})
    with reader(engine).connect() as conn:
        found = read_results(conn, KEY)
    assert found is not None
    return found


def judged(found: Results) -> Judged:
    return judge_days(found.experiment, found.days, found.unknown_variations)


def days_computed(engine: Engine) -> int:
    with reader(engine).connect() as conn:
        return int(conn.scalar(select(experiment_results.c.days_computed)) or 0)


PHONE = {"context": {"device": "phone"}}
DESK = {"context": {"device": "desktop"}}
HISTORY = [
    # a1, a2 in the control; b1, b2 in b; all exposed at noon of the 1st or 2nd
    exposed(1, "2026-11-01T12:00", "a1", "a", **PHONE),
    exposed(2, "2026-11-01T12:00", "a2", "a", **DESK),
    exposed(3, "2026-11-01T12:00", "b1", "b", **PHONE),
    exposed(4, "2026-11-02T12:00", "b2", "b", **DESK),
    bought(5, "2026-10-30T09:00", "a1", 8.0),  # before: the covariate
    bought(6, "2026-10-20T09:00", "b1", 50.0),  # too long before
    bought(7, "2026-11-01T13:00", "a1", 10.0),
    bought(8, "2026-11-03T13:00", "b1", 30.0),
    bought(9, "2026-11-08T11:59", "b1", 90.0),  # just within seven days
    bought(10, "2026-11-08T12:00", "a2", 70.0),  # just outside
    track(11, "2026-11-02T12:10", "b2", "Content Viewed"),
    track(12, "2026-11-02T12:12", "b2", "Content Viewed"),
    track(13, "2026-11-02T12:13", "b2", "Content Clicked"),
    event(14, "2026-11-04T10:00", "a2"),  # a visit with a single event
    event(15, "2026-11-05T10:00", "a2"),
    event(16, "2026-11-05T10:02", "a2"),
]


def result(found: Judged, metric: str) -> Result:
    return next(r for r in found.report.results if r.metric == metric)


LEAN = replace(TEST, metrics=METRICS[:1])


@pytest.fixture
def filled(workspace: Workspace, engine: Engine, tmp_path: Path) -> Workspace:
    take_in(workspace, engine, tmp_path / "first", HISTORY)
    defined(engine, LEAN)
    return workspace


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Results:
    """All kinds of metrics at once; the engine spends its time on reading the question."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copy(migrated_sqlite, home / "store.sqlite")
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    take_in(workspace, engine, home / "first", HISTORY)
    defined(engine)
    found = computed(workspace, engine)
    engine.dispose()
    return found


def test_metrics_come_out_as_counted_by_hand(whole: Results) -> None:
    found = judged(whole)

    assert found.report.arms == {"a": 2, "b": 2}
    means = {
        r.metric: (r.plain.control.unadjusted, r.plain.arm.unadjusted) for r in found.report.results
    }
    assert means["orders"] == (0.5, 0.5)
    assert means["big orders"] == (0.0, 1.0)
    assert means["revenue"] == (5.0, 50.0)  # b1 spent 120, of which 100 count
    assert means["order value"] == (10.0, 60.0)
    assert means["ctr"][1] == 0.5
    # a: visits of a1 (one order) and of a2 (one event, then two); b: two visits and one visit
    assert means["bounces"] == pytest.approx((2 / 3, 2 / 3))
    assert means["time"][0] == 120.0
    assert means["back"] == (0.5, 0.5)  # a2 came back on the 4th, b1 on the 3rd


def test_the_covariate_is_what_was_done_in_the_days_before(whole: Results) -> None:
    cells = [c for c in whole.days["2026-11-01"]["cells"] if c[0] is None and c[3] == "revenue"]

    by_arm = {c[2]: c for c in cells}
    assert by_arm["a"][4:] == [["value", "before"], 2, [5.0, 4.0], [50.0, 40.0, 32.0]]
    assert by_arm["b"][4:] == [["value", "before"], 1, [100.0, 0.0], [0.0, 0.0, 0.0]]


def test_levels_of_a_dimension_add_up_to_the_whole(whole: Results) -> None:
    found = judged(whole)

    (orders,) = [s for s in found.report.segments if s.metric == "orders"]
    sizes = {level: (r.plain.control.n, r.plain.arm.n) for level, r in orders.levels}
    assert sizes == {"desktop": (1, 1), "phone": (1, 1)}


def test_looks_and_days_since_the_exposure_follow_the_days(whole: Results) -> None:
    found = judged(whole)

    looks = found.looks["orders"]["b"]
    assert [(look.day, look.result.plain.arm.n) for look in looks] == [
        ("2026-11-01", 1),
        ("2026-11-02", 2),
    ]
    since = dict(found.since["b"])
    assert since[0].plain.control.value == 0.5  # a1 bought within the first day
    assert since[2].plain.arm.value == 0.5  # b1 on the third
    assert since[1].plain.arm.value == 0.0


def test_a_late_event_recomputes_only_the_days_it_touches(
    filled: Workspace, engine: Engine, tmp_path: Path
) -> None:
    computed(filled, engine)
    assert days_computed(engine) == 2
    # Within seven days of the 2nd's exposures, beyond those of the 1st.
    take_in(filled, engine, tmp_path / "late", [bought(90, "2026-11-09T11:00", "b2", 40.0)])

    again = computed(filled, engine)

    assert days_computed(engine) == 1
    assert result(judged(again), "orders").plain.arm.value == 1.0


def test_nothing_new_is_told_and_left(filled: Workspace, engine: Engine) -> None:
    computed(filled, engine)

    assert job.run(context(filled, engine, AS_OF), {}).fresh


def test_another_metric_computes_all_days_anew(filled: Workspace, engine: Engine) -> None:
    computed(filled, engine)
    changed = replace(LEAN, metrics=METRICS[:2])
    with engine.begin() as conn:
        save_experiment(conn, KEY, changed, revision=1, actor=ANN, at=AS_OF)

    found = computed(filled, engine)

    assert days_computed(engine) == 2
    assert {r.metric for r in judged(found).report.results} == {"orders", "big orders"}


def test_crossover_repeats_bots_late_and_unknown_are_left_out_or_told(
    filled: Workspace, engine: Engine, tmp_path: Path
) -> None:
    late = {"receivedAt": datetime(2026, 11, 5, tzinfo=UTC)}
    robot = {"context": {"other": '{"userAgent": "Examplebot/2.1"}'}}
    more = [
        exposed(20, "2026-11-01T12:00", "x", "a"),
        exposed(21, "2026-11-03T12:00", "x", "b"),  # crossed over
        exposed(22, "2026-11-03T12:00", "a1", "a"),  # again
        exposed(23, "2026-11-01T12:00", "spider", "a", **robot),
        exposed(24, "2026-11-01T12:00", "late", "b", **late),
        exposed(25, "2026-11-01T12:00", "other", "c"),
        exposed(26, "2026-11-02T12:00", "busy", "b"),
        *(event(100 + i, "2026-11-02T12:00", "busy") for i in range(1_000)),
    ]
    take_in(filled, engine, tmp_path / "more", more)

    found = judged(computed(filled, engine))

    assert found.report.arms == {"a": 2, "b": 3}
    assert {n: found.counts[n] for n in ("crossed", "repeated", "bots", "late")} == {
        "crossed": 1,
        "repeated": 1,
        "bots": 2,
        "late": 1,
    }
    codes = {caveat.code for caveat in found.report.caveats}
    assert codes >= {"crossover", "multiple_exposure", "bots", "late_exposure", "unknown_variation"}


def test_an_exposure_that_crosses_over_later_leaves_its_first_day(
    filled: Workspace, engine: Engine, tmp_path: Path
) -> None:
    computed(filled, engine)
    take_in(filled, engine, tmp_path / "later", [exposed(30, "2026-11-20T12:00", "b1", "a")])

    found = judged(computed(filled, engine))

    assert found.report.arms == {"a": 2, "b": 1}


def test_who_was_exposed_before_logging_in_is_one_unit_with_what_follows(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    browser = {"anonymousId": "cookie", "userId": None}
    events = [
        exposed(1, "2026-11-01T12:00", "-", "b", **browser),
        event(2, "2026-11-01T12:30", "ann", type="identify", anonymousId="cookie"),
        bought(3, "2026-11-02T12:00", "ann", 10.0),
        exposed(4, "2026-11-01T12:00", "bob", "a"),
    ]
    take_in(workspace, engine, tmp_path / "first", events)
    defined(engine, LEAN)

    found = judged(computed(workspace, engine))

    assert found.report.arms == {"a": 1, "b": 1}
    assert result(found, "orders").plain.arm.value == 1.0


def test_what_happens_after_the_clock_does_not_count(filled: Workspace, engine: Engine) -> None:
    found = judged(computed(filled, engine, datetime(2026, 11, 3, tzinfo=UTC)))

    assert result(found, "orders").plain.arm.value == 0.0
    assert found.counts["open"] == 4


BY_HAND = """
WITH events AS (SELECT *, coalesce("userId", "anonymousId") AS person
                FROM read_parquet('{world}/events/*/*.parquet')),
known AS (SELECT "anonymousId" AS cookie, min("userId") AS person FROM events
          WHERE type = 'identify' GROUP BY 1 HAVING count(DISTINCT "userId") = 1),
mine AS (SELECT coalesce(known.person, events.person) AS unit, event, timestamp,
                properties.revenue AS revenue, properties.variation_id AS variation
         FROM events LEFT JOIN known ON events.person = known.cookie),
met AS (SELECT unit, min(timestamp) AS first, min(variation) AS variation FROM mine
        WHERE event = 'Experiment Viewed' GROUP BY 1),
units AS (SELECT unit, met.variation,
            coalesce(sum(revenue) FILTER (WHERE event = 'Order Completed'
              AND timestamp >= first AND timestamp < first + INTERVAL 14 DAY), 0) AS spent
          FROM met JOIN mine USING (unit) GROUP BY 1, 2)
SELECT variation, count(*), avg((spent > 0)::INT), avg(spent), var_samp(spent)
FROM units GROUP BY 1 ORDER BY 1
"""


def test_a_simulated_world_gives_what_sql_by_hand_gives(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "world"
    world = World(people=1_500, days=25, seed=5, items=300)
    write_world(world, folder, until=None, progress=lambda _share, _text: None)
    import_events.run(context(workspace, engine, AS_OF), {"source": "events", "path": str(folder)})
    experiment = replace(
        LEAN,
        variations=(Variation("control", "", 0.5), Variation("variation", "", 0.5)),
        metrics=(ConversionMetric(name="orders"), RevenueMetric(name="revenue")),
    )
    with engine.begin() as conn:
        create_experiment(conn, "Hero", experiment, actor=ANN, at=AS_OF, key="hero-banner")
    job.run(context(workspace, engine, datetime(2026, 1, 1, tzinfo=UTC)), {})
    with reader(engine).connect() as conn:
        kept = read_results(conn, "hero-banner")
    assert kept is not None
    found = judged(kept)

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    by_hand = connection.execute(BY_HAND.format(world=folder)).fetchall()
    orders, revenue = result(found, "orders").plain, result(found, "revenue").plain
    ours = [(arm, revenue.control.n if arm == "control" else revenue.arm.n) for arm, *_ in by_hand]
    assert ours == [(arm, n) for arm, n, *_ in by_hand]
    for (_, _, rate, mean, variance), order, spent in zip(
        by_hand, (orders.control, orders.arm), (revenue.control, revenue.arm), strict=True
    ):
        assert order.value == pytest.approx(rate, rel=1e-12)
        assert spent.value == pytest.approx(mean, rel=1e-12)
        assert spent.variance == pytest.approx(variance, rel=1e-9)
    assert found.report.ratio.p_value > 0.001
