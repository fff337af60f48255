"""Experiments: the list, results from events and from files, set-up, and an uploaded file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.experiment_data import shown_experiment
from dashboard.experiment_export import as_markdown
from data.audit import Actor
from data.experiment_events import Computed
from data.experiment_examples import SAMPLE, keep_example
from data.experiment_results import save_results
from data.experiments import create_experiment, experiment_body, list_experiments
from data.segments import create_segment
from data.workspace import declare_workspace
from kindred.experiments.definition import Belief
from kindred.experiments.metrics import ConversionMetric
from kindred.segments.rules import PropertyFilter, TraitRule
from tests.support.experiments import hero_banner
from tests.support.screens import opened, words

ANN = Actor("Ann")
NOW = datetime(2026, 3, 20, tzinfo=UTC)


def day(orders: tuple[float, float], n: int = 4_000, **counts: int) -> dict[str, Any]:
    """Give a day of exposures whose arms order at two rates."""
    cells: list[list[Any]] = []
    for arm, rate in zip(("control", "variation"), orders, strict=True):
        spread = n * rate * (1 - rate)
        upper = [spread, 0.3 * spread, spread]
        for dimension, level in ((None, None), ("device", "phone")):
            cells.append(
                [dimension, level, arm, "orders", ["value", "before"], n, [rate, 0.2], upper]
            )
        cells.append([None, None, arm, "revenue", ["value", "before"], n, [9.0, 9.0], [n, 0, n]])
        pair = ["value", "denominator"]
        cells.append([None, None, arm, "click rate", pair, n, [0.2, 1.0], [n * 0.16, 0, n]])
    since = [[0, arm, n, [n * 0.1], [n * 0.1]] for arm in ("control", "variation")]
    since += [[1, arm, n, [n * 0.05], [n * 0.05]] for arm in ("control", "variation")]
    units = {"control": n, "variation": n}
    odd: dict[str, int] = dict.fromkeys(("crossed", "repeated", "bots", "late", "open"), 0)
    return {"units": units, "counts": odd | counts, "cells": cells, "since": since}


def running(store: Engine, orders: tuple[float, float], days: int = 3, **counts: int) -> None:
    bodies = {f"2026-03-{10 + i}": (f"s{i}", 8_000, day(orders, **counts)) for i in range(days)}
    with store.begin() as conn:
        declare_workspace(
            conn, kind="simulated", source="A made-up shop", currency=None,
            clock_fixed_at=NOW, at=NOW,
        )  # fmt: skip
        create_experiment(conn, "Hero banner", hero_banner(), actor=ANN, at=NOW)
        save_results(
            conn, "hero-banner", hero_banner(), Computed(bodies, [], 0, NOW),
            run_id=None, as_of=NOW, at=NOW, dataset_version=1,
        )  # fmt: skip


@pytest.mark.usefixtures("home")
def test_an_empty_list_teaches_how_to_begin() -> None:
    app = opened("experiments")

    assert "There is no experiment yet" in words(app)
    assert [button.label for button in app.button] == ["New experiment", "Analyse a file"]


def test_the_list_gives_each_experiments_verdict(home: Engine) -> None:
    running(home, (0.20, 0.24))
    with home.begin() as conn:
        keep_example(conn, actor=ANN, at=NOW)

    app = opened("experiments")
    table = app.dataframe[0].value

    assert table["Experiment"].tolist() == [
        "Hero banner",
        "Insurance by default",
        "Intensive meetings",
    ]
    assert table["Verdict"].tolist() == ["Ship", "Ship", "Don't ship"]
    assert "3 ready to decide" in words(app)


def test_results_say_the_verdict_first_and_that_people_are_made_up(home: Engine) -> None:
    running(home, (0.20, 0.24))

    app = opened("experiment", experiment="hero-banner")

    assert app.subheader[0].value.startswith("Ship Warm banner: it lifts orders by 20")
    assert "Simulated" in words(app)
    assert "Guardrail revenue holds" in words(app)
    table = next(frame.value for frame in app.dataframe if "CUPED" in frame.value)
    assert table["Metric"].tolist() == ["orders (primary)", "revenue", "click rate"]
    assert table["Explained"][0] == "9.0\N{NO-BREAK SPACE}%"  # a correlation of .3


def test_the_method_is_switched_and_says_which_adjustment_applies(home: Engine) -> None:
    running(home, (0.20, 0.21))
    app = opened("experiment", experiment="hero-banner")
    assert "Always-valid intervals" in words(app)
    assert app.subheader[0].value.startswith("Keep running until 24 March 2026")

    app.button_group(key="method").set_value("fixed").run()

    assert "Welch's test at the planned end" in words(app)
    assert "before it, fixed tests say too much" in app.warning[0].value


def test_a_split_that_is_off_comes_before_every_result(home: Engine) -> None:
    running(home, (0.20, 0.24))
    body = day((0.2, 0.24))
    body["units"]["variation"] = 3_000
    with home.begin() as conn:
        save_results(
            conn, "hero-banner", hero_banner(), Computed({"2026-03-13": ("x", 7_000, body)}, [], 0),
            run_id=None, as_of=NOW, at=datetime.now(UTC), dataset_version=1,
        )  # fmt: skip

    app = opened("experiment", experiment="hero-banner")

    assert app.subheader[0].value.startswith("Don't read the results yet")


def test_a_kept_file_shows_the_same_screen(home: Engine) -> None:
    with home.begin() as conn:
        keep_example(conn, actor=ANN, at=NOW)

    app = opened("experiment", analysis="2")

    assert app.title[0].value == "Insurance by default"
    assert "lifts Insurance bought by 26" in app.subheader[0].value
    assert "PyPI package causaldata" in words(app)


@pytest.mark.usefixtures("home")
def test_an_experiment_that_is_not_there_is_told_so() -> None:
    app = opened("experiment", experiment="nothing")

    assert "There is no experiment “nothing”" in app.warning[0].value


def test_a_new_experiment_is_saved_under_its_name(home: Engine) -> None:
    app = opened("experiment")
    app.session_state["actor"] = "Ann"

    app.text_input(key="setup_name").set_value("Bigger buttons")
    app.text_area(key="setup_hypothesis").set_value("People see them.").run()
    app.button(key="setup_save").click().run()

    with home.connect() as conn:
        (kept,) = list_experiments(conn, NOW)
        body = experiment_body(conn, "bigger-buttons")
    assert kept.definition.name == "Bigger buttons"
    assert body.hypothesis == "People see them."
    assert [metric.name for metric in body.metrics] == ["Orders", "Revenue"]


def test_power_follows_the_sliders(home: Engine) -> None:
    app = opened("experiment")
    before = app.metric[0].delta

    app.slider(key="power_effect").set_value(20.0).run()

    def people(told: str) -> int:
        return int(told.split(maxsplit=1)[0].replace(",", ""))

    # Twice the effect takes about a quarter of the people.
    assert people(before) / people(app.metric[0].delta) == pytest.approx(4, rel=0.1)


def test_a_saved_experiment_is_not_changed_by_being_looked_at(home: Engine) -> None:
    running(home, (0.2, 0.2))

    app = opened("experiment", experiment="hero-banner", experiment_tab="Set-up")
    app.session_state["experiment_tab"] = "Set-up"
    app.run()

    assert app.button(key="setup_save").disabled
    assert not app.button(key="setup_publish").disabled


def set_up(app: AppTest) -> AppTest:
    app.session_state["actor"] = "Ann"
    app.session_state["experiment_tab"] = "Set-up"
    return app.run()


def test_a_filter_is_added_changed_and_taken_out(home: Engine) -> None:
    running(home, (0.2, 0.2))
    app = set_up(opened("experiment", experiment="hero-banner"))

    app.button(key="filter_add").click().run()
    named = next(box for box in app.selectbox if str(box.key).startswith("filter_property_"))
    named.set_value("revenue").run()
    compared = next(box for box in app.selectbox if str(box.key).startswith("filter_op_"))
    compared.set_value("gte").run()
    assert "A filter has no value" in app.error[0].value
    against = next(box for box in app.text_input if str(box.key).startswith("filter_value_"))
    against.set_value("20").run()

    assert "orders: share with “Order Completed” where revenue is at least 20" in words(app)
    app.button(key="setup_save").click().run()
    with home.connect() as conn:
        body = experiment_body(conn, "hero-banner")
    assert body.declared("orders").where == (PropertyFilter("revenue", "gte", 20),)  # type: ignore[union-attr]

    app = set_up(opened("experiment", experiment="hero-banner"))
    out = next(button for button in app.button if str(button.key).startswith("filter_out_"))
    out.click().run()
    app.button(key="setup_save").click().run()
    with home.connect() as conn:
        assert experiment_body(conn, "hero-banner").declared("orders").where == ()  # type: ignore[union-attr]


def test_a_filters_value_has_to_fit_the_property(home: Engine) -> None:
    filtered = ConversionMetric(
        name="orders", where=(PropertyFilter("category", "in", ("tea", "milk")),)
    )
    with home.begin() as conn:
        asked = hero_banner(metrics=(filtered,), guardrails=())
        create_experiment(conn, "Hero banner", asked, actor=ANN, at=NOW)
    app = set_up(opened("experiment", experiment="hero-banner"))
    assert app.button(key="setup_save").disabled  # nothing is changed by looking at it

    against = next(box for box in app.text_input if str(box.key).startswith("filter_value_"))
    assert against.value == "tea, milk"
    named = next(box for box in app.selectbox if str(box.key).startswith("filter_property_"))
    named.set_value("price").run()
    against = next(box for box in app.text_input if str(box.key).startswith("filter_value_"))
    against.set_value("cheap").run()

    assert "'cheap' is no number" in app.error[0].value


def test_a_prior_is_set_and_the_bayesian_reading_says_so(home: Engine) -> None:
    running(home, (0.20, 0.21))
    app = set_up(opened("experiment", experiment="hero-banner"))
    app.number_input(key="setup_prior_sd").set_value(1.0).run()
    assert "believed to be 0 % ± 1 % of the control" in words(app)
    app.button(key="setup_save").click().run()
    with home.begin() as conn:
        body = experiment_body(conn, "hero-banner")
        assert body.prior == Belief(0.0, 0.01)
        save_results(
            conn, "hero-banner", body, Computed({"2026-03-10": ("t", 8_000, day((0.20, 0.21)))}),
            run_id=None, as_of=NOW, at=datetime.now(UTC), dataset_version=2,
        )  # fmt: skip

    app = opened("experiment", experiment="hero-banner")
    app.button_group(key="method").set_value("bayesian").run()

    assert "Prior: the change is believed to be 0 % ± 1 % of the control" in words(app)
    table = next(frame.value for frame in app.dataframe if "CUPED" in frame.value)
    # 5 % seen with an error of 2.65 %: 1² / (1² + 2.65²) = .125 of it is left, .62 %.
    assert table["Change"][0] == "+0.6\N{NO-BREAK SPACE}%"


def test_results_by_a_segment_are_called_by_its_name(home: Engine) -> None:
    with home.begin() as conn:
        create_segment(conn, "Very important", TraitRule("age", "is_set"), actor=ANN, at=NOW,
                       key="vips")  # fmt: skip
    body = day((0.2, 0.24))
    for cell in body["cells"]:
        if cell[0] == "device":
            cell[0] = "segment:vips"
    running(home, (0.20, 0.24))
    with home.begin() as conn:
        save_results(
            conn, "hero-banner", hero_banner(), Computed({"2026-03-10": ("x", 8_000, body)}),
            run_id=None, as_of=NOW, at=datetime.now(UTC), dataset_version=1,
        )  # fmt: skip

    with home.connect() as conn:
        (kept,) = list_experiments(conn, NOW)
    shown = shown_experiment(kept)
    assert shown is not None
    assert "## By segment Very important" in as_markdown(shown, "sequential")


@pytest.mark.usefixtures("home")
def test_the_upload_page_says_what_a_file_looks_like() -> None:
    app = opened("experiment_file")

    assert "person,variation,clicked" in app.code[0].value


@pytest.mark.usefixtures("home")
def test_an_uploaded_file_is_judged_once_its_columns_are_named() -> None:
    app = opened("experiment_file")
    content = Path(SAMPLE).read_bytes()

    app.file_uploader(key="experiment_file").upload("rice.csv", content, "text/csv").run()
    app.selectbox(key="file_variation").set_value("session").run()
    app.selectbox(key="file_control_session").set_value("simple").run()

    assert not app.exception
    assert "no effect of intensive on bought is shown" in app.subheader[0].value
    assert "p = .95" in words(app)


@pytest.mark.parametrize(("crossed", "said"), [(10, "Warnings** 0"), (300, "Warnings** 1")])
def test_a_few_who_crossed_over_are_told_and_many_are_a_warning(
    home: Engine, crossed: int, said: str
) -> None:
    running(home, (0.2, 0.2), crossed=crossed)

    told = words(opened("experiment", experiment="hero-banner"))

    assert f"{3 * crossed} people met more than one variation" in told
    assert said in told


@pytest.mark.usefixtures("home")
def test_an_upload_that_is_damaged_is_told_so() -> None:
    app = opened("experiment_file")

    app.file_uploader(key="experiment_file").upload("x.csv.gz", b"\x1f\x8b\xff", "text/csv").run()

    assert not app.exception
    assert "x.csv.gz is damaged: it can't be unpacked" in app.error[0].value
