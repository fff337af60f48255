"""The verdict: ship, don't, keep running until when, or mend first; in a sentence, with reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from kindred.experiments.analysis import Settings
from kindred.experiments.definition import Method
from kindred.experiments.guardrails import Verdict
from kindred.experiments.planning import outlook
from kindred.experiments.readings import Seen, read_all
from kindred.experiments.report import Report

FATAL: Final = (
    "sample_ratio_mismatch",
    "control_missing",
    "one_arm",
    "no_rows",
)


class Act(StrEnum):
    """What to do."""

    SHIP = "ship"
    DONT = "don't"
    KEEP = "keep running"
    WEIGH = "weigh"  # the primary metric wins, a guardrail is not safe
    MEND = "mend first"  # the data can't be trusted
    WAIT = "wait"  # there is nothing to read yet


@dataclass(frozen=True)
class Decision:
    """What to do, in a sentence, and why.

    Parameters
    ----------
    headline : str
        The verdict.
    why : tuple of str
        Sentences, the strongest reason first.
    variation : str or None
        Which one it is about.
    until : date or None
        Until when to keep it running.
    """

    act: Act
    headline: str
    why: tuple[str, ...] = ()
    variation: str | None = None
    until: date | None = None


@dataclass(frozen=True)
class Plan:
    """What a verdict rests on beside the numbers.

    Parameters
    ----------
    ends : date or None
        Planned end; none: what is there is all there will be.
    effect : float or None
        The relative lift that it was planned to find.
    labels : mapping
        How people call the variations.
    """

    primary: str
    method: Method
    today: date | None = None
    ends: date | None = None
    effect: float | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the planned end has come."""
        return self.ends is None or (self.today is not None and self.today >= self.ends)

    def label(self, variation: str) -> str:
        """Say what people call a variation."""
        return self.labels.get(variation, variation)


def decide(report: Report, settings: Settings, plan: Plan) -> Decision:
    """Give the verdict on an experiment.

    Health comes first: where the data can't be trusted no result is read. Then the primary metric
    decides, by the plan's method, and guardrails may hold a winner back.
    """
    fatal = [caveat for caveat in report.caveats if caveat.code in FATAL]
    if fatal:
        told = tuple(f"{caveat.message} ({caveat.where})" for caveat in fatal)
        return Decision(Act.MEND, "Don't read the results yet: the data can't be trusted.", told)
    primary = [r for r in report.results if r.metric == plan.primary]
    seen = read_all(primary, plan.method, settings.correction)
    usable = [one for one in seen if one.interval is not None]
    if not usable:
        return Decision(
            Act.WAIT, "There is nothing to judge yet.", ("No arm has enough people to test.",)
        )
    may_end = plan.over or plan.method == "sequential"
    decided = [one for one in usable if one.decided(plan.method, settings.alpha)]
    winners = [one for one in decided if one.better]
    if winners and may_end:
        return _won(max(winners, key=_size), report, settings, plan)
    if len(decided) == len(usable) and not winners and may_end:
        return _lost(decided, settings, plan)
    if not plan.over:
        return _keep(usable, decided, settings, plan)
    return _undecided(max(usable, key=_size), settings, plan)


def _won(seen: Seen, report: Report, settings: Settings, plan: Plan) -> Decision:
    arm = plan.label(seen.result.variation)
    why = [lift_in_words(seen, plan, settings.alpha)]
    variation = seen.result.variation
    peeking = plan.method == "sequential"
    guards = [
        (r.metric, kept)
        for r in report.results
        if r.variation == variation and (kept := r.guarded(peeking=peeking)) is not None
    ]
    broken = [(name, kept) for name, kept in guards if kept.broken]
    unsure = [(name, kept) for name, kept in guards if not kept.holds and not kept.broken]
    if broken:
        why += [guardrail_in_words(*one) for one in broken]
        named = " and ".join(name for name, _ in broken)
        return Decision(
            Act.DONT, f"Don't ship {arm}: {plan.primary} wins, but {named} gets worse.",
            tuple(why), variation,
        )  # fmt: skip
    if unsure:
        why += [guardrail_in_words(*one) for one in unsure]
        named = " and ".join(name for name, _ in unsure)
        if not plan.over:
            return Decision(
                Act.KEEP,
                f"Keep running until {day_in_words(plan.ends)}: {arm} wins, but {named} is not yet "
                "shown to be safe.",
                tuple(why),
                variation,
                plan.ends,
            )
        return Decision(
            Act.WEIGH,
            f"Your call: {arm} wins on {plan.primary}, but {named} is not shown to be safe.",
            tuple(why),
            variation,
        )
    why += [guardrail_in_words(*one) for one in guards]
    return Decision(Act.SHIP, f"Ship {arm}: {_plainly(seen, plan)}.", tuple(why), variation)


def _lost(decided: Sequence[Seen], settings: Settings, plan: Plan) -> Decision:
    worst = min(decided, key=_size)
    arm = plan.label(worst.result.variation)
    return Decision(
        Act.DONT,
        f"Don't ship {arm}: {_plainly(worst, plan)}.",
        tuple(lift_in_words(seen, plan, settings.alpha) for seen in decided),
        worst.result.variation,
    )


def _keep(
    usable: Sequence[Seen], decided: Sequence[Seen], settings: Settings, plan: Plan
) -> Decision:
    why = [lift_in_words(seen, plan, settings.alpha) for seen in usable]
    why += power_in_words(max(usable, key=_size), plan, settings.alpha)
    until = day_in_words(plan.ends)
    if decided and plan.method != "sequential":
        why.append(
            "It looks decided, but this method may only be read at the planned end; the sequential "
            "one may be read today."
        )
        told = f"Keep running until {until}: this method is read at the end only."
    else:
        told = f"Keep running until {until}: chance would still explain what is seen."
    return Decision(Act.KEEP, told, tuple(why), None, plan.ends)


def _undecided(seen: Seen, settings: Settings, plan: Plan) -> Decision:
    why = [lift_in_words(seen, plan, settings.alpha)]
    assert seen.interval is not None
    low, high = seen.interval
    why.append(
        f"If there is an effect, it lies between {_amount(low, seen.relative)} and "
        f"{_amount(high, seen.relative)}; more people would be needed to tell."
    )
    why += power_in_words(seen, plan, settings.alpha)
    return Decision(
        Act.DONT,
        f"Don't ship: no effect of {plan.label(seen.result.variation)} on {plan.primary} is shown.",
        tuple(why),
        seen.result.variation,
    )


def lift_in_words(seen: Seen, plan: Plan, alpha: float) -> str:
    """Say a result with its interval, its n, and how sure it is."""
    arm = plan.label(seen.result.variation)
    if seen.interval is None:
        return f"{arm}: {seen.result.metric} can't be tested."
    low, high = (_amount(end, seen.relative) for end in seen.interval)
    n = f"n = {seen.reading.arm.n:,} and {seen.reading.control.n:,}"
    if seen.reading is seen.result.cuped:
        n += "; less what was known before"
    sure = (
        f"chance to win {_share(seen.chance)}"
        if plan.method == "bayesian"
        else p_in_words(seen.p_value)
    )
    return (
        f"{arm} changes {seen.result.metric} by {_amount(seen.lift, seen.relative)} "
        f"({_share(1 - alpha)} interval {low} to {high}; {sure}; {n})."
    )


def power_in_words(seen: Seen, plan: Plan, alpha: float) -> list[str]:
    """Say what could be found by now, from the spread that is seen; nothing where no plan was."""
    if not plan.effect or not seen.relative:
        return []
    reading = seen.reading
    look = outlook(reading.relative, reading.arm.n + reading.control.n, plan.effect, alpha)
    if look is None:
        return []
    told = (
        f"By now a change of {_share(look.detectable)} would be found four times of five, read once"
    )
    if look.units_left:
        more = f"{look.units_left:,} more {'person' if look.units_left == 1 else 'people'}"
        told += f"; for the {_share(abs(plan.effect))} planned it takes about {more}"
    return [f"{told}."]


def guardrail_in_words(metric: str, kept: Verdict) -> str:
    """Say whether a guardrail holds."""
    margin, worst = _share(kept.margin), _amount(kept.worst, kept.relative)
    if kept.broken:
        return f"Guardrail {metric} is broken: it got worse, at worst by {worst}."
    if kept.holds:
        return f"Guardrail {metric} holds: at worst {worst}, and {margin} worse is fine."
    return (
        f"Guardrail {metric} is not shown to hold: at worst {worst}, where {margin} worse is fine."
    )


def p_in_words(p_value: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_in_words(0.0321), p_in_words(1e-9), p_in_words(0.5)
    ('p = .032', 'p < .0001', 'p = .50')
    """
    if not math.isfinite(p_value):
        return "no test"
    if p_value < 1e-4:
        return "p < .0001"
    digits = 2 if p_value >= 0.1 else 3 if p_value >= 0.01 else 4
    return f"p = {p_value:.{digits}f}".replace("0.", ".", 1)


def day_in_words(day: date | None) -> str:
    """Write a day.

    Examples
    --------
    >>> day_in_words(date(2026, 11, 3))
    '3 November 2026'
    """
    return "the planned end" if day is None else day.strftime("%-d %B %Y")


def _plainly(seen: Seen, plan: Plan) -> str:
    verb = "lifts" if seen.lift > 0 else "lowers"
    size = _amount(abs(seen.lift), seen.relative).lstrip("+")
    return f"it {verb} {plan.primary} by {size}, and it is not chance"


def _size(seen: Seen) -> float:
    return seen.lift if seen.reading.better == "higher" else -seen.lift


def _amount(value: float, relative: bool) -> str:
    """Write a lift with its sign: as a share of the control's value, or as it is."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{_share(abs(value))}" if relative else f"{sign}{abs(value):.3g}"


def _share(value: float) -> str:
    percent = value * 100
    digits = 0 if percent >= 99.95 or percent == round(percent) else 1 if percent < 10 else 0
    if 99 < percent < 100 and digits == 0 and percent != round(percent):
        digits = 1
    return f"{percent:.{digits}f}\N{NO-BREAK SPACE}%"
