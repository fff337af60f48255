"""The jobs train_recommender and precompute over a small shop with two tastes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from data.definitions import publication_history
from data.engine import reader
from data.items import catalogue_version, read_items
from data.live_model import KIND, live_model
from data.model_files import open_model, open_sample
from data.quick_recommendations import quick_answer
from data.recommendation_files import SEGMENTS, SIMILAR, UNKNOWN, look_up, part_file
from data.recommendations import Source, open_recommender
from data.trainings import latest_recommendation_run, models_of, recent_trainings
from data.workspace import Workspace
from kindred.errors import UserError
from pipelines import precompute, train_recommender
from pipelines.job import JobContext
from pipelines.report import ListReporter
from pipelines.tracking import EXPERIMENT, open_tracker
from tests.support.shop import AS_OF, fill

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


def context(workspace: Workspace, engine: Engine, hours: int = 0) -> JobContext:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(hours=hours)
    return JobContext(workspace, engine, now, AS_OF, ListReporter())


def test_nothing_to_learn_from_is_told(workspace: Workspace, engine: Engine) -> None:
    with pytest.raises(UserError, match="Nobody has looked at or bought"):
        train_recommender.run(context(workspace, engine), {})
    with pytest.raises(UserError, match="No model is live"):
        precompute.run(context(workspace, engine), {})


def test_settings_are_chosen_within_a_budget_and_told(workspace: Workspace, engine: Engine) -> None:
    fill(workspace, engine)
    for senseless in (-1, float("inf"), float("nan")):
        with pytest.raises(UserError, match="no time to choose settings in"):
            train_recommender.run(context(workspace, engine), {"budget": senseless})

    done = train_recommender.run(context(workspace, engine), {"budget": 20})

    assert done.detail["promoted"]
    client = open_tracker(workspace).client
    experiment = client.get_experiment_by_name(EXPERIMENT)
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    tuned = [run for run in runs if "trials" in run.data.metrics]
    assert {"hybrid", "als", "trending"} <= {run.info.run_name for run in tuned}
    assert max(run.data.metrics["trials"] for run in tuned) > 1
    assert all(0 <= run.data.metrics["validation_ndcg"] <= 1 for run in tuned)
    # Another budget is another training; the same one is not done twice.
    assert train_recommender.run(context(workspace, engine), {"budget": 20}).fresh


def test_from_events_to_a_live_model_and_everybody_s_list(
    workspace: Workspace, engine: Engine
) -> None:
    fill(workspace, engine)

    done = train_recommender.run(context(workspace, engine), {})

    assert done.detail["promoted"]
    assert train_recommender.run(context(workspace, engine), {}).fresh
    now = datetime.now(UTC)
    with reader(engine).connect() as conn:
        trainings = recent_trainings(conn)
        assert {training.repeats for training in trainings} == {True, False}
        models = {m.name: m for m in models_of(conn, trainings[0].id)}
        assert models["blend"].metrics["ndcg"]["value"] >= 0.9 * max(
            m.metrics["ndcg"]["value"] for m in models.values()
        )
        for model in models.values():
            numbers = [v for each in model.metrics.values() for v in each.values() if v is not None]
            assert np.isfinite(numbers).all()
            assert model.tracked
        live = live_model(conn, now)
        assert live is not None
        assert live.repeats
        items = read_items(workspace, catalogue_version(conn))
    opened = open_model(workspace, live.path)
    sample = open_sample(workspace, live.path)
    assert sample is not None
    assert len(sample.wanted) > 5

    first = precompute.run(context(workspace, engine), {})
    assert first.rows == len(opened.people)
    assert precompute.run(context(workspace, engine), {}).fresh

    asked = open_recommender(workspace, live.path, items, Source(live.name, live.number, AS_OF))
    with reader(engine).connect() as conn:
        run = latest_recommendation_run(conn)
        assert run is not None
        assert (run.people, run.model_id) == (len(opened.people), live.id)
        for person in ("p00", "p01"):
            quick = quick_answer(workspace, conn, asked, person, None, 5)
            slow = asked.person(person, None, 5)
            assert [i.item for i in quick.items] == [i.item for i in slow.items]
            taste = f"t{int(person[1:]) % 2}"
            assert sum(i.item.startswith(taste) for i in quick.items) >= 4
        unknown = part_file(conn, UNKNOWN)
        assert unknown is not None
        assert look_up(workspace, unknown, "everybody") is not None
        assert part_file(conn, SIMILAR) is not None
        assert part_file(conn, SEGMENTS) is not None
        assert len(publication_history(conn, KIND)) == 1
