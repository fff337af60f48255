"""Random rules that conditions can say, with people: what JavaScript is asked, and the answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from kindred.segments.conditions import CannotSay, attributes, condition
from kindred.segments.membership import belongs
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from tests.support.conditions import CONTEXT, GROUPS, people, plain_rules
from tests.support.segment_worlds import AS_OF


@dataclass(frozen=True)
class Case:
    """One question, and what the rule itself answers."""

    condition: dict[str, Any]
    attributes: dict[str, Any]
    groups: dict[str, list[str]]
    expected: bool


def cases(count: int) -> list[Case]:
    """Draw so many, always the same."""
    found: list[Case] = []

    @seed(1)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(rule=plain_rules, persons=people)
    def draw(rule: Rule, persons: list[Profile]) -> None:
        try:
            said = condition(rule, CONTEXT, lists=frozenset(GROUPS))
        except CannotSay:
            return
        for person in persons:
            told = attributes(person)
            if all(not isinstance(v, float) or math.isfinite(v) for v in told.values()):
                expected = belongs(person, rule, CONTEXT, AS_OF)
                found.append(Case(dict(said.condition), told, GROUPS, expected))

    draw()
    return found
