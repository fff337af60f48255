"""Bad rules are refused with the path into them and with what would be accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import json_schema
from kindred.segments.context import Context
from kindred.segments.durations import duration, instant
from kindred.segments.membership import compile_rule
from kindred.segments.parse import DEEPEST, RuleRefused, read_rule
from kindred.segments.validate import check, problems
from kindred.traits.trait import TraitType as T

CATALOGUE = Catalogue(
    traits={
        "income": T.CATEGORY,
        "monetary": T.NUMBER,
        "opted_in": T.FLAG,
        "last_order_at": T.TIME,
        "tags": T.LIST,
    },
    events={"Order Completed": {"revenue": T.NUMBER, "coupon": T.CATEGORY}, "Page Viewed": None},
    clusters={7: [1, 2]},
    segments={"lapsed": r.ListRule("vip")},
    lists={"vip"},
)
VIP = {"kind": "list", "list": "vip"}


def nested(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = VIP
    for _ in range(depth - 1):
        rule = {"kind": "not", "rule": rule}
    return rule


def event(**more: Any) -> dict[str, Any]:
    return {"kind": "event", "event": "Order Completed", **more}


def trait(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"kind": "trait", "trait": name, "op": op, "value": value}


def where(**more: Any) -> dict[str, Any]:
    return event(where=[more])


def sequence(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "sequence", "steps": list(steps), **more}


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (trait("incom", "eq", "x"), "trait", "Did you mean income?"),
    (trait("income", "gt", 5), "op", "Use eq, ne, in"),
    (trait("income", "eq", 5), "value", "Give a text."),
    (trait("income", "in", []), "value", "at least one"),
    (trait("income", "in", "x"), "value", "Give a list"),
    (trait("income", "in", ["x", 5]), "value", "each a text"),
    (trait("income", "matches", "("), "value", "RE2"),
    (trait("income", "matches", "(?<=a)b"), "value", "RE2"),
    (trait("income", "matches", "a" * 501), "value", "500 characters"),
    (trait("income", "matches", "((a{100}){100}){100}"), "value", "RE2"),
    (trait("income", "is_set", 3), "value", "Leave it out."),
    (trait("income", "eq"), "value", "Give a text."),
    (trait("monetary", "gt", "5"), "value", "number"),
    (trait("monetary", "gt", True), "value", "number"),
    (trait("monetary", "gt", 1e12), "value", "billion"),
    (trait("monetary", "between", [5]), "value", "list of two"),
    (trait("monetary", "between", [5, 1]), "value", "lower end first"),
    (trait("opted_in", "eq", 1), "value", "true or false"),
    (trait("last_order_at", "before", "yesterday"), "value", "2026-11-01"),
    (trait("last_order_at", "before", "2026-11-01T09:00:00"), "value", "+01:00"),
    (trait("last_order_at", "between", ["2026-11-02", "2026-11-01"]), "value", "lower end first"),
    (trait("last_order_at", "within_last", "P1M"), "value", "months have no fixed length"),
    (trait("last_order_at", "within_last", "P0D"), "value", "P30D"),
    (trait("tags", "eq", "x"), "op", "any_of"),
    ({"kind": "percentile", "trait": "income", "end": "top", "percent": 5}, "trait", "monetary"),
    ({"kind": "percentile", "trait": "monetary", "end": "top", "percent": 100}, "percent", "100"),
    (event(event="Order Complete"), "event", "Order Completed"),
    (event(aggregate="count"), "op", "gte"),
    (event(aggregate="count", op="gte", value="3"), "value", "number"),
    (event(aggregate="count", op="gte", value=3, property="revenue"), "property", "Leave it out."),
    (event(aggregate="sum", op="gte", value=3), "property", "Say what the sum is of."),
    (event(aggregate="sum", op="gte", value=3, property="coupon"), "property", "is a number"),
    (event(op="gte"), "op", "Leave 'op' out"),
    (event(within="P30D", between=["P2D", "P1D"]), "between", "not both"),
    (event(between=["P30D", "P60D"]), "between", "earlier end first"),
    (event(between=["2026-11-02", "2026-11-01"]), "between", "earlier end first"),
    (event(between=["x", "P1D"]), "between[0]", "2026-11-01"),
    (event(within="1 month"), "within", "P30D"),
    (event(within="P999999D"), "within", "P30D"),
    (where(property="revenu", op="gt", value=2), "where[0].property", "revenue"),
    (where(property="revenue", op="contains", value="2"), "where[0].op", "gte"),
    (where(products=[]), "where[0].products", "at least one filter"),
    (
        where(products=[{"property": "categry", "op": "eq", "value": "x"}]),
        "where[0].products[0].property",
        "category",
    ),
    (
        {"kind": "regularly", "event": "Page Viewed", "period": "P7D", "periods": 4, "at_least": 5},
        "at_least",
        "1 to 4",
    ),
    (
        {
            "kind": "regularly",
            "event": "Page Viewed",
            "period": "P1D",
            "periods": 10**9,
            "at_least": 1,
        },
        "periods",
        "1 to 400",
    ),
    (sequence({"event": "Page Viewed"}), "steps", "2 to 8"),
    (
        sequence({"event": "Page Viewed", "within": "P1D"}, {"event": "Page Viewed"}),
        "steps[0].within",
        "Leave it out.",
    ),
    (
        sequence({"event": "Page Viewed"}, {"event": "Nothing", "within": "P1D"}),
        "steps[1].event",
        "Page Viewed",
    ),
    (
        sequence({"event": "Page Viewed"}, then_not={"event": "Page Viewed", "within": "x"}),
        "then_not.within",
        "P30D",
    ),
    ({"kind": "cluster", "cluster": 3, "run": 7}, "cluster", "1, 2"),
    ({"kind": "cluster", "cluster": 1, "run": 8}, "run", "7"),
    ({"kind": "segment", "segment": "laps"}, "segment", "lapsed"),
    ({"kind": "list", "list": "vp"}, "list", "vip"),
    ({"kind": "any", "rules": []}, "rules", "at least one"),
    ({"kind": "at_least", "count": 3, "rules": [VIP, VIP]}, "count", "1 to 2"),
    ({"kind": "at_least", "count": 0, "rules": [VIP]}, "count", "1 to 1"),
]


@pytest.mark.parametrize(("rule", "path", "accepted"), REFUSED, ids=lambda given: str(given)[:70])
def test_a_bad_rule_is_refused_where_it_is_bad(
    rule: dict[str, Any], path: str, accepted: str
) -> None:
    outer = {"kind": "all", "rules": [VIP, {"kind": "not", "rule": rule}]}
    found = problems(read_rule(json.dumps(outer)), CATALOGUE)
    assert [problem.path for problem in found] == [f"rules[1].rule.{path}"]
    assert accepted in found[0].accepted


UNREADABLE: list[tuple[Any, str, str]] = [
    ({"kind": "nothing"}, "kind", "The kinds are trait, percentile, event"),
    ({}, "kind", "The kinds are"),
    ({"kind": "all", "rules": [VIP, 3]}, "rules[1]", ""),
    ({"kind": "trait", "trait": "x", "op": "~"}, "op", "'starts_with'"),
    ({"kind": "trait", "op": "eq"}, "trait", "Give 'trait'."),
    ({"kind": "trait", "trait": "x", "op": "eq", "value": {"a": 1}}, "value", "a list of them"),
    ({"kind": "list", "list": 3}, "list", "Give a text."),
    ({"kind": "list", "list": "x", "lst": "y"}, "lst", "A rule of kind 'list' has list, kind."),
    ({"kind": "not", "rule": {"kind": "not"}}, "rule.rule", "Give 'rule'."),
    (event(where=[{"property": "a", "op": "eq"}, {"products": [{"op": "eq"}]}]), "", "property"),
    (event(between=["P1D"]), "between[1]", "Give"),
    ({"format": 2, "rule": VIP}, "format", "format 1"),
    ({"kind": "list", "list": "\ud800"}, "", "whole ones"),
    ({"kind": "trait", "trait": "x", "op": "in", "value": ["a"] * 10_001}, "value", "as a list"),
]


@pytest.mark.parametrize(("given", "path", "accepted"), UNREADABLE, ids=lambda g: str(g)[:70])
def test_what_is_no_rule_is_refused_with_its_path(given: Any, path: str, accepted: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        read_rule(given)
    problem = refused.value.problems[0]
    assert problem.path.endswith(path)
    assert accepted in problem.accepted


@pytest.mark.parametrize(
    "text",
    [
        '{"kind":"not","rule":' * 10_000 + json.dumps(VIP) + "}" * 10_000,
        "[" * 10_000 + "]" * 10_000,
        "[" * 10_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
    ],
)
def test_ten_thousand_levels_are_refused_as_text(text: str) -> None:
    with pytest.raises(RuleRefused, match="nested too deeply"):
        read_rule(text)


def test_ten_thousand_levels_are_refused_as_objects() -> None:
    with pytest.raises(RuleRefused, match="nested too deeply"):
        read_rule(nested(10_000))


def test_the_deepest_rule_is_the_deepest_that_is_read() -> None:
    assert read_rule(nested(DEEPEST))
    with pytest.raises(RuleRefused) as refused:
        read_rule(nested(DEEPEST + 1))
    assert refused.value.problems[0].path == ".".join(["rule"] * DEEPEST)


def test_brackets_in_texts_do_not_nest() -> None:
    rule = read_rule(json.dumps({"kind": "list", "list": '[{"\\' * 1000}))
    assert isinstance(rule, r.ListRule)


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe", "NaN", "[1, 2]", '"text"', "null"])
def test_what_is_not_json_of_a_rule_is_refused(text: str | bytes) -> None:
    with pytest.raises(RuleRefused):
        read_rule(text)


@pytest.mark.parametrize(
    ("text", "what", "accepted"),
    [
        ('{"kind": "list", "list": "a", "list": "b"}', "'list' is said twice", "Say it once"),
        ("[]", "[] can't be used here", "an object that says its kind"),
        ("null", "None can't be used here", "an object that says its kind"),
        ('{"kind": "all", "rules": "abc"}', "'abc' can't be used here", "Give a list."),
        ('{"kind": "at_least", "count": true, "rules": []}', "True can't", "a whole number"),
        (f'{{"kind": "list", "list": {"9" * 5000}}}', "thousands of digits", "smaller ones"),
        ('{"kind": "list"}'.encode("utf-16"), "not in UTF-8", "in UTF-8"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_this_language(
    text: str | bytes, what: str, accepted: str
) -> None:
    with pytest.raises(RuleRefused) as refused:
        read_rule(text)
    assert what in refused.value.what
    assert accepted in refused.value.fix


def test_a_mark_before_the_text_is_no_harm() -> None:
    assert read_rule(b'\xef\xbb\xbf{"kind": "list", "list": "a"}') == r.ListRule("a")


def test_too_many_conditions_are_refused() -> None:
    with pytest.raises(RuleRefused, match="too long"):
        read_rule({"kind": "any", "rules": [VIP] * 501})


def test_every_problem_is_told_in_the_order_of_the_rule() -> None:
    rule = read_rule({"kind": "all", "rules": [trait("a", "is_set"), VIP, trait("b", "is_set")]})
    with pytest.raises(RuleRefused) as refused:
        check(rule, CATALOGUE)
    assert [p.path for p in refused.value.problems] == ["rules[0].trait", "rules[2].trait"]
    assert "1 more problem" in str(refused.value)


CIRCLE: dict[str, r.Rule] = {
    "a": r.NotRule(r.SegmentRule("b")),
    "b": r.AllRule((r.ListRule("vip"), r.SegmentRule("c"))),
    "c": r.SegmentRule("a"),
    "fine": r.ListRule("vip"),
}


def test_a_circle_of_segments_is_refused_with_its_path() -> None:
    rule = r.AnyRule((r.SegmentRule("fine"), r.SegmentRule("a")))
    found = problems(rule, Catalogue(segments=CIRCLE))
    assert [(p.path, p.what) for p in found] == [
        ("rules[1].segment", "It would depend on itself: a → b → c → a.")
    ]


def test_a_segment_may_not_come_back_to_itself() -> None:
    without = {key: rule for key, rule in CIRCLE.items() if key != "a"}
    found = problems(CIRCLE["a"], Catalogue(segments=without), name="a")
    assert [p.what for p in found] == ["It would depend on itself: a → b → c → a."]


def test_two_ways_to_one_segment_are_no_circle() -> None:
    segments: dict[str, r.Rule] = {
        f"s{i}": r.AnyRule((r.SegmentRule(f"s{i + 1}"), r.SegmentRule(f"s{i + 1}")))
        for i in range(200)
    }
    segments["s200"] = r.ListRule("vip")  # 2^200 ways: each segment is looked at once
    assert problems(r.SegmentRule("s0"), Catalogue(segments=segments)) == []


@pytest.mark.parametrize(
    "rule",
    [
        r.SegmentRule("unheard of"),
        r.ListRule("unheard of"),
        r.ClusterRule(1, 99),
        r.PercentileRule("monetary", "top", 10),
        r.TraitRule("unheard of", "is_set"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_never_quietly_false(rule: r.Rule) -> None:
    with pytest.raises(UserError):
        compile_rule(r.AnyRule((r.AllRule(()), rule)), Context(traits={}))


def test_a_circle_is_refused_when_it_is_compiled_too() -> None:
    context = Context(segments=CIRCLE, lists={"vip": frozenset()})
    with pytest.raises(UserError, match="a → b → c → a"):
        compile_rule(r.SegmentRule("a"), context)


@pytest.mark.parametrize(
    "text", ["P1M", "P1Y", "P", "PT", "P-1D", "30D", "P1.5D", "P1DT", "", "p1d"]
)
def test_lengths_that_are_not_fixed_are_no_lengths(text: str) -> None:
    with pytest.raises(UserError):
        duration(text)


@pytest.mark.parametrize("text", ["2026", "0001-01-01T00:00:00+14:00", "2026-02-30", "now"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        instant(text)


def test_the_published_schema_is_current() -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "segment-rule.schema.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(json_schema())), (
        "Write it anew: python -m kindred.segments.codec > docs/reference/segment-rule.schema.json"
    )
