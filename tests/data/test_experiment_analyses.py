"""Kept analyses of files and kept days, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.experiment_analyses import (
    judge_file,
    list_analyses,
    read_analysis,
    remove_analysis,
)
from data.experiment_events import Computed
from data.experiment_examples import define_simulated, keep_example
from data.experiment_results import is_fresh, known_days, read_results, result_rows, save_results
from data.experiments import list_experiments
from kindred.errors import UserError
from tests.support.experiments import hero_banner

ANN = Actor("ann")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = {"units": {"control": 2}, "counts": {"crossed": 1}, "cells": [], "since": []}


def test_the_real_example_is_kept_once_and_judged_as_from_the_file(store: Engine) -> None:
    with store.begin() as conn:
        assert keep_example(conn, actor=ANN, at=NOON)
        assert not keep_example(conn, actor=ANN, at=NOON)
    with store.connect() as conn:
        default, meetings = list_analyses(conn)

    assert default.name == "Insurance by default"
    assert default.summary.arms == {"buy": 81, "not buy": 85}
    (result,) = default.report.results
    # 354 of 683 households bought where that was the default, 300 of 727 elsewhere.
    assert result.plain.arm.unadjusted == pytest.approx(354 / 683)
    assert result.plain.control.unadjusted == pytest.approx(300 / 727)
    assert result.plain.p_value == pytest.approx(0.0021, abs=5e-5)
    assert [segment.segment for segment in meetings.report.segments] == ["literacy"]


def test_what_is_kept_gives_the_very_same_numbers(store: Engine) -> None:
    with store.begin() as conn:
        keep_example(conn, actor=ANN, at=NOON)
    with store.connect() as conn:
        kept = list_analyses(conn)[0]
        again = read_analysis(conn, kept.id)

    assert judge_file(again.summary, again.plan).as_json() == kept.report.as_json()


def test_a_removed_analysis_is_gone_and_the_example_does_not_come_back(store: Engine) -> None:
    with store.begin() as conn:
        keep_example(conn, actor=ANN, at=NOON)
        for kept in list_analyses(conn):
            remove_analysis(conn, kept.id, actor=ANN, at=NOON)
        assert not keep_example(conn, actor=ANN, at=NOON)
    with store.connect() as conn:
        assert list_analyses(conn) == []
        with pytest.raises(UserError, match="no analysis"):
            read_analysis(conn, 1)


def test_the_simulated_worlds_experiment_is_defined_once(store: Engine) -> None:
    with store.begin() as conn:
        assert define_simulated(conn, actor=ANN, at=NOON)
        assert not define_simulated(conn, actor=ANN, at=NOON)
        assert [kept.definition.key for kept in list_experiments(conn, NOON)] == ["hero-banner"]


def test_days_take_the_place_of_those_that_were_there(store: Engine) -> None:
    def save(done: Computed) -> None:
        with store.begin() as conn:
            save_results(
                conn, "hero", hero_banner(), done, run_id=None, as_of=NOON, at=NOON,
                dataset_version=3,
            )  # fmt: skip

    save(Computed({"2026-02-01": ("s1", 2, BODY), "2026-02-02": ("s2", 4, BODY)}, [], 1, NOON))
    save(Computed({"2026-02-02": ("s3", 5, BODY)}, ["2026-02-01"], 0, NOON))

    with store.connect() as conn:
        assert known_days(conn, "hero") == {"2026-02-02": "s3"}
        found = read_results(conn, "hero")
        assert result_rows(conn)["hero"].units == 5
        assert is_fresh(conn, "hero", hero_banner(), NOON, 3)
        assert not is_fresh(conn, "hero", hero_banner(), NOON, 4)
        assert not is_fresh(conn, "hero", hero_banner(alpha=0.1), NOON, 3)
    assert found is not None
    assert (found.experiment, found.days) == (hero_banner(), {"2026-02-02": BODY})
    assert (found.unknown_variations, found.last_exposure_at) == (0, NOON)
