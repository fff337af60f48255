"""Data and Settings: what came in is told and adds up; keys are made, shown once, and ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard.furniture import command
from data.api_keys import Scope, create_key, find_key, list_keys, recognise, valid_keys
from data.audit import Actor, history
from data.collect_log import Frame, Refused, Segment, encode_frame, log_folder
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace
from kindred.intake import Event
from kindred.segments.durations import micros
from pipelines.deliver import Deliverer
from tests.support.screens import opened, well, words

ANN = Actor("ann")


@pytest.fixture
def home(workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv(HOME_VARIABLE, str(workspace.home))
    monkeypatch.setenv(STORE_VARIABLE, workspace.store_url)
    yield engine
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def collected(home: Engine, workspace: Workspace) -> str:
    """Six events of the last hour: three good, one sent twice, two refused; all delivered."""
    now = datetime.now(UTC)
    with home.begin() as conn:
        key, _ = create_key(conn, "Shop", {Scope.COLLECT}, actor=ANN, at=now)
    at = micros(now - timedelta(minutes=1))
    events = [Event(f"m{n % 3}", "page", "u1", None, at, None) for n in range(4)]
    refused = [Refused("it names nobody", '{"event": "x"}')] * 2
    segment = Segment(log_folder(workspace))
    segment.append([encode_frame(Frame(key.public_id, at, events, refused))])
    segment.close()
    deliverer = Deliverer(workspace, home)
    deliverer.open()
    deliverer.builds.look()
    while deliverer.builds.candidate is not None or deliverer.pump():
        deliverer.pump()
    deliverer.move()
    deliverer._pulse()
    deliverer.close()
    return key.public_id


def test_an_empty_workspace_is_told_how_data_comes_in(home: Engine) -> None:
    codes = [code.value for code in opened("data").code]
    assert command("python -m pipelines keys create shop --scope collect") in codes


def test_what_came_in_is_told_and_adds_up(collected: str) -> None:
    app = opened("data")
    numbers = {metric.label: int(metric.value) for metric in app.metric}
    assert numbers == {"Received, 24 h": 6, "Added": 3, "Sent before": 1, "Refused": 2}
    assert "**3 events** are in the lake" in words(app)
    assert "2 (33\N{NO-BREAK SPACE}%) were refused" in words(app)
    assert "all delivered just now" in words(app)
    by_key, refusals = app.dataframe
    assert by_key.value["Key"].tolist() == ["Shop"]
    assert refusals.value["Reason"].tolist() == ["it names nobody"]
    assert refusals.value["Events"].tolist() == [2]
    assert refusals.value["Example"].tolist() == ['{"event": "x"}']


def keys_in_dialogs(which: str, key: str = "") -> None:
    import streamlit

    from dashboard import key_board
    from dashboard.store import reading
    from data.api_keys import find_key

    if which == "make" and key_board.FRESH not in streamlit.session_state:
        key_board.make_dialog()
    elif which == "make" or key_board.FRESH in streamlit.session_state:
        key_board.head()
    else:
        with reading() as conn:
            found = find_key(conn, key)
        {"rotate": key_board.rotate_dialog, "revoke": key_board.revoke_dialog}[which](found)


def dialog(which: str, key: str = "") -> AppTest:
    app = AppTest.from_function(keys_in_dialogs, args=(which, key), default_timeout=30)
    return well(app.run())


def test_a_key_is_made_shown_once_and_kept_as_a_digest(home: Engine) -> None:
    assert "There is no key yet" in words(opened("settings"))
    app = dialog("make")
    app.text_input(key="key_name").set_value("Shop")
    app.text_input(key="actor_name").set_value("Ann")
    app = well(app.button(key="key_make").click().run())
    token = next(code.value for code in app.code if code.value.startswith("kd_"))
    with home.connect() as conn:
        known = valid_keys(conn, datetime.now(UTC))
        (said,) = history(conn, f"key:{find_key(conn, 'Shop').public_id}")
    assert recognise(known, token, datetime.now(UTC)) is not None
    assert (said.actor, said.action) == ("Ann", "key.created")
    again = opened("settings")
    assert not any(code.value.startswith("kd_") for code in again.code)
    assert again.dataframe[0].value["Name"].tolist() == ["Shop"]


def test_a_public_page_can_not_be_given_a_key_to_people(home: Engine) -> None:
    app = dialog("make")
    app.text_input(key="key_name").set_value("Shop")
    app.text_input(key="actor_name").set_value("Ann")
    app.button_group(key="key_scopes").set_value([Scope.READ])
    app.toggle(key="key_browser").set_value(True)
    app = app.button(key="key_make").click().run()
    assert "browser's key is public" in app.error[0].value
    with home.connect() as conn:
        assert list_keys(conn) == []


def test_nobody_makes_a_key_without_a_name(home: Engine) -> None:
    app = dialog("make")
    app.text_input(key="key_name").set_value("Shop")
    app = app.button(key="key_make").click().run()
    assert "Say who you are" in app.error[0].value
    with home.connect() as conn:
        assert list_keys(conn) == []


def test_a_key_is_rotated_and_revoked(home: Engine, collected: str) -> None:
    assert {f"rotate_{collected}", f"revoke_{collected}"} <= {
        str(button.key) for button in opened("settings").button
    }
    app = dialog("rotate", collected)
    app.text_input(key="actor_name").set_value("Ann")
    app = well(app.button(key="key_rotate").click().run())
    assert any(code.value.startswith("kd_") for code in app.code)
    with home.connect() as conn:
        new, old = list_keys(conn)
    assert old.expires_at is not None
    assert old.valid(datetime.now(UTC))
    app = dialog("revoke", new.public_id)
    app.text_input(key="actor_name").set_value("Ann")
    app.button(key="key_revoke").click().run()
    with home.connect() as conn:
        assert find_key(conn, new.public_id).revoked_by == "Ann"
