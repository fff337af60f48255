"""How errors are told: the user's as they are, ours with an apology and an id."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest


def refusing() -> None:
    from dashboard.furniture import tell_error
    from kindred.errors import UserError

    tell_error(UserError("There is no run 7.", "See the list of runs.", "run"))


def failing() -> None:
    from dashboard.furniture import tell_error

    tell_error(ZeroDivisionError("a secret at /home/ann"))


def test_a_users_error_says_what_where_and_what_to_do() -> None:
    told = AppTest.from_function(refusing).run().error[0].value

    assert told == "`run`: There is no run 7.  \nSee the list of runs."


def test_a_fault_of_ours_is_logged_under_the_id_that_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        told = AppTest.from_function(failing).run().error[0].value

    fault = told.split("`")[1]
    assert "secret" not in told
    assert fault in caplog.text
    assert "ZeroDivisionError: a secret" in caplog.text
