"""Experiments in the store: from draft to live, and what serving is told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.experiments import (
    create_experiment,
    experiment_body,
    list_experiments,
    live_experiments,
    publish_experiment,
    save_experiment,
)
from data.publications import Act, Terms, withdraw
from kindred.errors import UserError
from tests.support.experiments import hero_banner

ANN = Actor("ann")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def begun(store: Engine) -> int:
    with store.begin() as conn:
        made = create_experiment(conn, "Hero banner", hero_banner(), actor=ANN, at=NOON)
    return made.revision


def published(store: Engine, terms: Terms | None = None) -> None:
    revision = begun(store)
    with store.begin() as conn:
        act = Act(ANN, NOON, "to learn")
        publish_experiment(conn, "hero-banner", act, revision=revision, terms=terms)


def test_a_draft_hands_out_nothing(store: Engine) -> None:
    begun(store)

    with store.connect() as conn:
        assert live_experiments(conn, NOON) == []
        assert [kept.status(NOON) for kept in list_experiments(conn, NOON)] == ["draft"]


def test_what_is_published_is_what_serving_is_told(store: Engine) -> None:
    published(store)

    with store.connect() as conn:
        (live,) = live_experiments(conn, NOON)

    assert (live.key, live.name, live.number) == ("hero-banner", "Hero banner", 1)
    assert live.experiment == hero_banner()


def test_it_hands_out_nothing_outside_of_its_terms(store: Engine) -> None:
    published(store, Terms(valid_from=NOON + timedelta(days=1)))

    with store.connect() as conn:
        assert live_experiments(conn, NOON) == []
        assert len(live_experiments(conn, NOON + timedelta(days=2))) == 1


def test_it_is_running_then_over_then_ended(store: Engine) -> None:
    published(store)
    with store.connect() as conn:
        (kept,) = list_experiments(conn, NOON)
    with store.begin() as conn:
        withdraw(conn, "experiment", "hero-banner", Act(ANN, NOON, "decided"))
    with store.connect() as conn:
        (after,) = list_experiments(conn, NOON)

    assert kept.status(NOON + timedelta(days=13)) == "running"
    assert kept.status(NOON + timedelta(days=14)) == "over"
    assert after.status(NOON) == "ended"
    assert after.experiment == hero_banner()


def test_a_draft_beside_what_is_live_changes_nothing_that_is_handed_out(store: Engine) -> None:
    published(store)
    changed = hero_banner(coverage=0.5)
    with store.begin() as conn:
        save_experiment(conn, "hero-banner", changed, revision=2, actor=ANN, at=NOON)

    with store.connect() as conn:
        assert live_experiments(conn, NOON)[0].experiment == hero_banner()
        assert experiment_body(conn, "hero-banner") == changed


def test_a_cohort_has_to_be_live(store: Engine) -> None:
    with store.begin() as conn:
        among = hero_banner(cohort="vips")
        made = create_experiment(conn, "Hero banner", among, actor=ANN, at=NOON)

    with pytest.raises(UserError, match="uses the segment “vips”"), store.begin() as conn:
        publish_experiment(conn, made.key, Act(ANN, NOON, "try"), revision=made.revision)


def test_what_could_not_be_read_again_is_not_kept(store: Engine) -> None:
    broken = hero_banner(coverage=2.0)

    with pytest.raises(UserError, match="no share"), store.begin() as conn:
        create_experiment(conn, "Hero banner", broken, actor=ANN, at=NOON)
    with store.connect() as conn:
        assert list_experiments(conn, NOON) == []
