"""What later events alone tell of a rule is what all events tell, or it is not told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.durations import micros
from kindred.segments.membership import belongs
from kindred.segments.partial import compile_known
from kindred.segments.profile import Happened, Profile
from kindred.segments.rules import Rule
from tests.support.segment_worlds import AS_OF, BACK, World, rules, worlds

NOW = micros(AS_OF)
backs = st.sampled_from(BACK).map(lambda back: AS_OF - back)


@given(world=worlds, rule=rules, since=backs)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_answer_from_later_events_is_the_answer_from_all(
    world: World, rule: Rule, since: datetime
) -> None:
    context = world.context([rule])
    known = compile_known(rule, context)
    for person in world.people:
        once = [e for e in person.events if e.message_id is None]
        clusters = person.profile().clusters
        whole = Profile.of(person.id, person.traits, once, clusters)
        late = Profile.of(person.id, person.traits, [e for e in once if e.at >= since], clusters)
        answer = known(late, NOW, micros(since))
        event(str(answer))
        assert answer in (None, belongs(whole, rule, context, AS_OF))
        assert known(whole, NOW, -(1 << 62)) is belongs(whole, rule, context, AS_OF)


def did(*days_ago: float) -> Profile:
    return Profile.of("p", {}, [Happened("Order", AS_OF - timedelta(days=d)) for d in days_ago])


WEEK = micros(AS_OF - timedelta(days=7))


@pytest.mark.parametrize(
    ("rule", "seen", "expected"),
    [
        (r.EventRule("Order"), did(1), True),  # ever: whatever came before
        (r.EventRule("Order"), did(), None),
        (r.EventRule("Order", within="P7D"), did(), False),
        (r.EventRule("Order", within="P8D"), did(), None),
        (r.EventRule("Order", "did_not"), did(1), False),
        (r.EventRule("Order", "count", "gte", 2), did(1, 2), True),
        (r.EventRule("Order", "count", "gte", 3), did(1, 2), None),
        (r.EventRule("Order", "count", "lt", 2), did(1, 2), False),
        (r.EventRule("Order", "count", "eq", 2), did(1, 2), None),
        (r.StoppedRule("Order", "P3D"), did(1), False),  # an order, and one has not stopped
        (r.StoppedRule("Order", "P3D"), did(5), True),
        (r.StoppedRule("Order", "P3D"), did(), None),
        (r.FirstTimeRule("Order", within="P3D"), did(5), False),
        (r.FirstTimeRule("Order", within="P3D"), did(1), None),
        (r.RestartedRule("Order", "P1D", "P3D"), did(0.5, 2), False),
        (r.RestartedRule("Order", "P1D", "P3D"), did(0.5), None),
        (r.RestartedRule("Order", "P1D", "P3D"), did(0.5, 6), True),
    ],
)
def test_what_was_seen_decides_or_does_not(rule: Rule, seen: Profile, expected: bool) -> None:
    assert compile_known(rule, Context())(seen, NOW, WEEK) is expected


def test_one_part_that_is_known_may_decide_a_group() -> None:
    ever, lately = r.EventRule("Order"), r.EventRule("Order", within="P7D")
    nobody = did()
    answers: dict[Rule, bool | None] = {
        r.AllRule((ever, lately)): False,
        r.AnyRule((ever, r.NotRule(lately))): True,
        r.AnyRule((ever, lately)): None,
        r.AtLeastRule(2, (ever, ever, lately)): None,
        r.NotRule(ever): None,
        r.AllRule(()): True,
        r.AnyRule(()): False,
        r.AtLeastRule(0, (ever,)): True,
    }
    for rule, expected in answers.items():
        assert compile_known(rule, Context())(nobody, NOW, WEEK) is expected, rule
