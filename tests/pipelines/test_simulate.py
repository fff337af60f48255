"""The simulated world: same seed, same bytes, and true to what it states."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from kindred.errors import UserError
from kindred.events import CATALOGUE_SCHEMA, EVENT_SCHEMA
from kindred.experiments.assignment import bucket
from kindred.simulation.days import LIFT
from kindred.simulation.population import World
from pipelines.simulate import write_world


def write(folder: Path, **changes: Any) -> Path:
    until = changes.pop("until", None)
    world = World(**{"people": 3_000, "days": 20, "seed": 11, "items": 500} | changes)
    write_world(world, folder, until=until, progress=lambda _share, _text: None)
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("world") / "w")


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def ask(world: Path, query: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name, path in (("events", "events/*/*.parquet"), ("truth", "truth.parquet")):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{world / path}')")
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones(
    world: Path, tmp_path: Path
) -> None:
    assert digest(write(tmp_path / "again")) == digest(world)
    assert digest(write(tmp_path / "other", seed=12)) != digest(world)


def test_files_are_canonical_and_hold_their_own_day(world: Path) -> None:
    days = sorted((world / "events").iterdir())
    assert len(days) == 20
    for day in days:
        for path in day.iterdir():
            table = pq.read_table(path)
            assert table.schema.equals(EVENT_SCHEMA)
            dates = {at.strftime("%Y-%m-%d") for at in table.column("timestamp").to_pylist()}
            assert dates == {day.name.removeprefix("day=")}
    assert pq.read_schema(world / "catalogue.parquet").equals(CATALOGUE_SCHEMA)


def test_messages_are_unique_and_orders_add_up(world: Path) -> None:
    assert ask(world, 'SELECT count(*) = count(DISTINCT "messageId") FROM events') == [(True,)]
    odd = ask(
        world,
        """
        SELECT count(*) FROM events
        WHERE event = 'Order Completed' AND (len(properties.products) = 0 OR abs(
            properties.revenue - list_sum(list_transform(properties.products, lambda p: p.revenue))
        ) > 0.005)
        """,
    )
    assert odd == [(0,)]


def test_everybody_in_the_events_is_in_the_truth(world: Path) -> None:
    strangers = ask(
        world,
        'SELECT count(*) FROM events WHERE "userId" NOT IN (SELECT person_id FROM truth)',
    )
    assert strangers == [(0,)]
    segments = ask(world, "SELECT count(DISTINCT micro_segment), count(*) FROM truth")
    assert segments == [(12, 3_000)]


def test_the_truth_of_a_person_is_nowhere_in_the_events(world: Path) -> None:
    names = {name for (name,) in ask(world, "SELECT DISTINCT micro_segment FROM truth")}
    text = json.dumps(
        [
            pq.read_table(p).slice(0, 500).to_pylist()
            for p in sorted((world / "events").rglob("*.parquet"))[:3]
        ],
        default=str,
    )
    assert not [name for name in names if name in text]


def test_activity_has_a_heavy_tail_and_a_week(world: Path) -> None:
    counts = np.array(
        ask(world, 'SELECT count(*) FROM events GROUP BY "anonymousId" ORDER BY 1')
    ).ravel()
    assert counts[-30:].sum() / counts.sum() > 0.03  # the first hundredth has three times its share
    assert counts.max() > 4 * np.median(counts)
    per_day = dict(
        ask(
            world,
            """
            SELECT isodow(timestamp) >= 6, count(*) / count(DISTINCT timestamp::date)
            FROM events JOIN truth ON "userId" = person_id
            WHERE micro_segment = 'weekend gardeners' GROUP BY 1
            """,
        )
    )
    assert per_day[True] > 1.5 * per_day[False]


def test_taste_follows_the_micro_segment(world: Path) -> None:
    liked = ask(
        world,
        """
        SELECT avg((properties.category IN ('pets', 'garden', 'groceries'))::int)
        FROM events JOIN truth ON "userId" = person_id
        WHERE micro_segment = 'pet people' AND event = 'Product Viewed'
        """,
    )[0][0]
    assert 0.6 < liked < 0.95


def test_the_experiment_is_assigned_by_its_hash_and_met_once(world: Path) -> None:
    met = ask(
        world,
        """
        SELECT "anonymousId", properties.variation_id, count(*)
        FROM events WHERE event = 'Experiment Viewed' GROUP BY ALL
        """,
    )
    assert {count for *_, count in met} == {1}
    for unit, variation, _ in met[:300]:
        assert (bucket("hero-banner", unit) >= 0.5) == (variation == "variation")


def test_the_experiment_has_the_effect_that_is_stated(tmp_path: Path) -> None:
    folder = write(tmp_path / "w", people=20_000, days=30, events_per_person=60)
    rows = ask(
        folder,
        """
        WITH carts AS (
            SELECT "anonymousId" AS unit, timestamp::date AS day,
                   bool_or(event = 'Order Completed')::int AS ordered
            FROM events WHERE event IN ('Product Added', 'Order Completed') GROUP BY ALL
        ), arms AS (
            SELECT "anonymousId" AS unit, any_value(properties.variation_id) AS arm
            FROM events WHERE event = 'Experiment Viewed' GROUP BY ALL
        )
        SELECT arm, avg(ordered), var_samp(ordered) / count(*) FROM carts JOIN arms USING (unit)
        GROUP BY arm ORDER BY arm
        """,
    )
    (_, control, a), (_, arm, b) = rows
    lift = arm / control - 1
    error = (a + b) ** 0.5 / control
    assert abs(lift - LIFT) < 4 * error
    assert lift > 0


def test_a_live_world_ends_when_it_is_told_to(tmp_path: Path) -> None:
    end = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    folder = write(tmp_path / "w", days=3, people=500, until=end)
    facts = json.loads((folder / "world.json").read_text())
    assert facts["clock_fixed_at"] is None
    assert facts["kind"] == "simulated"
    last = ask(folder, "SELECT epoch(max(timestamp)) FROM events")[0][0]
    assert end.timestamp() - 3_600 < last < end.timestamp()


def test_what_makes_no_world_is_refused(tmp_path: Path, world: Path) -> None:
    for change in ({"people": 0}, {"days": 0}, {"seed": -1}, {"events_per_person": 0.0}):
        with pytest.raises(UserError):
            write(tmp_path / "no", **change)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("dear")
    with pytest.raises(UserError, match="not empty"):
        write(tmp_path / "full")
    assert (tmp_path / "full" / "thesis.txt").read_text() == "dear"


@pytest.mark.parametrize("month", [1, 7])
def test_the_events_asked_for_come_whatever_the_season(tmp_path: Path, month: int) -> None:
    until = datetime(2025, month, 15, tzinfo=UTC)
    folder = write(tmp_path / "w", people=4_000, days=30, events_per_person=40.0, until=until)
    events = json.loads((folder / "world.json").read_text())["events"]
    assert events / 4_000 == pytest.approx(40.0, rel=0.05)
