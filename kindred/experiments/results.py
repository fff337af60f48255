"""Results as they are shown and written: plain values, full precision, null where none exists."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from kindred.experiments.bayes import BetaBelief, Posterior, beta_chance_and_loss
from kindred.experiments.comparison import Lift
from kindred.experiments.estimates import Estimate
from kindred.experiments.guardrails import Better, Verdict
from kindred.experiments.heterogeneity import Interaction
from kindred.experiments.sequential import AlwaysValid

Interval = tuple[float, float]


@dataclass(frozen=True)
class Reading:
    """One metric of one variation against the control, read in all ways at once.

    Parameters
    ----------
    belief, relative_belief : Posterior or None
        Of the absolute lift, and of the relative one where the control's value is above zero.
    always, always_relative : AlwaysValid or None
        The lifts as they may be looked at every day.
    counts : pair of BetaBelief, optional
        Control's and arm's rate, for metrics that are 0 or 1.
    """

    control: Estimate
    arm: Estimate
    absolute: Lift
    relative: Lift
    interval: Interval
    relative_interval: Interval
    p_value: float
    belief: Posterior | None
    always: AlwaysValid | None
    always_relative: AlwaysValid | None
    adjusted_p_value: float = math.nan
    always_adjusted_p_value: float = math.nan
    alpha: float = 0.05
    better: Better = "higher"
    counts: tuple[BetaBelief, BetaBelief] | None = None
    relative_belief: Posterior | None = None

    @property
    def winning(self) -> Posterior | None:
        """The belief in how much better the arm is; above zero is better, whatever the metric."""
        if self.belief is None or self.better == "higher":
            return self.belief
        return self.belief.reversed

    def beta_binomial(self) -> dict[str, float] | None:
        """Give the exact chance to win and expected loss of a rate, from uniform priors."""
        if self.counts is None:
            return None
        control, arm = self.counts
        if self.better == "lower":  # fewer conversions are more of the others
            control, arm = control.reversed, arm.reversed
        chance, loss = beta_chance_and_loss(control, arm)
        return {"chance_to_win": chance, "expected_loss": loss}

    def as_json(self) -> dict[str, Any]:
        """Give the contract's fields; what does not exist is null."""
        winning, always, relative = self.winning, self.always, self.always_relative
        return {
            "n": self.arm.n,
            "n_control": self.control.n,
            "mean": number(self.arm.value),
            "mean_control": number(self.control.value),
            "lift": number(self.absolute.value),
            "lift_ci": numbers(self.interval),
            "p_value": number(self.p_value),
            "relative_lift": number(self.relative.value),
            "relative_lift_ci": numbers(self.relative_interval),
            "relative_p_value": number(self.relative.p_value),
            "p_value_adjusted": number(self.adjusted_p_value),
            "standard_error": number(self.absolute.standard_error),
            "degrees_of_freedom": number(self.absolute.degrees_of_freedom),
            "chance_to_win": number(winning.chance_to_win if winning else None),
            "expected_loss": number(winning.expected_loss if winning else None),
            "credible_interval": _credible(self.belief, self.alpha),
            "relative_credible_interval": _credible(self.relative_belief, self.alpha),
            "sequential_ci": numbers(always.interval()) if always else None,
            "sequential_p_value": number(always.p_value()) if always else None,
            "sequential_p_value_adjusted": number(self.always_adjusted_p_value),
            "sequential_lower_bound": number(always.lower_bound()) if always else None,
            "sequential_upper_bound": number(always.upper_bound()) if always else None,
            "sequential_relative_ci": numbers(relative.interval()) if relative else None,
        }


@dataclass(frozen=True)
class Result:
    """A metric of a variation: as measured, and less what covariates foretold (CUPED).

    Parameters
    ----------
    explained : float or None
        Share of the variance that the covariates take away.
    guardrail, always_guardrail : Verdict or None
        Where the metric must not get worse: tested once, and so that it may be asked every day.
    """

    metric: str
    variation: str
    control: str
    plain: Reading
    cuped: Reading | None
    explained: float | None = None
    guardrail: Verdict | None = None
    always_guardrail: Verdict | None = None

    @property
    def best(self) -> Reading:
        """The sharper reading: adjusted where there is one."""
        return self.cuped or self.plain

    def guarded(self, *, peeking: bool) -> Verdict | None:
        """Say whether the guardrail holds, read once or so that it may be looked at every day."""
        return self.always_guardrail if peeking else self.guardrail

    def as_json(self) -> dict[str, Any]:
        """Give the contract's fields."""
        names = {"metric": self.metric, "variation": self.variation, "control": self.control}
        cuped = guardrail = None
        if self.cuped is not None:
            cuped = self.cuped.as_json() | {"variance_explained": number(self.explained)}
        if self.guardrail is not None:
            guardrail = asdict(self.guardrail)
            if self.always_guardrail is not None:
                told = asdict(self.always_guardrail)
                names_of = ("worst", "p_value", "holds", "broken")
                guardrail["sequential"] = {name: told[name] for name in names_of}
        more = {"beta_binomial": self.plain.beta_binomial(), "guardrail": guardrail}
        return names | self.plain.as_json() | {"cuped": cuped} | more


@dataclass(frozen=True)
class SegmentResult:
    """A metric of a variation over the levels of a segment column."""

    segment: str
    metric: str
    variation: str
    interaction: Interaction
    levels: tuple[tuple[str, Result], ...]

    def differ(self, *, peeking: bool) -> float:
        """Give the corrected p-value of whether levels differ, asked once or every day."""
        test = self.interaction
        return test.always_adjusted_p_value if peeking else test.adjusted_p_value

    def as_json(self) -> dict[str, Any]:
        """Give the test of whether levels differ, then each level."""
        return {
            "segment": self.segment,
            "metric": self.metric,
            "variation": self.variation,
            "interaction": {
                "statistic": number(self.interaction.statistic),
                "degrees_of_freedom": self.interaction.degrees_of_freedom,
                "p_value": number(self.interaction.p_value),
                "p_value_adjusted": number(self.interaction.adjusted_p_value),
                "sequential_p_value": number(self.interaction.always_p_value),
                "sequential_p_value_adjusted": number(self.interaction.always_adjusted_p_value),
            },
            "levels": [{"level": level} | result.as_json() for level, result in self.levels],
        }


def number(value: float | None) -> float | None:
    """Let only finite numbers through: JSON has no others."""
    return float(value) if value is not None and math.isfinite(value) else None


def _credible(belief: Posterior | None, alpha: float) -> list[float] | None:
    return None if belief is None else numbers(belief.interval(alpha))


def numbers(interval: Interval) -> list[float] | None:
    """Give an interval, if both its ends exist."""
    return [float(end) for end in interval] if all(map(math.isfinite, interval)) else None
