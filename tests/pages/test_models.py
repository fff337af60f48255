"""Models in this process: what it says before any training, and of a leaderboard."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.furniture import command
from data.live_model import live_model, promote
from data.publications import Act
from data.trainings import save_training
from tests.pages.test_screens import ANN
from tests.support.screens import opened, well, words
from tests.support.trainings import NOON, comparison, interval, model, training


def filled(home: Engine, **changes: object) -> dict[str, int]:
    extra = {"coverage": interval(0.4), "popularity_bias": interval(2.0)}
    models = [
        model("popularity", 0.2, metrics={"ndcg": interval(0.2), **extra}),
        model("hybrid", 0.4, metrics={"ndcg": interval(0.4), **extra}),
        model("ease", 0.3, path=None, scope="the 10,000 items most bought"),
    ]
    pairs = [comparison("hybrid", "popularity", 0.2), comparison("hybrid", "ease", 0.02)]
    with home.begin() as conn:
        return save_training(conn, training(**changes), models, pairs)[1]


@pytest.mark.usefixtures("home")
def test_before_any_training_it_teaches_how_to_train() -> None:
    shown = [code.value for code in opened("models").code]
    assert shown == [command("python -m pipelines train_recommender")]


def test_the_verdict_says_who_leads_by_how_much_and_whether_it_is_chance(home: Engine) -> None:
    ids = filled(home)
    with home.begin() as conn:
        promote(conn, ids["popularity"], Act(ANN, NOON, "first"))

    app = opened("models")

    said = words(app)
    assert "**Popularity** of training 1 is live" in said
    assert "**Hybrid** leads with NDCG@10 0.40, 2 times popularity, and that is not chance" in said
    assert "EASE) is as good, as far as these people can tell" in said
    assert app.warning[0].value == "two items have no name"
    listed = app.dataframe[0].value
    assert listed["Model"].tolist() == ["Hybrid", "Items explain items (EASE)", "Popularity"]
    assert listed["State"].tolist() == ["kept", "figures only", "live"]
    assert listed["Covers"][1] == "the 10,000 items most bought"


def promoting() -> None:
    from dashboard.model_data import read_models
    from dashboard.model_promote import propose

    seen = read_models(None)
    assert seen is not None
    propose(seen, seen.models[-1])


def test_promoting_says_what_changes_and_keeps_who_and_why(home: Engine) -> None:
    ids = filled(home)
    with home.begin() as conn:
        promote(conn, ids["hybrid"], Act(ANN, NOON, "first"))
    app = well(AppTest.from_function(promoting).run())
    assert "It is worse than the live one" in words(app)
    assert "-0.200 NDCG@10" in words(app)

    app.text_input(key="actor_name").input("Bo")
    app.text_input(key="publishing_why").input("cheaper")
    app.button(key="publishing_publish").click().run()

    with home.connect() as conn:
        found = live_model(conn, datetime.now(UTC))
    assert found is not None
    assert (found.id, found.live.actor, found.live.why) == (ids["popularity"], "Bo", "cheaper")


def test_a_picked_model_is_offered(home: Engine) -> None:
    filled(home)
    app = opened("models")
    app.session_state["models_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}

    assert well(app.run()).button(key="promote").label == "Let Hybrid be live"


def test_a_model_without_arrays_is_not_offered(home: Engine) -> None:
    filled(home)
    app = opened("models")
    app.session_state["models_table"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    app.run()

    assert "only the figures were kept" in words(app)
    assert "promote" not in {button.key for button in app.button}


def test_the_other_mode_s_training_is_one_click_away(home: Engine) -> None:
    filled(home)
    filled(home, repeats=False, people=17)

    app = opened("models", mode="Also what was bought before")
    assert app.metric[0].value == "40"
    assert opened("models", mode="Only what was not").metric[0].value == "17"


def test_asking_for_a_training_queues_it_once(home: Engine) -> None:
    from data import runs

    app = opened("models")
    app.session_state["actor"] = "ann"
    app.button(key="train").click().run()
    app.button(key="train").click().run()

    with home.connect() as conn:
        assert [run.job for run in runs.recent(conn)] == ["train_recommender"]
