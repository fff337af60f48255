"""How experiments are said: verdicts, methods, health, lifts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from dashboard.format import count, number, percent
from kindred.experiments.definition import Method
from kindred.experiments.readings import Seen
from kindred.experiments.results import Reading
from kindred.experiments.verdict import Act, p_in_words

METHODS: Final[Mapping[Method, str]] = {
    "sequential": "Sequential",
    "fixed": "Fixed",
    "bayesian": "Bayesian",
}
BADGES: Final[Mapping[Act, tuple[str, str, str]]] = {
    Act.SHIP: ("Ship", "green", ":material/rocket_launch:"),
    Act.DONT: ("Don't ship", "red", ":material/block:"),
    Act.KEEP: ("Keep running", "blue", ":material/hourglass_top:"),
    Act.WEIGH: ("Your call", "orange", ":material/balance:"),
    Act.MEND: ("Mend first", "red", ":material/warning:"),
    Act.WAIT: ("Waiting", "gray", ":material/schedule:"),
}
STATUS: Final[Mapping[str, str]] = {
    "draft": "Not published here",
    "running": "Running",
    "over": "Planned days are over",
    "ended": "Ended",
}


def badge(act: Act) -> str:
    """Give a verdict as a badge with a word."""
    word, colour, icon = BADGES[act]
    return f":{colour}-badge[{icon} {word}]"


def lift(value: float, relative: bool) -> str:
    """Write a lift with its sign.

    Examples
    --------
    >>> print(lift(0.1, True), lift(-0.256, True), lift(2.5, False))
    +10 % −26 % +2.50
    """
    if not math.isfinite(value):
        return "unknown"
    if relative and abs(value) < 0.001:
        return percent(0)
    told = percent(value) if relative else number(value)
    return f"+{told}" if value > 0 else told


def interval(seen: Seen) -> str:
    """Write a result's interval."""
    if seen.interval is None:
        return "no test"
    low, high = seen.interval
    return f"{lift(low, seen.relative)} to {lift(high, seen.relative)}"


def sure(seen: Seen, method: Method) -> str:
    """Write how sure a result is, by its method."""
    if method == "bayesian":
        return "unknown" if math.isnan(seen.chance) else f"{percent(seen.chance)} to win"
    return p_in_words(seen.p_value)


def value(reading: Reading, amount: float) -> str:
    """Write what a metric comes to in an arm: a rate as a percentage."""
    if not math.isfinite(amount):
        return "unknown"
    rate = reading.counts is not None or (0 <= amount <= 1 and reading.control.unadjusted <= 1)
    return percent(amount) if rate else number(amount)


def told(seen: Seen, method: Method, label: str) -> str:
    """Say one result in a line, for a tooltip."""
    reading = seen.reading
    n = f"n = {count(reading.arm.n)} and {count(reading.control.n)}"
    return (
        f"{label}: {lift(seen.lift, seen.relative)} ({interval(seen)}), {sure(seen, method)}, {n}"
    )
