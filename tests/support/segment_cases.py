"""The readable cases of cases.json, as people, rules and contexts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kindred.segments.context import Context
from kindred.segments.durations import instant
from kindred.segments.parse import read_rule
from kindred.segments.profile import Happened
from kindred.segments.rules import Rule
from tests.support.segment_worlds import RUN, Person

FILE = Path(__file__).parents[1] / "kindred" / "segments" / "cases.json"
_READ: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
CASES_AS_OF: datetime = instant(_READ["as_of"])


@dataclass(frozen=True)
class Case:
    """One case: is this person in?"""

    name: str
    rule: Rule
    person: Person
    expected: bool
    why: str
    given: dict[str, Any] = field(repr=False)

    @property
    def plain(self) -> bool:
        """Whether the case brings no lists, segments or thresholds of its own."""
        return not self.given.keys() & {"lists", "segments", "thresholds"}

    def context(self) -> Context:
        """Give what the case says beside the person."""
        return Context(
            thresholds={
                (trait, end, float(percent)): value
                for trait, end, percent, value in self.given.get("thresholds", ())
            },
            segments={key: read_rule(r) for key, r in self.given.get("segments", {}).items()},
            lists={name: frozenset(ids) for name, ids in self.given.get("lists", {}).items()},
            cluster_runs=frozenset({RUN}),
        )


def read_cases() -> list[Case]:
    """Read all."""
    return [
        Case(
            case["name"],
            read_rule(case["rule"]),
            _person(case["person"]),
            case["expected"],
            case["why"],
            case["person"],
        )
        for case in _READ["cases"]
    ]


def _person(given: dict[str, Any]) -> Person:
    traits = {
        name: instant(value) if name == "last_order_at" else value
        for name, value in given.get("traits", {}).items()
    }
    events = [
        Happened(e["event"], instant(e["at"]), e["properties"], e.get("message_id"))
        for e in given.get("events", ())
    ]
    return Person("me", traits, events, given.get("clusters", {}).get(str(RUN)))
