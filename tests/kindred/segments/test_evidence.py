"""Why somebody is in: the leaves that decided, with the person's own values."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings

from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.evidence import why
from kindred.segments.membership import belongs
from kindred.segments.profile import Happened, Profile
from tests.support.segment_worlds import AS_OF, World, rules, worlds

ANN = Profile.of(
    "ann",
    {"monetary": 120.0, "income": "50-74K"},
    [
        Happened("Order Completed", AS_OF - timedelta(days=d), {"revenue": 40.0})
        for d in (3, 10, 50)
    ],
    {7: 3},
)
RICH = r.TraitRule("monetary", "gt", 100)
POOR = r.TraitRule("monetary", "lt", 10)
THREE = r.EventRule("Order Completed", "count", "gte", 3)


def told(rule: r.Rule, context: Context | None = None) -> list[tuple[str, bool, object]]:
    found = why(ANN, rule, context or Context(cluster_runs=frozenset({7})), AS_OF)
    return [(leaf.path, leaf.holds, leaf.value) for leaf in found]


def test_of_all_every_rule_decides() -> None:
    assert told(r.AllRule((RICH, THREE))) == [("rules[0]", True, 120.0), ("rules[1]", True, 3)]


def test_of_all_that_fails_only_what_fails_decides() -> None:
    assert told(r.AllRule((RICH, POOR))) == [("rules[1]", False, 120.0)]


def test_of_any_only_what_holds_decides() -> None:
    assert told(r.AnyRule((POOR, RICH))) == [("rules[1]", True, 120.0)]


def test_a_negation_shows_what_it_negates() -> None:
    assert told(r.NotRule(POOR)) == [("rule", False, 120.0)]


def test_a_segment_is_looked_into() -> None:
    context = Context(segments={"rich": r.AnyRule((POOR, RICH))})
    assert told(r.SegmentRule("rich"), context) == [("segment(rich).rules[1]", True, 120.0)]


def test_each_leaf_shows_the_persons_own_value() -> None:
    spent = r.EventRule("Order Completed", "sum", "gte", 1, "revenue", "P30D")
    mean = r.EventRule("Order Completed", "avg", "gte", 1, "revenue")
    largest = r.EventRule("Order Completed", "max", "gte", 1, "revenue")
    nothing = r.EventRule("Page Viewed", "avg", "gte", 1, "revenue")
    stopped = r.StoppedRule("Order Completed", "P1D")
    first = r.FirstTimeRule("Order Completed")
    weekly = r.RegularlyRule("Order Completed", "P7D", 8, 3)
    twice = r.SequenceRule((r.Step("Order Completed"), r.Step("Order Completed")))
    expected: dict[r.Rule, object] = {
        spent: 80.0,
        mean: 40.0,
        largest: 40.0,
        nothing: None,
        stopped: AS_OF - timedelta(days=3),
        first: AS_OF - timedelta(days=50),
        weekly: 3,
        twice: AS_OF - timedelta(days=3),
        r.ClusterRule(3, 7): 3,
        r.TraitRule("age", "is_not_set"): None,
    }
    for leaf, value in expected.items():
        assert told(leaf)[0][2] == value, leaf


@settings(max_examples=200, deadline=None)
@given(world=worlds, rule=rules)
def test_evidence_is_true_of_the_person(world: World, rule: r.Rule) -> None:
    context = world.context([rule])
    for person in world.people:
        profile = person.profile()
        found = why(profile, rule, context, AS_OF)
        if isinstance(rule, r.AllRule) and rule.rules and belongs(profile, rule, context, AS_OF):
            assert all(leaf.path.startswith("rules[") for leaf in found)
        for leaf in found:
            assert leaf.clause
