"""Publications: what is live of every kind is listed, and dialogs change it with who and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from data import audit, runs
from data.audit import Actor
from data.definitions import create, definition, publication_history, save
from data.publications import Act, Terms, live, publish
from data.workspace import Workspace
from tests.support.screens import opened, well, words
from tests.support.synthetic_map import build

ANN = Actor("ann")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
YOUNG: Mapping[str, Any] = {"kind": "trait", "trait": "age", "op": "lt", "value": 30}
YOUNGER: Mapping[str, Any] = {"kind": "trait", "trait": "age", "op": "lt", "value": 20}


def publish_one(
    store: Engine,
    key: str,
    body: Mapping[str, Any],
    *,
    kind: str = "segment",
    uses: tuple[tuple[str, str], ...] = (),
    terms: Terms | None = None,
) -> None:
    with store.begin() as conn:
        revision = create(conn, kind, key, key.title(), body, actor=ANN, at=NOON).revision
        act = Act(ANN, NOON, "first try")
        told = f"Those who are {key}."
        publish(conn, kind, key, act, revision=revision, sentence=told, uses=uses, terms=terms)


def publish_again(store: Engine, key: str, body: Mapping[str, Any]) -> None:
    with store.begin() as conn:
        now = definition(conn, "segment", key).revision
        saved = save(conn, "segment", key, revision=now, actor=ANN, at=NOON, draft=body)
        act = Act(ANN, NOON + timedelta(hours=1), "too many")
        publish(conn, "segment", key, act, revision=saved.revision, sentence="Still younger.")


@pytest.mark.usefixtures("home")
def test_with_nothing_published_the_screen_says_what_belongs_there() -> None:
    assert "Begin with a segment" in words(opened("publications"))


def test_what_is_live_of_every_kind_is_listed_with_its_terms(home: Engine) -> None:
    publish_one(home, "young", YOUNG)
    publish_one(home, "ranker", {"factors": 32}, kind="model")
    until = Terms(valid_until=NOON + timedelta(hours=1), browser=True)
    publish_one(home, "sale", YOUNG, terms=until)

    app = opened("publications")

    table = app.dataframe[0].value.set_index("Name")
    assert table["State"].to_dict() == {"Ranker": "Live", "Sale": "Expired", "Young": "Live"}
    assert table["Valid"]["Sale"] == "until 23 Nov 2026, 13:00 UTC"
    assert table["Browsers"].to_dict() == {"Ranker": False, "Sale": True, "Young": False}
    assert "1 model and 1 segment live now" in words(app)
    assert "1 more stand" in words(app)


def test_two_versions_differ_in_sentences(home: Engine) -> None:
    publish_one(home, "young", YOUNG)
    publish_again(home, "young", YOUNGER)
    app = opened("publications")

    app.session_state["publications_live"] = {"selection": {"rows": [0], "columns": []}}
    app = well(app.run())

    assert "Changed: “whose age is less than 30” → “whose age is less than 20”" in words(app)
    assert "Version 2" in words(app)


def rolling_back() -> None:
    from dashboard.publishing import roll_back_dialog

    roll_back_dialog("segment", "young", "Young", 1)


def withdrawing() -> None:
    from dashboard.publishing import withdraw_dialog

    withdraw_dialog("segment", "young", "Young")


def test_rolling_back_says_what_changes_and_keeps_who_and_why(
    home: Engine, workspace: Workspace
) -> None:
    build(workspace, home, 60)
    publish_one(home, "young", YOUNG)
    publish_again(home, "young", YOUNGER)
    app = well(AppTest.from_function(rolling_back).run())
    assert "Changed: “whose age is less than 20” → “whose age is less than 30”" in words(app)

    app.text_input(key="actor_name").input("Bo")
    app.text_input(key="publishing_why").input("too few")
    app.button(key="publishing_back").click().run()

    with home.connect() as conn:
        assert [found.number for found in live(conn, "segment", datetime.now(UTC))] == [1]
        newest = publication_history(conn)[0]
        assert (newest.action, newest.actor, newest.why) == ("rolled_back", "Bo", "too few")
        assert not audit.history(conn)[0].verified
        assert [run.job for run in runs.recent(conn)] == ["memberships"]


def test_an_act_without_a_name_or_a_reason_is_not_done(home: Engine) -> None:
    publish_one(home, "young", YOUNG)
    app = AppTest.from_function(withdrawing).run()

    app = app.button(key="publishing_withdraw").click().run()
    assert "who you are" in app.error[0].value
    app.text_input(key="actor_name").input("Bo")
    app = app.button(key="publishing_withdraw").click().run()

    assert "Say why" in app.error[0].value
    with home.connect() as conn:
        assert live(conn, "segment", datetime.now(UTC))


def test_what_others_use_is_not_withdrawn_and_they_are_named(home: Engine) -> None:
    publish_one(home, "young", YOUNG)
    publish_one(home, "idle", YOUNGER, uses=(("segment", "young"),))

    app = AppTest.from_function(withdrawing).run()

    assert "Idle" in app.error[0].value
    assert not app.button


def test_what_was_withdrawn_can_be_looked_at_and_brought_back(home: Engine) -> None:
    publish_one(home, "young", YOUNG)
    app = AppTest.from_function(withdrawing).run()
    app.text_input(key="actor_name").input("Bo")
    app.text_input(key="publishing_why").input("over")
    app.button(key="publishing_withdraw").click().run()

    app = opened("publications")
    app = well(app.pills(key="publications_withdrawn").select(("segment", "young")).run())

    assert "Nothing of it is live." in words(app)
    assert "“over”" in words(app)
    assert app.button(key="versions_back_1").label == "Roll back …"


@pytest.mark.parametrize("kind", ["segment", "steering", "model", "experiment", "other"])
def test_every_kind_shows_its_versions_and_leads_to_where_it_is_decided(
    home: Engine, kind: str
) -> None:
    publish_one(home, "young", YOUNG, kind=kind)
    app = opened("publications")

    app.session_state["publications_live"] = {"selection": {"rows": [0], "columns": []}}
    app = well(app.run())

    assert "Those who are young." in words(app)
    assert bool(app.get("page_link")) == (kind != "other")
