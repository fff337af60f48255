"""Results by told traits, clusters and published segments: each as of the exposure, by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.clusters import FoundCluster, FoundRun, save_run, write_map
from data.experiment_results import read_results
from data.experiments import create_experiment, save_experiment
from data.publications import Act
from data.segments import create_segment, publish_segment
from data.traits import latest_run
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.experiments.definition import checked
from kindred.experiments.judged import judge_days
from kindred.segments import rules as r
from pipelines import compute_traits, import_events
from pipelines import experiment_levels as levels
from pipelines import experiment_results as job
from tests.data.test_experiment_events import AS_OF, HISTORY, KEY, LEAN, bought
from tests.support.events import NOW, context, event, write_events

ANN = Actor("ann")


def told(number: int, at: str, person: str, **traits: Any) -> dict[str, Any]:
    return event(number, at, person, type="identify", traits=json.dumps(traits))


MORE = [
    bought(30, "2026-10-12T09:00", "a2", 5.0),
    told(31, "2026-10-20T09:00", "a1", plan="free", age=20),
    told(32, "2026-11-01T12:01", "a1", plan="pro"),  # after the exposure: not known then
    told(33, "2026-11-01T12:00", "b1", plan="pro", age=30),  # at it
    told(34, "2026-11-02T09:00", "b2", plan="free", age=40),
]


def take_in(workspace: Workspace, engine: Engine, folder: Path, events: Sequence[Any]) -> None:
    write_events(folder / "events" / "part.parquet", events)
    (folder / "world.json").write_text(json.dumps({"kind": "real", "source": "test"}))
    params = {"source": "events", "path": str(folder)}
    import_events.run(context(workspace, engine, AS_OF), params)


@pytest.fixture
def filled(store_workspace: Workspace, store: Engine, tmp_path: Path) -> Workspace:
    take_in(store_workspace, store, tmp_path / "first", [*HISTORY, *MORE])
    compute_traits.run(context(store_workspace, store, AS_OF), {})
    return store_workspace


def by(workspace: Workspace, engine: Engine, *dimensions: str) -> dict[str, dict[str, Any]]:
    """Define the experiment, compute it, and give units of a and b by level."""
    asked = replace(LEAN, dimensions=dimensions)
    with engine.begin() as conn:
        create_experiment(conn, "Hero", asked, actor=ANN, at=AS_OF, key=KEY)
    job.run(context(workspace, engine, AS_OF), {})
    return sizes(engine)


def sizes(engine: Engine) -> dict[str, dict[str, Any]]:
    with engine.connect() as conn:
        found = read_results(conn, KEY)
    assert found is not None
    report = judge_days(found.experiment, found.days).report
    return {
        one.segment: {
            level: (result.plain.control.n, result.plain.arm.n) for level, result in one.levels
        }
        for one in report.segments
    }


def test_a_told_trait_is_the_last_one_told_by_the_exposure(
    filled: Workspace, store: Engine
) -> None:
    found = by(filled, store, "trait:plan", "trait:never told", "device")

    assert found["trait:plan"] == {"free": (1, 1), "pro": (0, 1), "(none)": (1, 0)}
    assert found["trait:never told"] == {"(none)": (2, 2)}
    assert found["device"] == {"desktop": (1, 1), "phone": (1, 1)}


def test_many_numbers_are_cut_at_their_quartiles(
    store_workspace: Workspace, store: Engine, tmp_path: Path
) -> None:
    people = [f"p{i}" for i in range(16)]
    events = [told(100 + i, "2026-10-20T09:00", p, age=20 + i) for i, p in enumerate(people)]
    for i, person in enumerate(people):
        exposure = {"experiment_id": KEY, "variation_id": "ab"[i % 2]}
        more = {"type": "track", "event": "Experiment Viewed", "properties": exposure}
        events.append(event(200 + i, "2026-11-01T12:00", person, **more))
    take_in(store_workspace, store, tmp_path / "ages", events)

    found = by(store_workspace, store, "trait:age")

    # Quartiles 23.75, 27.5 and 31.25 come to 24, 28 (27.5 rounds to even) and 31.
    assert found["trait:age"] == {
        "under 24": (2, 2),
        "24 to under 28": (2, 2),
        "28 to under 31": (2, 1),
        "31 and over": (2, 3),
    }


def test_a_segment_is_asked_as_of_the_monday_before_the_exposure(
    filled: Workspace, store: Engine
) -> None:
    publish(store, "rich", r.TraitRule("monetary", "gte", 10))
    publish(store, "lately", r.EventRule("Order Completed", within="P14D"))

    found = by(filled, store, "segment:rich", "segment:lately", "segment:gone")

    # Exposed on Sunday the 1st, so as of 26 October: b1 had spent 50, a2 5, a1 had told but not
    # bought. b2, exposed on Monday the 2nd at noon, told that morning, after midnight. What a1
    # bought later does not count.
    assert found["segment:rich"] == {"in": (0, 1), "not in": (2, 0), "(not known then)": (0, 1)}
    assert found["segment:lately"] == {"in": (1, 1), "not in": (1, 0), "(not known then)": (0, 1)}
    assert found["segment:gone"] == {"(not known then)": (2, 2)}
    kept = filled.lake / levels.EXPERIMENT_LEVELS
    assert len(list(kept.iterdir())) == 4  # two segments in two weeks; traits are gone


def publish(store: Engine, key: str, rule: Any, at: datetime = AS_OF) -> None:
    with store.begin() as conn:
        made = create_segment(conn, key.title(), rule, actor=ANN, at=at, key=key)
        publish_segment(conn, key, Act(ANN, at, "because"), revision=made.revision)


def test_levels_that_were_found_stay_when_older_events_come_in(
    filled: Workspace, store: Engine, tmp_path: Path
) -> None:
    publish(store, "rich", r.TraitRule("monetary", "gte", 10))
    before = by(filled, store, "segment:rich")
    take_in(filled, store, tmp_path / "late", [bought(90, "2026-10-01T09:00", "a1", 900.0)])

    job.run(context(filled, store, AS_OF), {})

    assert sizes(store) == before


def test_a_segment_that_is_published_later_brings_results_up_to_date(
    filled: Workspace, store: Engine
) -> None:
    assert by(filled, store, "segment:rich")["segment:rich"] == {"(not known then)": (2, 2)}
    assert job.run(context(filled, store, AS_OF), {}).fresh
    later = NOW + timedelta(hours=1)
    publish(store, "rich", r.TraitRule("monetary", "gte", 10), later)

    again = replace(context(filled, store, AS_OF), now=later)
    assert not job.run(again, {}).fresh
    assert job.run(again, {}).fresh
    assert sizes(store)["segment:rich"]["in"] == (0, 1)


def test_a_cluster_is_that_of_the_last_run_before_the_exposure(
    filled: Workspace, store: Engine
) -> None:
    names = ["a1", "a2", "b1", "b2"]
    clustered(filled, store, datetime(2026, 10, 31, tzinfo=UTC), names[:3], [0, -1, 0])
    clustered(filled, store, datetime(2026, 11, 2, tzinfo=UTC), names, [1, 1, 1, 1])
    clustered(filled, store, AS_OF, names, [0, 0, 0, 0])  # after all exposures

    found = by(filled, store, "clusters")

    assert found["clusters"] == {
        "Bargain hunters": (1, 1),
        "Regulars": (0, 1),  # b2, exposed on the 2nd
        "(noise)": (1, 0),
    }


def clustered(
    workspace: Workspace, engine: Engine, as_of: datetime, people: list[str], labels: list[int]
) -> None:
    path = workspace.lake / "map" / f"{as_of:%Y%m%d}.parquet"
    ids, place = pa.chunked_array([pa.array(people)]), np.zeros((len(people), 2), np.float32)
    write_map(path, ids, place, np.array(labels, np.int32))
    with engine.begin() as conn:
        traits = latest_run(conn)
        assert traits is not None
        run = FoundRun(
            None, as_of, as_of, traits.id, "hdbscan", {}, [], len(people), len(people),
            (0.0, 1.0, 0.0, 1.0), f"{as_of}",
        )  # fmt: skip
        found = [
            FoundCluster(label, 1, 0.5, 0.0, name, "", (0.0, 1.0, 0.0, 1.0), [])
            for label, name in ((0, "Bargain hunters"), (1, "Regulars"))
        ]
        save_run(workspace, conn, run, path, found, {})


def test_what_is_no_dimension_is_refused() -> None:
    for dimensions, words in (
        (("colour",), "can't be given by 'colour'"),
        (("trait:",), "trait:NAME or segment:KEY"),
        (("device", "device"), "named twice"),
        (tuple(f"trait:{i}" for i in range(13)), "13 dimensions"),
    ):
        with pytest.raises(UserError, match=words):
            checked(replace(LEAN, dimensions=dimensions))


def test_another_dimension_computes_all_days_anew(filled: Workspace, store: Engine) -> None:
    by(filled, store, "device")
    changed = replace(LEAN, dimensions=("trait:plan",))
    with store.begin() as conn:
        save_experiment(conn, KEY, changed, revision=1, actor=ANN, at=AS_OF)
    job.run(context(filled, store, AS_OF), {})

    assert set(sizes(store)) == {"trait:plan"}
