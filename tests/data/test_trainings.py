"""Trainings are kept whole; of the models that they left, one is live, on the record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from data import runs
from data import trainings as kept
from data.audit import Actor
from data.definitions import publication_history
from data.engine import reader
from data.live_model import KIND, RECOMMENDER, live_model, promote, roll_back_model
from data.publications import Act
from data.steering import (
    EVERYWHERE,
    create_steering,
    live_steering,
    publish_steering,
    save_steering,
    steering_rules,
)
from kindred.errors import UserError
from kindred.recommend.steering import CapRule, DiversityRule, Steering
from tests.support.trainings import NOON, comparison, model, training

ANN = Actor("ann")
HOUR = timedelta(hours=1)


def act(hours: int = 0, why: str = "it is better") -> Act:
    return Act(ANN, NOON + hours * HOUR, why)


def save(store: Engine, *names: str, **changes: object) -> dict[str, int]:
    with store.begin() as conn:
        models = [model(name) for name in names]
        pairs = [comparison(names[0], other) for other in names[1:]]
        return kept.save_training(conn, training(**changes), models, pairs)[1]


def test_a_training_is_read_back_as_it_was_kept(store: Engine) -> None:
    ids = save(store, "hybrid", "popularity")

    with reader(store).connect() as conn:
        (row,) = kept.recent_trainings(conn)
        models = kept.models_of(conn, row.id)
        groups = kept.groups_of(conn, row.id)
        (pair,) = kept.comparisons_of(conn, row.id)
    assert (row.at, row.people, row.repeats) == (NOON, 40, True)
    assert row.warnings == ["two items have no name"]
    assert [(each.id, each.name) for each in models] == [
        (ids["hybrid"], "hybrid"),
        (ids["popularity"], "popularity"),
    ]
    assert models[0].metrics["ndcg"]["value"] == 0.3
    assert models[0].curves["ndcg"] == [[1, 0.15], [10, 0.3]]
    assert [(each.model, each.key, each.people) for each in groups][:2] == [
        ("hybrid", "high", 30),
        ("popularity", "high", 30),
    ]
    assert (pair.one, pair.other, pair.people) == ("hybrid", "popularity", 40)


def test_the_newest_training_on_the_same_inputs_is_found(store: Engine) -> None:
    save(store, "old", fingerprint="same")
    save(store, "new", fingerprint="same")
    save(store, "other", fingerprint="else")

    with reader(store).connect() as conn:
        found = kept.training_like(conn, "same")
        assert found is not None
        assert [each.name for each in kept.models_of(conn, found.id)] == ["new"]
        assert kept.training_like(conn, "unheard of") is None


def test_no_model_is_live_before_one_is_promoted(store: Engine) -> None:
    save(store, "hybrid")
    with reader(store).connect() as conn:
        assert live_model(conn, NOON) is None


def test_one_model_is_live_and_an_earlier_one_can_be_again(store: Engine) -> None:
    ids = save(store, "hybrid", "popularity")
    with store.begin() as conn:
        assert promote(conn, ids["popularity"], act()) == 1
        assert promote(conn, ids["hybrid"], act(1)) == 2
        found = live_model(conn, NOON + 2 * HOUR)
    assert found is not None
    assert (found.name, found.path, found.number) == ("hybrid", "models/hybrid", 2)
    assert found.as_of == NOON
    assert "NDCG 0.300 (0.200 to 0.400)" in found.live.sentence

    with store.begin() as conn:
        roll_back_model(conn, RECOMMENDER, 1, act(3, "complaints"))
        found = live_model(conn, NOON + 4 * HOUR)
        newest = publication_history(conn, KIND)[0]
        waiting = [run.job for run in runs.recent(conn)]
    assert found is not None
    assert (found.name, found.number) == ("popularity", 1)
    assert waiting == ["precompute"]
    assert (newest.action, newest.why, newest.actor) == ("rolled_back", "complaints", "ann")


def test_what_is_live_is_not_promoted_again(store: Engine) -> None:
    ids = save(store, "hybrid")
    with store.begin() as conn:
        promote(conn, ids["hybrid"], act())
        with pytest.raises(UserError, match="live already"):
            promote(conn, ids["hybrid"], act(1))


def test_a_model_of_which_only_figures_were_kept_is_not_promoted(store: Engine) -> None:
    with store.begin() as conn:
        _, ids = kept.save_training(conn, training(), [model("dense", path=None)])
        with pytest.raises(UserError, match="only the figures"):
            promote(conn, ids["dense"], act())
        with pytest.raises(UserError, match="There is no model 99"):
            promote(conn, 99, act())


def test_steering_goes_from_draft_to_live_with_its_sentence(store: Engine) -> None:
    first, second = Steering((CapRule("category", 2),)), Steering((DiversityRule(0.3),))
    with store.begin() as conn:
        made = create_steering(conn, "House rules", first, actor=ANN, at=NOON, key=EVERYWHERE)
        assert live_steering(conn, NOON) is None
        number = publish_steering(
            conn, EVERYWHERE, act(), revision=made.revision, evidence={"cost": 0.01}
        )
        standing = live_steering(conn, NOON + HOUR)
        assert standing is not None
        assert (number, standing.number) == (1, 1)
        assert standing.sentence == "Show at most 2 items of the same category."
        assert standing.evidence == {"cost": 0.01}

        changed = save_steering(
            conn, EVERYWHERE, second, revision=made.revision + 1, actor=ANN, at=NOON + HOUR
        )
        assert changed.draft is not None
        assert steering_rules(conn, EVERYWHERE) == second
        assert steering_rules(conn, EVERYWHERE, 1) == first
        publish_steering(conn, EVERYWHERE, act(2), revision=changed.revision)
        assert steering_rules(conn, EVERYWHERE) == second


def test_steering_without_a_key_gets_one_of_its_name_that_is_free(store: Engine) -> None:
    with store.begin() as conn:
        keys = [
            create_steering(conn, "Fish first", Steering(), actor=ANN, at=NOON).key
            for _ in range(2)
        ]
    assert keys == ["fish-first", "fish-first-2"]


def test_runs_of_lists_are_kept(store: Engine) -> None:
    ids = save(store, "hybrid")
    facts = {"as_of": NOON, "model_id": ids["hybrid"], "people": 40, "k": 50, "rewritten": 4}
    with store.begin() as conn:
        assert kept.latest_recommendation_run(conn) is None
        run = kept.save_recommendation_run(conn, run_id=None, at=NOON, fingerprint="f", **facts)
        newest = kept.latest_recommendation_run(conn)
    assert newest is not None
    assert (newest.id, newest.rewritten, newest.as_of) == (run, 4, NOON)
