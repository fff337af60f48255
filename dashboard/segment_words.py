"""The words of the rule editor: kinds of conditions, operators, lengths of time."""

from __future__ import annotations

import re
from typing import Final

KINDS: Final = {
    "trait": ("A trait", ":material/tune:"),
    "percentile": ("Top or bottom of a trait", ":material/leaderboard:"),
    "event": ("An event, counted or added up", ":material/bolt:"),
    "first_time": ("An event for the first time", ":material/new_releases:"),
    "stopped": ("Stopped doing something", ":material/hourglass_disabled:"),
    "restarted": ("Began again", ":material/restart_alt:"),
    "regularly": ("Does something regularly", ":material/event_repeat:"),
    "sequence": ("One event after another", ":material/linear_scale:"),
    "cluster": ("In a cluster", ":material/scatter_plot:"),
    "segment": ("In another segment", ":material/group:"),
    "list": ("On a list", ":material/list:"),
}
GROUPS: Final = {
    "all": "all of these",
    "any": "any of these",
    "at_least": "at least some of these",
}
OPERATORS: Final = {
    "eq": "is",
    "ne": "is known and not",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "between": "is between",
    "in": "is one of",
    "not_in": "is known and none of",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches the pattern",
    "is_set": "is known",
    "is_not_set": "is not known",
    "before": "is before",
    "after": "is on or after",
    "within_last": "is in the last",
    "within_next": "is in the next",
    "any_of": "holds any of",
    "all_of": "holds all of",
    "none_of": "is known and holds none of",
}
AGGREGATES: Final = {
    "did": "did",
    "did_not": "did not do",
    "count": "number of",
    "sum": "total",
    "avg": "average",
    "min": "smallest",
    "max": "largest",
}
UNITS: Final = {"H": "hours", "D": "days", "W": "weeks"}
_SIMPLE: Final = re.compile(r"P(?:T(\d+)(H)|(\d+)([DW]))")


def simple_length(text: str) -> tuple[int, str] | None:
    """Read a length that is a number of one unit; none where it is written otherwise.

    Examples
    --------
    >>> simple_length("P30D"), simple_length("PT6H"), simple_length("P1DT12H")
    ((30, 'D'), (6, 'H'), None)
    """
    found = _SIMPLE.fullmatch(text)
    if found is None:
        return None
    return (int(found[1]), found[2]) if found[1] else (int(found[3]), found[4])


def length(number: int, unit: str) -> str:
    """Write a length.

    Examples
    --------
    >>> length(30, "D"), length(6, "H")
    ('P30D', 'PT6H')
    """
    return f"PT{number}H" if unit == "H" else f"P{number}{unit}"
