"""Screens run in this process: what each says of an empty workspace, and of one with people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert
from streamlit.testing.v1 import AppTest

from dashboard.furniture import command
from data import runs, schema
from data.audit import Actor
from data.runs import Status
from data.workspace import Workspace
from tests.support.screens import ROOT, opened, words
from tests.support.synthetic_map import build

PAGES = (
    "overview",
    "explore",
    "person",
    "segments",
    "segment",
    "publications",
    "data",
    "runs",
    "settings",
)
ANN = Actor("ann")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace_is_no_error(page: str) -> None:
    assert opened(page).title[0].value == page.capitalize()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("page", ["overview", "person", "explore", "segments", "segment"])
def test_an_empty_screen_teaches_the_next_step(page: str) -> None:
    app = opened(page)

    assert command("python -m pipelines import completejourney") in [c.value for c in app.code]


def test_overview_tells_how_many_and_how_fresh_and_that_people_are_made_up(
    home: Engine, workspace: Workspace
) -> None:
    build(workspace, home, 500)

    app = opened("overview")

    assert app.metric[0].label == "People"
    assert app.metric[0].value == "500"
    assert "Simulated" in words(app)
    assert "as of 23 Nov 2026" in words(app)
    assert all(metric.help for metric in app.metric)


def test_a_person_is_compared_with_everyone_in_words(home: Engine, workspace: Workspace) -> None:
    build(workspace, home, 500)

    app = opened("person", person="p0000007")

    assert app.subheader[0].value == "p0000007"
    assert "of people" in words(app)
    assert "cluster **" in words(app)


def test_an_unknown_person_is_told_so_and_others_are_offered(
    home: Engine, workspace: Workspace
) -> None:
    build(workspace, home, 500)

    app = opened("person", person="nobody")

    assert "There is nobody whose id is or begins with “nobody”" in app.warning[0].value
    assert len(app.button) == 12


def test_a_prefix_offers_those_who_begin_so(home: Engine, workspace: Workspace) -> None:
    build(workspace, home, 500)

    app = opened("person", person="p000012")

    assert not app.warning
    assert len(app.button) == 10


def test_asking_for_a_run_queues_it_once(home: Engine) -> None:
    app = opened("runs")

    app.button(key="run_traits").click().run()
    app.button(key="run_traits").click().run()

    with home.connect() as conn:
        assert [(run.job, run.status) for run in runs.recent(conn)] == [("traits", "queued")]


def test_a_waiting_run_is_cancelled_by_its_button(home: Engine) -> None:
    with home.begin() as conn:
        run_id = runs.enqueue(conn, "traits", {}, actor=ANN, at=datetime.now(UTC))

    opened("runs").button(key=f"cancel_{run_id}").click().run()

    with home.connect() as conn:
        assert runs.run(conn, run_id).status == Status.CANCELLED


def test_a_run_that_nobody_takes_says_that_there_is_no_worker(home: Engine) -> None:
    with home.begin() as conn:
        runs.enqueue(conn, "traits", {}, actor=ANN, at=datetime(2026, 1, 1, tzinfo=UTC))

    assert "No worker is running" in opened("runs").warning[0].value


def test_a_failed_run_tells_its_error_and_is_tried_again(home: Engine) -> None:
    now = datetime.now(UTC)
    with home.begin() as conn:
        run_id = runs.enqueue(conn, "clusters", {}, actor=ANN, at=now)
        runs.take(conn, "worker", at=now)
        runs.finish(conn, run_id, Status.FAILED, at=now, error="There are too few people.")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()

    app = app.switch_page("pages/runs.py").run()
    assert app.error[0].value == "There are too few people."
    app.button(key=f"retry_{run_id}").click().run()

    with home.connect() as conn:
        assert runs.recent(conn)[0].retry_of == run_id


def test_rows_that_an_import_set_aside_are_shown_with_their_reason(home: Engine) -> None:
    now = datetime.now(UTC)
    counts = {"rows_read": 10, "events_added": 8, "duplicates": 0, "rejected": 2}
    with home.begin() as conn:
        conn.execute(
            insert(schema.imports).values(id=1, source="shop", fingerprint="f", at=now, **counts)
        )
        conn.execute(
            insert(schema.rejections).values(
                import_id=1, reason="no timestamp", count=2, example='{"event": "x"}'
            )
        )

    app = opened("data")

    assert app.dataframe[-1].value["Reason"].tolist() == ["no timestamp"]
    assert app.dataframe[-1].value["Rows"].tolist() == [2]
