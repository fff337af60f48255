"""A condition says what its rule says, or is refused with the reason.

GrowthBook's own Python evaluator judges; ``tests/clients`` puts the same to its JavaScript one.
"""

from __future__ import annotations

import json
import re

import pytest
import re2
from growthbook.core import evalCondition
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from kindred.segments import rules as r
from kindred.segments.conditions import CannotSay, Condition, attributes, condition
from kindred.segments.context import Context
from kindred.segments.membership import belongs
from kindred.segments.patterns import LINE_ENDS, Unsayable, portable
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType
from tests.support.conditions import CONTEXT, holds, people, plain_rules
from tests.support.segment_cases import read_cases
from tests.support.segment_worlds import AS_OF, NIGHTLY

LISTS = frozenset({"vip"})


def said(rule: Rule, lists: frozenset[str] = LISTS) -> Condition:
    return condition(rule, CONTEXT, lists=lists)


@given(rule=plain_rules, people=people)
@settings(max_examples=4_000 if NIGHTLY else 400, deadline=None)
def test_growthbook_finds_whom_the_rule_finds(rule: Rule, people: list[Profile]) -> None:
    try:
        written = said(rule)
    except CannotSay:
        event("refused")
        return
    event("said")
    for person in people:
        expected = belongs(person, rule, CONTEXT, AS_OF)
        assert holds(written, attributes(person)) == expected, (written.condition, person.traits)


def test_every_readable_case_is_said_exactly_or_refused() -> None:
    answered = 0
    for case in read_cases():
        given = case.context()
        context = Context(segments=given.segments, lists=given.lists, traits=CONTEXT.traits)
        try:
            written = condition(case.rule, context, lists=frozenset(given.lists))
        except CannotSay:
            continue
        told = attributes(case.person.profile())
        groups = {name: sorted(ids) for name, ids in given.lists.items()}
        assert evalCondition(told, dict(written.condition), groups) is case.expected, case.name
        answered += 1
    assert answered > 100


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (r.PercentileRule("monetary", "top", 10), "percentile"),
        (r.EventRule("Order Completed"), "What a person did"),
        (r.SequenceRule((r.Step("a"), r.Step("b"))), "What a person did"),
        (r.ClusterRule(1, 7), "cluster"),
        (r.TraitRule("last_order_at", "after", "2026-10-01"), "no times"),
        (r.TraitRule("monetary", "between", ("2026-10-01", "2026-10-02")), "no times"),
        (r.TraitRule("never computed", "is_set"), "whose type is known"),
        (r.TraitRule("income", "matches", "(?i)k"), "Flags"),
        (r.TraitRule("income", "ends_with", "\n"), "line's end"),
        (r.ListRule("secret"), "on a list"),
        (r.SegmentRule("gone"), "no segment 'gone'"),
        (r.TraitRule("income", "in", ("x",) * 6000), "too long"),
        (r.AtLeastRule(5, (r.TraitRule("income", "is_set"),) * 10), "too many ways"),
    ],
)
def test_what_can_not_be_said_is_refused_with_the_reason(rule: Rule, reason: str) -> None:
    with pytest.raises(CannotSay, match=reason):
        said(r.NotRule(rule))


def test_every_reason_is_told_with_its_place() -> None:
    rule = r.AllRule((r.ClusterRule(1, 7), r.NotRule(r.EventRule("a")), r.ListRule("secret")))
    with pytest.raises(CannotSay) as refused:
        said(rule)
    assert [p.path for p in refused.value.problems] == ["rules[0]", "rules[1].rule", "rules[2]"]


@pytest.mark.parametrize("name", ["a.b", "$or", "constructor", "__proto__", "id"])
def test_a_name_that_means_something_else_to_an_sdk_is_refused(name: str) -> None:
    context = Context(traits={name: TraitType.CATEGORY})
    with pytest.raises(CannotSay, match="means something else"):
        condition(r.TraitRule(name, "is_set"), context)


def test_lists_are_named_so_that_they_can_be_sent_along() -> None:
    assert said(r.AnyRule((r.ListRule("vip"), r.NotRule(r.ListRule("vip"))))).lists == ("vip",)
    with pytest.raises(CannotSay):
        said(r.ListRule("vip"), lists=frozenset())


# --- patterns -------------------------------------------------------------------------------

bits = st.sampled_from(
    (
        "a",
        "K",
        ".",
        "-",
        "\\d",
        "\\w",
        "\\s",
        "[a-c]",
        "[^a]",
        "[\\d.]",
        "\\.",
        "é",
        "😀",
        "\n",
        "/",
    )
)
repeats = st.sampled_from(("", "", "", "?", "*", "+", "{2}", "{1,2}", "*?"))
items = st.builds(lambda bit, repeat: bit + repeat, bits, repeats)
choices = st.builds(lambda a, b, q: f"({a}|{b}){q}", items, items, st.sampled_from(("", "?", "+")))
patterns = st.builds(
    lambda start, middle, end: start + "".join(middle) + end,
    st.sampled_from(("", "^")),
    st.lists(items | choices, max_size=4),
    st.sampled_from(("", "$")),
)
texts = st.text(st.sampled_from("aKbc1.-_ é😀٣\n\r/\\"), max_size=6)


@given(pattern=patterns, texts=st.lists(texts, min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_a_portable_pattern_finds_what_re2_finds(pattern: str, texts: list[str]) -> None:
    try:
        found = portable(pattern)
    except Unsayable:
        assume(False)
    for text in texts:
        here = re.search(found.regex, text) is not None
        if found.at_end:
            here = here and not text.endswith(tuple(LINE_ENDS))
        assert here == (re2.search(pattern, text) is not None), (pattern, found, text)


@pytest.mark.parametrize(
    "pattern",
    ["^(gold|silver)$", "^[a-z]+@[a-z.]+$", "Käse", r"^\d{5}$", "a/b", r"\w+-\d+", "^.{2,5}x"],
)
def test_what_people_write_is_portable(pattern: str) -> None:
    portable(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\bword\b", "(?i)x", "(a+)+$", "a$|b", "^a|b$", ".+$", r"\pL", "[[:alpha:]]", "x{,3}"),
        *("[a", "(a", "a)", "a**", r"\x41", "a*b*c*d*e*", "[^\\D]", "[😀]"),
    ],
)
def test_what_engines_differ_on_is_refused(pattern: str) -> None:
    with pytest.raises(Unsayable):
        portable(pattern)


def test_a_condition_is_json() -> None:
    rule = r.TraitRule("income", "matches", "^a.😀$")
    with_pair = json.dumps(dict(said(rule).condition)).encode()
    assert json.loads(with_pair) == said(rule).condition
