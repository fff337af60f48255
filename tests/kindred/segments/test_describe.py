"""Sentences: every construct in plain English, and groups that read one way only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from kindred.segments import rules as r
from kindred.segments.codec import dump
from kindred.segments.describe import sentence
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule
from tests.support.segment_worlds import rules

A, B, C = (r.ListRule(name) for name in "abc")


def trait(op: str, value: Any = None, name: str = "x") -> dict[str, Any]:
    rule = {"kind": "trait", "trait": name, "op": op}
    return rule if value is None else {**rule, "value": value}


def order(**more: Any) -> dict[str, Any]:
    return {"kind": "event", "event": "Order Completed", **more}


def rhythm(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "event": "Order Completed", **more}


SENTENCES: list[tuple[dict[str, Any], str]] = [
    (trait("eq", "a"), "whose x is “a”"),
    (trait("ne", "a"), "whose x is known and is not “a”"),
    (trait("lt", 1000), "whose x is less than 1,000"),
    (trait("lte", 2.5), "whose x is at most 2.5"),
    (trait("gt", 1), "whose x is more than 1"),
    (trait("gte", 1), "whose x is at least 1"),
    (trait("between", [1, 2]), "whose x is from 1 to 2"),
    (trait("in", ["a", "b", "c"]), "whose x is one of “a”, “b” or “c”"),
    (trait("not_in", ["a"]), "whose x is known and is none of “a”"),
    (trait("contains", "”a"), "whose x contains “\\”a”"),
    (trait("starts_with", "a"), "whose x starts with “a”"),
    (trait("ends_with", "a"), "whose x ends with “a”"),
    (trait("matches", "^a"), "whose x matches the pattern “^a”"),
    (trait("is_set"), "whose x is known"),
    (trait("is_not_set"), "whose x is not known"),
    (trait("eq", True), "whose x is true"),
    (trait("before", "2026-11-01"), "whose x is before 2026-11-01 UTC"),
    (
        trait("after", "2026-11-01T09:00:00+01:00"),
        "whose x is not before 2026-11-01 08:00:00 UTC",
    ),
    (
        trait("between", ["2026-11-01", "2026-12-01"]),
        "whose x lies from 2026-11-01 UTC to before 2026-12-01 UTC",
    ),
    (trait("within_last", "P30D"), "whose x lies in the last 30 days"),
    (trait("within_next", "PT1H"), "whose x lies in the next 1 hour"),
    (trait("any_of", ["a", "b"]), "whose x holds any of “a” or “b”"),
    (trait("all_of", ["a", "b"]), "whose x holds all of “a” and “b”"),
    (trait("none_of", ["a"]), "whose x is known and holds none of “a”"),
    (
        {"kind": "percentile", "trait": "monetary", "end": "top", "percent": 10},
        "who are among the top 10 % by monetary",
    ),
    (order(within="P30D"), "who did “Order Completed” in the last 30 days"),
    (order(aggregate="did_not"), "who did not do “Order Completed”"),
    (
        order(aggregate="count", op="gte", value=3, within="P30D"),
        "who did “Order Completed” at least 3 times in the last 30 days",
    ),
    (
        order(aggregate="count", op="lt", value=1),
        "who did “Order Completed” never, or less than 1 time",
    ),
    (
        order(aggregate="sum", property="revenue", op="gt", value=100, between=["P60D", "P30D"]),
        "whose total revenue of “Order Completed” from 60 days ago to before 30 days ago "
        "is more than 100",
    ),
    (
        order(
            where=[
                {"property": "revenue", "op": "gt", "value": 20},
                {"products": [{"property": "category", "op": "eq", "value": "Deli"}]},
            ]
        ),
        "who did “Order Completed” [where revenue is more than 20 and a product in it whose "
        "[category is “Deli”]]",
    ),
    (
        rhythm("first_time", within="P30D"),
        "who did “Order Completed” for the first time in the last 30 days",
    ),
    (
        rhythm("stopped", within="P60D", before="P90D"),
        "who did not do “Order Completed” in the last 60 days but did in the 90 days before that",
    ),
    (
        rhythm("restarted", within="P7D", silence="P60D"),
        "who did “Order Completed” again in the last 7 days after none in the 60 days before that",
    ),
    (
        rhythm("regularly", period="P7D", periods=8, at_least=6),
        "who did “Order Completed” in at least 6 of the last 8 periods of 7 days",
    ),
    (
        {
            "kind": "sequence",
            "steps": [
                {"event": "A"},
                {"event": "B", "within": "P1D", "without": [{"event": "X"}]},
            ],
            "within": "P7D",
            "then_not": {"event": "C"},
        },
        "who, all in the last 7 days, did “A”, then “B” within 1 day with no “X” in between, "
        "and then no “C” since",
    ),
    (
        {"kind": "cluster", "cluster": 3, "run": 7},
        "who are in the cluster “3” of run 7",
    ),
    ({"kind": "segment", "segment": "lapsed"}, "who are in the segment “lapsed”"),
    ({"kind": "list", "list": "vip"}, "who are on the list “vip”"),
]


@pytest.mark.parametrize(("rule", "said"), SENTENCES, ids=lambda given: str(given)[:60])
def test_each_construct_reads_in_english(rule: dict[str, Any], said: str) -> None:
    assert sentence(read_rule(rule)) == f"People {said}."


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (r.AllRule(()), "Everybody."),
        (r.AnyRule(()), "Nobody."),
        (r.AllRule((A, B)), "People who are on the list “a”, and who are on the list “b”."),
        (r.NotRule(A), "People except those who are on the list “a”."),
        (
            r.AnyRule((r.AllRule((A, B)), C)),
            "People (who are on the list “a”, and who are on the list “b”), "
            "or who are on the list “c”.",
        ),
        (
            r.AllRule((A, r.AnyRule((B, C)))),
            "People who are on the list “a”, and (who are on the list “b”, "
            "or who are on the list “c”).",
        ),
        (
            r.AtLeastRule(2, (A, B, r.NotRule(C))),
            "People at least 2 of these 3: [who are on the list “a”; who are on the list “b”; "
            "not those who are on the list “c”].",
        ),
    ],
)
def test_groups_say_what_belongs_together(rule: Rule, said: str) -> None:
    assert sentence(rule) == said


def test_what_has_a_name_is_called_by_it() -> None:
    names = {("segment", "s1"): "Lapsed", ("trait", "monetary"): "Sum of what was paid"}
    rule = r.AllRule((r.SegmentRule("s1"), r.TraitRule("monetary", "gt", 5)))
    assert sentence(rule, names) == (
        "People who are in the segment “Lapsed”, and whose “Sum of what was paid” is more than 5."
    )


def _meaning(rule: Any) -> Any:
    """Take away what means nothing: groups of one."""
    if isinstance(rule, dict):
        below = {key: _meaning(value) for key, value in rule.items()}
        if below.get("kind") in {"all", "any"} and len(below["rules"]) == 1:
            return below["rules"][0]
        return below
    return [_meaning(item) for item in rule] if isinstance(rule, list) else rule


@settings(max_examples=300, deadline=None)
@given(one=rules, other=rules)
def test_two_rules_never_share_a_sentence(one: Rule, other: Rule) -> None:
    if sentence(one) == sentence(other):
        same = [json.dumps(_meaning(dump(rule)), sort_keys=True) for rule in (one, other)]
        assert same[0].replace(".0", "") == same[1].replace(".0", "")
