"""Person: which segments somebody is in, since when and why; and all that happened to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from data.audit import Actor
from data.lake import commit_files
from data.membership_files import MEMBERSHIPS, Writer, compare
from data.publications import Act
from data.segments import create_segment, publish_segment
from data.workspace import Workspace
from kindred.segments.parse import read_rule
from tests.support.screens import opened, well, words
from tests.support.synthetic_map import build

ANN, NOON = Actor("Ann"), datetime(2026, 11, 23, 12, tzinfo=UTC)
WHO = "p0000007"


def ordered(least: int) -> dict[str, Any]:
    return {"kind": "trait", "trait": "frequency", "op": "gte", "value": least}


def publish(store: Engine, name: str, rule: dict[str, Any]) -> str:
    with store.begin() as conn:
        made = create_segment(conn, name, read_rule(rule), actor=ANN, at=NOON)
        publish_segment(conn, made.key, Act(ANN, NOON, "a start"), revision=made.revision)
    return made.key


def count_members(store: Engine, workspace: Workspace, key: str, ids: list[str]) -> None:
    with Writer(workspace) as writer, store.begin() as conn:
        found = compare(pa.array(ids, pa.string()), None, as_of=NOON, version=1)
        file = writer.members(key, found.members)
        commit_files(conn, MEMBERSHIPS, [file], why="test", at=NOON, snapshot=key)


@pytest.fixture
def person(home: Engine, workspace: Workspace) -> AppTest:
    build(workspace, home, 200)
    count_members(home, workspace, publish(home, "Any buyer", ordered(0)), ["p0000003", WHO])
    count_members(home, workspace, publish(home, "Daily buyer", ordered(9_999)), ["p0000003"])
    publish(home, "Brand new", ordered(9_998))
    return opened("person", person=WHO)


def test_a_person_is_told_in_which_segments_since_when_and_why(person: AppTest) -> None:
    told = words(person)

    assert "since 23 Nov 2026 (UTC), by version 1" in told
    assert ":green[✓] whose frequency is at least 0 — **" in told  # and then their own
    assert "9,999" not in told  # what they are not in is told on request
    assert "Not in 2 others" in [each.label for each in person.expander]


def test_why_not_is_told_of_the_others(person: AppTest) -> None:
    person.session_state["person_outside"] = True
    told = words(well(person.run()))

    assert ":gray[✗] whose frequency is at least 9,999 — **" in told
    assert "Its members are not worked out yet." in told


def test_where_no_segment_is_live_one_is_led_to_make_one(
    home: Engine, workspace: Workspace
) -> None:
    build(workspace, home, 200)

    assert "No segment is live yet." in words(opened("person", person=WHO))
