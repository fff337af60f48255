"""Editing a tree loses nothing, undoes itself, and always leaves a rule that can be evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kindred.segments import editing as e
from kindred.segments import rules as r
from kindred.segments.difference import same_meaning
from kindred.segments.editing import Edits, Place
from kindred.segments.rules import Rule
from kindred.segments.walk import children, leaves

A, B, C = (r.ListRule(name) for name in "abc")


def _grouped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        st.builds(r.AllRule, several),
        st.builds(r.AnyRule, several),
        st.builds(r.NotRule, inner),
        several.map(lambda parts: r.AtLeastRule(len(parts), parts)),
    )


trees = st.recursive(st.sampled_from("abcdef").map(r.ListRule), _grouped, max_leaves=8)


def places(rule: Rule, at: Place = ()) -> Iterator[Place]:
    yield at
    for step, (_, child) in enumerate(children(rule)):
        yield from places(child, (*at, step))


def lists(rule: Rule) -> Counter[str]:
    return Counter(leaf.list for _, leaf in leaves(rule) if isinstance(leaf, r.ListRule))


@st.composite
def rule_and_place(draw: st.DrawFn, *, inside: bool = True) -> tuple[Rule, Place]:
    rule = e.editable(draw(trees))
    found = [place for place in places(rule) if place or not inside]
    return rule, draw(st.sampled_from(found))


@given(given=rule_and_place())
def test_a_copy_stands_after_the_original_and_taking_it_out_gives_what_was(
    given: tuple[Rule, Place],
) -> None:
    rule, place = given
    assume(not isinstance(e.rule_at(rule, place[:-1]), r.NotRule))
    twice = e.duplicated(rule, place)
    after = (*place[:-1], place[-1] + 1)
    assert e.rule_at(twice, after) == e.rule_at(rule, place)
    back = e.removed(twice, after)
    assert lists(back) == lists(rule)
    assert same_meaning(back, rule) or isinstance(e.rule_at(rule, place[:-1]), r.AtLeastRule)


@given(given=rule_and_place())
def test_what_is_taken_out_is_gone_and_nothing_else(given: tuple[Rule, Place]) -> None:
    rule, place = given
    assert lists(e.removed(rule, place)) == lists(rule) - lists(e.rule_at(rule, place))


@given(given=rule_and_place(inside=False))
def test_the_opposite_of_the_opposite_is_the_same(given: tuple[Rule, Place]) -> None:
    rule, place = given
    turned = e.negated(rule, place)
    assume(not same_meaning(turned, rule))  # beside both itself and its opposite, none is gone
    again = [p for p in places(turned) if same_meaning(e.negated(turned, p), rule)]
    assert again


@given(given=rule_and_place(), by=st.sampled_from((-1, 1)))
def test_moving_loses_nobody(given: tuple[Rule, Place], by: int) -> None:
    rule, place = given
    assert lists(e.moved(rule, place, by)) == lists(rule)


@given(given=rule_and_place(), data=st.data())
def test_moving_into_another_group_loses_nobody(given: tuple[Rule, Place], data: Any) -> None:
    rule, place = given
    groups = [p for p in places(rule) if isinstance(e.rule_at(rule, p), e.Group)]
    target = data.draw(st.sampled_from(groups))
    assert lists(e.moved_into(rule, place, target)) == lists(rule)


@given(given=rule_and_place(), kind=st.sampled_from(("all", "any")))
def test_a_group_of_one_says_nothing_and_can_be_taken_away(
    given: tuple[Rule, Place], kind: Any
) -> None:
    rule, place = given
    wrapped = e.grouped(rule, place, kind)
    assert same_meaning(wrapped, rule)
    assume(not isinstance(e.rule_at(rule, place[:-1]), r.NotRule))
    assert e.ungrouped(wrapped, place) == rule


@given(given=rule_and_place())
def test_at_least_never_asks_for_more_than_there_are(given: tuple[Rule, Place]) -> None:
    rule, place = given
    for changed in (e.removed(rule, place), e.duplicated(rule, place), e.moved(rule, place, 1)):
        for at in places(changed):
            group = e.rule_at(changed, at)
            if isinstance(group, r.AtLeastRule):
                assert 1 <= group.count <= max(len(group.rules), 1)


@pytest.mark.parametrize(
    ("rule", "place", "by", "expected"),
    [
        (r.AllRule((A, B)), (0,), 1, r.AllRule((B, A))),
        (r.AllRule((A, B)), (1,), 1, r.AllRule((A, B))),
        (r.AllRule((A, B)), (), 1, r.AllRule((A, B))),
        (r.AllRule((A, r.AnyRule((B, C)))), (1, 0), -1, r.AllRule((A, B, r.AnyRule((C,))))),
        (r.AllRule((r.AnyRule((B, C)), A)), (0, 1), 1, r.AllRule((r.AnyRule((B,)), C, A))),
        (r.AllRule((r.NotRule(A), B)), (0, 0), 1, r.AllRule((B, r.NotRule(A)))),
    ],
)
def test_moves_by_hand(rule: Rule, place: Place, by: int, expected: Rule) -> None:
    assert e.moved(rule, place, by) == expected


def test_moving_into_a_group_takes_the_not_along_and_never_into_itself() -> None:
    rule = r.AllRule((r.NotRule(A), r.AnyRule((B,))))
    assert e.moved_into(rule, (0, 0), (1,)) == r.AllRule((r.AnyRule((B, r.NotRule(A))),))
    assert e.moved_into(rule, (1,), (1,)) == rule


@given(given=rule_and_place(), side=st.sampled_from(("above", "below")))
def test_moving_into_the_group_beside_loses_nobody(given: tuple[Rule, Place], side: Any) -> None:
    rule, place = given
    assert lists(e.moved_beside(rule, place, side)) == lists(rule)


def test_a_condition_moves_into_the_group_right_beside_it_with_its_not() -> None:
    rule = r.AllRule((r.AnyRule((A,)), r.NotRule(B), C))
    assert e.groups_beside(rule, (1, 0)) == {"above": (0,)}
    assert e.moved_beside(rule, (1, 0), "above") == r.AllRule((r.AnyRule((A, r.NotRule(B))), C))
    assert e.moved_beside(rule, (2,), "above") == rule, "there is no group"


def test_a_rule_is_made_editable_and_plain_again() -> None:
    assert e.plain(e.editable(A)) == A
    assert e.regrouped(r.AllRule((A, B)), (), "at_least", 5) == r.AtLeastRule(2, (A, B))
    assert e.removed(A, ()) == r.AllRule(())


def test_steps_are_undone_and_taken_again() -> None:
    edits = Edits(A).to(B).to(C)
    assert edits.undo().rule == B
    assert edits.undo().undo().undo().rule == A
    assert edits.undo().redo() == edits
    assert edits.undo().to(A).redo().rule == A, "another step forgets what was undone"
    assert Edits(A).to(A) == Edits(A), "a step that changes nothing is none"
    one, true = r.TraitRule("x", "eq", 1), r.TraitRule("x", "eq", True)
    assert Edits(one).to(true).before == (one,), "1 and true are two things"
    many = Edits(A)
    for n in range(300):
        many = many.to(r.ListRule(str(n)))
    assert len(many.before) == 200
