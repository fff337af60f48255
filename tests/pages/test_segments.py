"""Segments: the list, the editor with what it catches, two editors at once, distilling, lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from data.audit import Actor
from data.definitions import definition
from data.id_lists import save_list
from data.publications import Act, Terms
from data.segments import create_segment, publish_segment, save_rule, segment_rule
from data.workspace import Workspace
from kindred.clusters.selection_text import encode, parse
from kindred.segments.codec import dump
from kindred.segments.parse import read_rule
from tests.support.screens import ROOT, opened, well, words
from tests.support.synthetic_map import build

ANN, BO = Actor("Ann"), Actor("Bo")
NOW = datetime.now(UTC)
OFTEN: dict[str, Any] = {"kind": "trait", "trait": "frequency", "op": "gte", "value": 10}
NORTH: dict[str, Any] = {"kind": "trait", "trait": "region", "op": "in", "value": ["North"]}


@pytest.fixture
def people(home: Engine, workspace: Workspace) -> Engine:
    build(workspace, home, 600)
    return home


def keep(store: Engine, name: str, rule: dict[str, Any], *, live: bool = False) -> None:
    with store.begin() as conn:
        made = create_segment(conn, name, read_rule(rule), actor=ANN, at=NOW)
        if live:
            publish_segment(conn, made.key, Act(ANN, NOW, "a start"), revision=made.revision)


def size(app: AppTest) -> int:
    return int(next(m.value for m in app.metric if m.label == "People").replace(",", ""))


@pytest.mark.usefixtures("people")
def test_templates_are_offered_with_whom_they_catch_and_what_others_lack() -> None:
    told = words(opened("segments"))

    assert "60 people · 10\N{NO-BREAK SPACE}%" in told  # big spenders, the top tenth of 600
    assert "Loyal needs events “Order Completed”" in told


def test_segments_are_listed_with_how_they_stand(people: Engine) -> None:
    keep(people, "Often here", OFTEN, live=True)
    keep(people, "Northerners", NORTH)
    keep(people, "Later", NORTH)
    with people.begin() as conn:
        later = Terms(valid_from=datetime(2999, 1, 1, tzinfo=UTC))
        publish_segment(conn, "later", Act(ANN, NOW, "next"), revision=1, terms=later)

    app = opened("segments")

    states = app.dataframe[0].value.set_index("Segment")["State"].to_dict()
    assert states == {"Often here": "Live", "Northerners": "Draft", "Later": "Not yet valid"}
    assert "3 segments, 1 of them live" in words(app)


def test_an_edit_shows_at_once_whom_it_catches_and_can_be_undone(people: Engine) -> None:
    keep(people, "Often here", OFTEN)
    app = opened("segment", segment="often-here")
    before = size(app)

    app = well(app.number_input[0].set_value(20).run())
    after = size(app)

    assert 0 < after < before
    assert "whose frequency is at least 20" in words(app)
    assert "Not saved" in words(app)
    assert size(well(app.button(key="segment_undo").click().run())) == before
    assert size(well(app.button(key="segment_redo").click().run())) == after


def test_what_each_condition_does_and_why_some_are_in_is_told(people: Engine) -> None:
    keep(people, "Northern regulars", {"kind": "all", "rules": [OFTEN, NORTH]})

    app = opened("segment", segment="northern-regulars")

    assert words(app).count(":green[✓] whose region is one of “North” — North") == 4
    assert "have over" in words(app)  # how others' values lie, beside the number asked for


def test_a_condition_on_what_is_not_there_is_marked_with_what_is(people: Engine) -> None:
    keep(people, "Broken", {"kind": "all", "rules": [OFTEN, {**OFTEN, "trait": "frequence"}]})

    with pytest.raises(AssertionError, match="frequence"):
        opened("segment", segment="broken")


def test_the_rule_as_json_is_checked_before_it_is_taken(people: Engine) -> None:
    keep(people, "Often here", OFTEN)
    app = opened("segment", segment="often-here")
    app.session_state["segment_json"] = True
    app = well(app.run())

    wrong = app.text_area[0].input(json.dumps({**OFTEN, "op": "contains"})).run()
    wrong = wrong.button(key="segment_json_use").click().run()
    assert "`op`" in wrong.error[0].value

    right = app.text_area[0].input(json.dumps(NORTH)).run()
    right = well(right.button(key="segment_json_use").click().run())
    assert "whose region is one of “North”" in words(right)


def test_a_draft_is_saved_under_the_name_of_who_acts(people: Engine) -> None:
    keep(people, "Often here", OFTEN)
    app = opened("segment", segment="often-here")
    app.session_state["actor"] = "Bo"

    app = well(app.number_input[0].set_value(20).run())
    well(app.button(key="segment_save").click().run())

    with people.connect() as conn:
        assert dump(segment_rule(conn, "often-here")) == {**OFTEN, "value": 20}
        assert definition(conn, "segment", "often-here").updated_by == "Bo"


@pytest.mark.parametrize(("choice", "kept"), [("mine", 20), ("theirs", 7)])
def test_who_saves_second_sees_the_conflict_and_says_what_stands(
    people: Engine, choice: str, kept: int
) -> None:
    keep(people, "Often here", OFTEN)
    app = opened("segment", segment="often-here")
    app.session_state["actor"] = "Bo"
    app = well(app.number_input[0].set_value(20).run())
    with people.begin() as conn:
        theirs = read_rule({**OFTEN, "value": 7})
        save_rule(conn, "often-here", theirs, revision=1, actor=ANN, at=NOW)

    app = well(app.button(key="segment_save").click().run())
    assert "Ann changed “Often here”" in words(app)
    assert "“whose frequency is at least 7” → “whose frequency is at least 20”" in words(app)
    app = well(app.button(key=f"segment_conflict_{choice}").click().run())

    assert f"whose frequency is at least {kept}" in words(app)
    with people.connect() as conn:
        assert dump(segment_rule(conn, "often-here")) == {**OFTEN, "value": kept}


@pytest.mark.usefixtures("people")
def test_a_cluster_is_distilled_into_a_rule_from_short_to_exact() -> None:
    app = opened("segment", run="2", cluster="1")
    told = words(app)

    assert "of the cluster “Frequent buyers of fresh food”" in told
    assert [metric.label for metric in app.metric[:3]] == ["Precision", "Recall", "F1"]
    assert "As it stands in the editor" in told
    app = well(app.button(key="segment_take_cluster").click().run())
    assert "who are in the cluster “Frequent buyers of fresh food”" in words(app)
    assert "100\N{NO-BREAK SPACE}% of them were picked" in words(app)


@pytest.mark.usefixtures("people")
def test_an_address_that_picks_too_few_says_so() -> None:
    corner = encode(parse([{"op": "add", "kind": "box", "points": [[0, 0], [300, 300]]}]))

    app = opened("segment", run="2", picked=corner)

    assert "Pick at least 10" in app.warning[0].value


def test_who_they_are_is_told_by_clusters_traits_and_other_segments(people: Engine) -> None:
    keep(people, "Often here", OFTEN, live=True)
    keep(people, "Northerners", NORTH, live=True)

    told = words(opened("segment", segment="often-here", tab="Who they are"))

    assert "of them are in “" in told
    assert "Most with “Northerners”" in told
    assert "- They order more often (" in told


def upload() -> None:
    from dashboard.segment_lists import upload

    upload()


def test_an_uploaded_list_is_told_with_numbers_that_add_up(people: Engine) -> None:
    app = AppTest.from_function(upload, default_timeout=30).run()
    ids = "id\np0000001\np0000002\n\np0000001\nnobody\n"
    app.file_uploader[0].upload("ids.csv", ids.encode(), "text/csv")
    app.text_input(key="segment_list_name").input("Newsletter")
    app.text_input(key="actor_name").input("Ann")

    app = well(app.button(key="segment_list_save").click().run())

    assert "Of 5 rows 3 ids were kept; left out: 1 blank, 1 doubled." in words(app)
    assert "2 of them, 67\N{NO-BREAK SPACE}%, are people known here" in words(app)


def delete_newsletter() -> None:
    import streamlit as st

    from dashboard.segment_lists import deletion
    from dashboard.store import reading
    from data.id_lists import lists

    with reading() as conn:
        there = bool(lists(conn))
    if there:
        deletion("newsletter")
    else:
        st.markdown("No list.")


def test_a_list_is_deleted_once_it_is_confirmed_and_nothing_uses_it(
    people: Engine, workspace: Workspace
) -> None:
    with people.begin() as conn:
        save_list(workspace, conn, "Newsletter", b"p0000001\n", actor=ANN, at=NOW)
    keep(people, "Readers", {"kind": "list", "list": "newsletter"})
    app = AppTest.from_function(delete_newsletter, default_timeout=30).run()
    assert "- “Readers” (its draft)" in app.error[0].value
    assert not app.button

    with people.begin() as conn:
        save_rule(conn, "readers", read_rule(NORTH), revision=1, actor=ANN, at=NOW)
    app = well(app.run())
    assert "“Newsletter” will be gone, with its 1 id." in words(app)
    app.text_input(key="actor_name").input("Ann")
    app.button(key="segments_lists_gone").click().run()
    assert words(well(app.run())) == "No list."


def test_edits_that_are_not_saved_wait_while_another_segment_is_looked_at(people: Engine) -> None:
    keep(people, "Often here", OFTEN)
    keep(people, "Northerners", NORTH)
    app = opened("segment", segment="often-here")
    app = well(app.number_input[0].set_value(20).run())

    app.query_params["segment"] = "northerners"
    assert "whose region is one of “North”" in words(well(app.run()))
    app.query_params["segment"] = "often-here"

    told = words(well(app.run()))
    assert "whose frequency is at least 20" in told
    assert "Not saved" in told


def test_an_address_of_no_segment_says_which_there_are(people: Engine) -> None:
    keep(people, "Often here", OFTEN)
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.query_params["segment"] = "nobody"

    app = app.switch_page("pages/segment.py").run()

    assert not app.exception
    assert "There are: often-here." in app.error[0].value
