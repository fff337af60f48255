"""The workbench: edits of what is shown are taken, those of what was shown before are not."""

from __future__ import annotations

import pytest

from dashboard import segment_state
from dashboard.segment_state import Spot, Workbench, edit
from kindred.segments.editing import Edits, added
from kindred.segments.rules import AllRule, ListRule

NOTHING = AllRule(())


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Workbench:
    made = Workbench(None, "", "", (), Edits(NOTHING), NOTHING)
    monkeypatch.setattr(segment_state, "workbench", lambda: made)
    return made


def test_an_edit_from_a_field_of_another_generation_is_not_taken(bench: Workbench) -> None:
    @edit
    def add(spot: Spot, name: str) -> None:
        bench.take(added(bench.rule, spot.place, ListRule(name)))

    shown = Spot(bench.generation, ())
    add(shown, "a")
    add(shown, "b")  # of the rule before

    assert bench.rule == AllRule((ListRule("a"),))


def test_a_new_segment_has_nothing_to_save_until_something_is_said(bench: Workbench) -> None:
    assert bench.unsaid
    bench.take(ListRule("vip"))
    assert not bench.unsaid
    assert bench.result == ListRule("vip")


def test_a_changed_name_or_rule_is_not_saved_and_undoing_it_is(bench: Workbench) -> None:
    assert not bench.dirty
    bench.name = "VIPs"
    assert bench.dirty
    bench.name = ""
    bench.take(ListRule("vip"))
    assert bench.dirty
    bench.undo()
    assert not bench.dirty
