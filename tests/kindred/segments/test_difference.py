"""Differences of rules in sentences: what is said of each change, and the laws that hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindred.segments import rules as r
from kindred.segments.difference import differences, same_meaning
from kindred.segments.membership import belongs
from kindred.segments.rules import Rule
from tests.support.segment_worlds import AS_OF, World, rules, worlds

A, B, C, D = (r.ListRule(name) for name in "abcd")
RECENT, LATER = (r.TraitRule("recency", "lte", days) for days in (30, 60))
BIG = r.TraitRule("monetary", "gte", 500)
A_TEXT, B_TEXT, C_TEXT = (f"who are on the list “{name}”" for name in "abc")


def all_(*parts: Rule) -> Rule:
    return r.AllRule(parts)


def any_(*parts: Rule) -> Rule:
    return r.AnyRule(parts)


def said(before: Rule, after: Rule, names: Any = None) -> list[str]:
    return [found.sentence for found in differences(before, after, names)]


SAID: dict[str, tuple[Rule, Rule, list[str]]] = {
    "a value": (
        RECENT,
        LATER,
        ["Changed: “whose recency is at most 30” → “whose recency is at most 60”."],
    ),
    "added to all": (RECENT, all_(RECENT, BIG), ["Added: “and whose monetary is at least 500”."]),
    "added to any": (RECENT, any_(RECENT, BIG), ["Added: “or whose monetary is at least 500”."]),
    "removed": (all_(A, B), A, [f"Removed: “and {B_TEXT}”."]),
    "the whole rule": (A, RECENT, [f"Changed: “{A_TEXT}” → “whose recency is at most 30”."]),
    "changed among others, whatever the order": (
        all_(A, RECENT, BIG),
        all_(BIG, LATER, A),
        ["Changed: “whose recency is at most 30” → “whose recency is at most 60”."],
    ),
    "joined otherwise": (
        all_(A, B),
        any_(A, B),
        ["Joined otherwise: “all must hold” → “any one is enough”."],
    ),
    "counted": (
        any_(A, B),
        r.AtLeastRule(2, (A, B)),
        ["Joined otherwise: “any one is enough” → “at least 2 of 2 must hold”."],
    ),
    "turned around": (
        all_(A, B),
        all_(A, r.NotRule(B)),
        [f"Turned into its opposite: “{B_TEXT}” → “not those {B_TEXT}”."],
    ),
    "inside a group": (
        all_(A, any_(B, RECENT)),
        all_(A, any_(B, LATER)),
        [
            f"Changed in “({B_TEXT}, or whose recency is at most 30)”: “whose recency is at most "
            "30” → “whose recency is at most 60”."
        ],
    ),
    "a condition that became a group": (
        all_(A, B),
        all_(A, any_(B, C)),
        [f"Added to “{B_TEXT}”: “or {C_TEXT}”."],
    ),
    "a rule that became one way in of two": (
        all_(A, B),
        any_(all_(A, B), C),
        [f"Added: “or {C_TEXT}”."],
    ),
    "inside a negation": (
        r.NotRule(all_(A, B)),
        r.NotRule(all_(A, B, C)),
        [f"Added to “not those ({A_TEXT}, and {B_TEXT})”: “and {C_TEXT}”."],
    ),
    "everybody": (all_(), any_(), ["Changed: “whoever they are” → “who do not exist”."]),
    "from everybody": (all_(), all_(A, B), ["Changed: x"]),
}
SAID["from everybody"] = (
    all_(),
    all_(A, B),
    [f"Added: “and {A_TEXT}”.", f"Added: “and {B_TEXT}”."],
)


@pytest.mark.parametrize("name", SAID)
def test_a_change_is_said_in_a_sentence(name: str) -> None:
    before, after, expected = SAID[name]
    assert said(before, after) == expected


def test_of_two_conditions_on_one_trait_the_likelier_pair_is_the_changed_one() -> None:
    least, most = r.TraitRule("recency", "gte", 7), r.TraitRule("recency", "lte", 30)
    assert said(all_(least, most), all_(LATER, least)) == [
        "Changed: “whose recency is at most 30” → “whose recency is at most 60”."
    ]


def test_each_difference_says_where_it_lies() -> None:
    before = all_(A, any_(B, RECENT))
    found = differences(before, all_(any_(LATER, C), A))
    assert [(one.kind, one.path) for one in found] == [
        ("changed", "rules[0].rules[0]"),
        ("removed", "rules[1].rules[0]"),
        ("added", "rules[0].rules[1]"),
    ]


def test_things_go_by_their_names_and_two_of_one_name_are_told_apart() -> None:
    names = {("list", "a"): "Friends", ("cluster", "1"): "Loyal", ("cluster", "2"): "Loyal"}
    assert said(A, all_(A, B), names) == [f"Added: “and {B_TEXT}”."]
    assert said(all_(A, B), B, names) == ["Removed: “and who are on the list “Friends””."]
    one, two = r.ClusterRule(1, 7), r.ClusterRule(2, 7)
    assert said(one, two, names) == [
        "Changed: “who are in the cluster “1” of run 7” → “who are in the cluster “2” of run 7”."
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (all_(A, B), all_(B, A)),
        (all_(A, all_(B, C)), all_(all_(A, B), C)),
        (any_(A, A), A),
        (r.NotRule(r.NotRule(A)), A),
        (r.TraitRule("income", "in", ("x", "y")), r.TraitRule("income", "in", ("y", "x"))),
        (r.TraitRule("x", "gte", 1), r.TraitRule("x", "gte", 1.0)),
        (r.EventRule("e", within="P7D"), r.EventRule("e", within="P1W")),
    ],
)
def test_order_and_brackets_and_spelling_are_no_difference(one: Rule, other: Rule) -> None:
    assert said(one, other) == []
    assert same_meaning(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r.TraitRule("x", "eq", 1), r.TraitRule("x", "eq", True)),
        (r.AtLeastRule(2, (A, A)), r.AtLeastRule(2, (A,))),
        (
            r.SequenceRule((r.Step("a"), r.Step("b"))),
            r.SequenceRule((r.Step("b"), r.Step("a"))),
        ),
    ],
)
def test_what_only_looks_alike_is_a_difference(one: Rule, other: Rule) -> None:
    assert said(one, other)


@given(rules)
def test_a_rule_does_not_differ_from_itself(rule: Rule) -> None:
    assert differences(rule, rule) == []


@given(rules, rules)
@settings(max_examples=300)
def test_rules_differ_exactly_when_their_meanings_do(one: Rule, other: Rule) -> None:
    found = differences(one, other)
    assert (found == []) == same_meaning(one, other)
    for each in found:
        assert each.before != each.after
        assert (each.before is None) == (each.kind == "added")
        assert (each.after is None) == (each.kind == "removed")
        assert each.sentence.endswith("”.")


def shuffled(rule: Rule, draw: st.DrawFn) -> Rule:
    """Give the rule in another order, with brackets, doublings and negations that say nothing."""
    if isinstance(rule, r.NotRule):
        rule = r.NotRule(shuffled(rule.rule, draw))
    elif isinstance(rule, r.AllRule | r.AnyRule | r.AtLeastRule):
        parts = draw(st.permutations([shuffled(part, draw) for part in rule.rules]))
        if parts and not isinstance(rule, r.AtLeastRule) and draw(st.booleans()):
            parts = [*parts, parts[0]]
        if isinstance(rule, r.AtLeastRule):
            rule = r.AtLeastRule(rule.count, tuple(parts))
        else:
            rule = type(rule)(tuple(parts))
    wrap: Any = draw(st.sampled_from((None, r.AllRule, r.AnyRule, r.NotRule)))
    if wrap is None:
        return rule
    return r.NotRule(r.NotRule(rule)) if wrap is r.NotRule else wrap((rule,))


@given(st.data(), worlds, rules)
@settings(max_examples=150)
def test_rules_that_do_not_differ_catch_the_same_people(
    data: st.DataObject, world: World, rule: Rule
) -> None:
    other = data.draw(st.composite(lambda draw: shuffled(rule, draw))())
    assert differences(rule, other) == []
    context = world.context([rule, other])
    for person in world.people:
        profile = person.profile()
        assert belongs(profile, rule, context, AS_OF) == belongs(profile, other, context, AS_OF)
