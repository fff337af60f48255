"""Laws of steering over random rules and candidates, and its meaning by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kindred.errors import UserError
from kindred.recommend import steering as s
from kindred.recommend.item_filters import allowed, passes
from kindred.recommend.steer import Candidates, steer
from kindred.recommend.steering_words import rule_sentence, sentence

CATEGORIES = ("fish", "bread", "beer", None)
PRICES = (1.0, 2.5, 9.0, float("nan"))

filters = st.one_of(
    st.builds(s.ItemFilter, st.just("category"), st.just("eq"), st.sampled_from(CATEGORIES[:3])),
    st.builds(
        s.ItemFilter,
        st.just("category"),
        st.sampled_from(("in", "not_in")),
        st.lists(st.sampled_from(CATEGORIES[:3]), min_size=1).map(tuple),
    ),
    st.builds(s.ItemFilter, st.just("category"), st.sampled_from(("is_set", "is_not_set"))),
    st.builds(
        s.ItemFilter,
        st.just("price"),
        st.sampled_from(("lt", "lte", "gt", "gte")),
        st.sampled_from(PRICES[:3]),
    ),
)
wheres = st.lists(filters, min_size=1, max_size=2).map(tuple)
rules = st.one_of(
    st.builds(s.IncludeRule, wheres),
    st.builds(s.ExcludeRule, wheres),
    st.builds(s.HideBoughtRule, st.integers(1, 30)),
    st.builds(s.PinRule, st.lists(st.integers(0, 15).map(str), min_size=1).map(tuple)),
    st.builds(s.BoostRule, wheres, st.floats(-1, 1)),
    st.builds(s.CapRule, st.just("category"), st.integers(1, 3)),
)
steerings = st.builds(
    lambda some, one: s.Steering((*some, *one)),
    st.lists(rules, max_size=5),
    st.lists(st.builds(s.DiversityRule, st.floats(0, 1)), max_size=1),
)


@st.composite
def candidates(draw: st.DrawFn) -> Candidates:
    n = draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return Candidates(
        [str(i) for i in range(n)],
        rng.integers(-3, 4, n).astype(float),
        {
            "category": rng.choice(np.array(CATEGORIES, dtype=object), n),
            "price": rng.choice(np.array(PRICES), n),
        },
        np.where(rng.random(n) < 0.4, rng.integers(0, 40, n), np.nan),
        rng.normal(size=(n, 3)) if draw(st.booleans()) else None,
    )


def ids(shown: Any) -> list[str]:
    return [each.item for each in shown.shown]


@given(candidates(), st.integers(0, 12))
def test_without_rules_the_best_scores_stand_in_their_order(given_: Candidates, k: int) -> None:
    best = np.argsort(-given_.scores, kind="stable")[:k]
    steered = steer(given_, s.IDENTITY, k)
    assert [each.row for each in steered.shown] == best.tolist()
    assert not steered.left_out
    assert not any(each.reasons for each in steered.shown)


@given(candidates(), st.integers(1, 12))
@pytest.mark.parametrize(
    "rule",
    [
        s.BoostRule((s.ItemFilter("category", "is_set"),), 0.0),
        s.DiversityRule(0.0),
        s.CapRule("category", 1000),
        s.CapRule("colour", 1),
        s.PinRule(("unheard of",)),
        s.BlendRule({"unheard of": 1.0}),
    ],
    ids=lambda rule: rule.kind,
)
def test_rules_that_ask_for_nothing_change_nothing(rule: Any, given_: Candidates, k: int) -> None:
    assert ids(steer(given_, s.Steering((rule,)), k)) == ids(steer(given_, s.IDENTITY, k))


@given(candidates(), steerings, st.integers(1, 12))
@settings(max_examples=200)
def test_what_is_forbidden_is_never_shown_and_no_cap_is_exceeded(
    given_: Candidates, steering: s.Steering, k: int
) -> None:
    shown = [each.row for each in steer(given_, steering, k).shown]
    assert len(shown) == len(set(shown)) <= k
    assert allowed(steering, given_.fields, len(given_.items))[shown].all()
    assert given_.bought_days_ago is not None
    for rule in steering.of(s.HideBoughtRule):
        assert not (given_.bought_days_ago[shown] <= rule.days).any()
    counts = Counter(c for c in given_.fields["category"][shown] if c is not None)
    for rule in steering.of(s.CapRule):
        assert max(counts.values(), default=0) <= rule.at_most


@given(candidates(), steerings, st.integers(1, 12))
def test_pins_that_are_shown_stand_first_in_their_order(
    given_: Candidates, steering: s.Steering, k: int
) -> None:
    shown = ids(steer(given_, steering, k))
    pins = dict.fromkeys(item for rule in steering.of(s.PinRule) for item in rule.items)
    of_these = [item for item in pins if item in shown]
    assert shown[: len(of_these)] == of_these


@given(candidates(), steerings, st.integers(1, 12), st.randoms())
def test_the_order_of_rules_other_than_pins_says_nothing(
    given_: Candidates, steering: s.Steering, k: int, random: Any
) -> None:
    others = [rule for rule in steering.rules if not isinstance(rule, s.PinRule | s.BoostRule)]
    kept = [rule for rule in steering.rules if rule not in others]
    random.shuffle(others)
    other = s.Steering((*others, *kept))
    assert ids(steer(given_, other, k)) == ids(steer(given_, steering, k))


@given(candidates(), st.floats(0, 1))
def test_diversity_alone_only_permutes(given_: Candidates, strength: float) -> None:
    n = len(given_.items)
    shown = steer(given_, s.Steering((s.DiversityRule(strength),)), n).shown
    assert sorted(each.row for each in shown) == list(range(n))
    if n:
        assert shown[0].before == 1


@given(candidates(), steerings, st.integers(1, 12))
def test_what_is_left_out_is_told_with_a_reason(
    given_: Candidates, steering: s.Steering, k: int
) -> None:
    steered = steer(given_, steering, k)
    before = set(ids(steer(given_, s.IDENTITY, k)))
    assert before - set(ids(steered)) == {each.item for each in steered.left_out}
    assert all(each.reason for each in steered.left_out)


@given(steerings)
def test_what_is_stored_is_read_back_as_it_was(steering: s.Steering) -> None:
    assert s.read_steering(s.document(steering)) == steering
    assert sentence(steering).endswith(".")


FOUR = Candidates(
    ["a", "b", "c", "d"],
    np.array([4.0, 3.0, 2.0, 0.0]),
    {
        "category": np.array(["fish", "fish", "beer", None], dtype=object),
        "price": np.array([1.0, 2.0, 9.0, np.nan]),
    },
    np.array([np.nan, 3.0, 14.0, 15.0]),
    np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
    {"one": np.array([1.0, 0.0, 0.0, 0.0]), "other": np.array([0.0, 0.0, 5.0, 10.0])},
)


def fish(op: Any = "eq", value: Any = "fish") -> tuple[s.ItemFilter, ...]:
    return (s.ItemFilter("category", op, value),)


@pytest.mark.parametrize(
    ("rule", "k", "wanted"),
    [
        (s.IncludeRule(fish()), 3, "ab"),
        (s.ExcludeRule(fish()), 3, "cd"),
        (s.ExcludeRule(fish("ne")), 3, "abd"),  # nothing is known of d, so it is not other
        (s.ExcludeRule(fish("is_not_set", None)), 4, "abc"),
        (s.ExcludeRule(fish("contains", "ee")), 4, "abd"),
        (s.IncludeRule((s.ItemFilter("price", "gte", 2),)), 4, "bc"),
        (s.HideBoughtRule(14), 4, "ad"),
        (s.PinRule(("d", "c")), 3, "dca"),
        (s.CapRule("category", 1), 4, "acd"),
        (s.CapRule("category", 1, "beer"), 4, "abcd"),
        (s.BoostRule((s.ItemFilter("price", "gt", 5),), 0.5), 3, "acb"),  # .5 + .5 ties with a
        (s.BoostRule(fish(), -1.0), 4, "cadb"),  # a: 1 − 1, b: .75 − 1, c: .5, d: 0
        (s.DiversityRule(0.5), 3, "acb"),  # c: .25; then b: .375 − .5 beats d: 0 − .5
        (s.BlendRule({"one": 0.25, "other": 0.75}), 4, "dcab"),  # .75, .375, .25, 0
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_each_rule_by_hand(rule: Any, k: int, wanted: str) -> None:
    assert "".join(ids(steer(FOUR, s.Steering((rule,)), k))) == wanted


def test_what_is_forbidden_stays_so_when_it_is_pinned_and_says_why() -> None:
    steered = steer(FOUR, s.Steering((s.PinRule(("a", "c")), s.ExcludeRule(fish()))), 2)
    assert ids(steered) == ["c", "d"]
    assert steered.shown[0].reasons == ("pinned",)
    assert [(out.item, out.before) for out in steered.left_out] == [("a", 1), ("b", 2)]
    assert steered.left_out[0].reason == "excluded: whose category is “fish”"


def test_pins_count_where_a_cap_counts() -> None:
    steered = steer(FOUR, s.Steering((s.PinRule(("b", "a")), s.CapRule("category", 1))), 4)
    assert ids(steered) == ["b", "c", "d"]
    assert steered.left_out[0].reason == "there are 1 of category “fish” already"


def test_unknown_fields_pass_nothing_but_not_being_set() -> None:
    assert not passes((s.ItemFilter("colour", "ne", "red"),), FOUR.fields, 4).any()
    assert passes((s.ItemFilter("colour", "is_not_set"),), FOUR.fields, 4).all()


def test_likeness_without_vectors_is_shared_metadata() -> None:
    alike = replace(FOUR, vectors=None)
    shown = steer(alike, s.Steering((s.DiversityRule(0.6),)), 2)
    assert ids(shown) == ["a", "c"]  # c: .4·.5 − 0 beats b: .4·.75 − .6·½
    assert shown.shown[1].reasons == ("unlike those above it",)


@pytest.mark.parametrize(
    ("given_", "where"),
    [
        ("{", None),
        ("[]", ""),
        ({"format": 2}, "format"),
        ({"rules": [{"kind": "cap", "field": "category", "at_most": 0}]}, "rules[0].at_most"),
        ({"rules": [{"kind": "magic"}]}, "rules[0]"),
        ({"rules": [{"kind": "exclude", "where": []}]}, "rules[0].where"),
        (
            {"rules": [{"kind": "exclude", "where": [{"field": "p", "op": "lt", "value": "1"}]}]},
            "rules[0].where[0]",
        ),
        ({"rules": [{"kind": "boost", "where": [{"field": "p", "op": "eq"}], "by": 0.1}]},
         "rules[0].where[0]"),
        ({"rules": [{"kind": "diversity", "strength": 0.1}] * 2}, "rules"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_refused_with_its_place(given_: Any, where: str | None) -> None:
    with pytest.raises(UserError) as refused:
        s.read_steering(given_)
    assert refused.value.where == where
    assert refused.value.fix


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            s.IncludeRule(fish("in", ("fish", "beer"))),
            "Show only items whose category is one of “fish” or “beer”.",
        ),
        (s.PinRule(("1", "2")), "Show first: “Salmon” and “2”."),
        (
            s.BoostRule(fish(), -0.25),
            "Lower items whose category is “fish” by 25 % of the way.",
        ),
        (s.CapRule("category", 2), "Show at most 2 items of the same category."),
        (s.CapRule("category", 1, "beer"), "Show at most 1 item whose category is “beer”."),
        (s.DiversityRule(0.3), "Prefer items unlike those above them, at 30 %."),
        (s.BlendRule({"b": 0.5, "a": 1.0}), "Mix the models’ scores: a 100 % and b 50 %."),
    ],
)
def test_every_rule_has_a_sentence(rule: Any, said: str) -> None:
    assert rule_sentence(rule, {"1": "Salmon"}).replace("\u00a0", " ") == said


def test_the_schema_names_every_kind() -> None:
    kinds = {part["properties"]["kind"]["const"] for part in s.json_schema()["$defs"].values()
             if "kind" in part["properties"]}  # fmt: skip
    assert len(kinds) == 8
