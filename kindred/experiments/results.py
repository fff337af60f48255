"""Results as they are shown and written: plain values, full precision, null where none exists."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from kindred.experiments.bayes import Posterior
from kindred.experiments.comparison import Lift
from kindred.experiments.estimates import Estimate
from kindred.experiments.heterogeneity import Interaction
from kindred.experiments.sequential import AlwaysValid

Interval = tuple[float, float]


@dataclass(frozen=True)
class Reading:
    """One metric of one variation against the control, read in all ways at once."""

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

    def as_json(self) -> dict[str, Any]:
        """Give the contract's fields; what does not exist is null."""
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
            "chance_to_win": number(self.belief.chance_to_win if self.belief else math.nan),
            "expected_loss": number(self.belief.expected_loss if self.belief else math.nan),
            "sequential_ci": numbers(self.always.interval()) if self.always else None,
            "sequential_p_value": number(self.always.p_value()) if self.always else None,
        }


@dataclass(frozen=True)
class Result:
    """A metric of a variation: as measured, and less what covariates foretold (CUPED)."""

    metric: str
    variation: str
    control: str
    plain: Reading
    cuped: Reading | None
    explained: float | None

    def with_adjusted(self, plain: float, cuped: float) -> Result:
        """Carry p-values that were corrected over their family."""
        return replace(
            self,
            plain=replace(self.plain, adjusted_p_value=plain),
            cuped=replace(self.cuped, adjusted_p_value=cuped) if self.cuped else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Give the contract's fields."""
        names = {"metric": self.metric, "variation": self.variation, "control": self.control}
        cuped = None
        if self.cuped is not None:
            cuped = self.cuped.as_json() | {"variance_explained": number(self.explained)}
        return names | self.plain.as_json() | {"cuped": cuped}


@dataclass(frozen=True)
class SegmentResult:
    """A metric of a variation over the levels of a segment column."""

    segment: str
    metric: str
    variation: str
    interaction: Interaction
    levels: tuple[tuple[str, Result], ...]

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
            },
            "levels": [{"level": level} | result.as_json() for level, result in self.levels],
        }


def number(value: float | None) -> float | None:
    """Let only finite numbers through: JSON has no others."""
    return float(value) if value is not None and math.isfinite(value) else None


def numbers(interval: Interval) -> list[float] | None:
    """Give an interval, if both its ends exist."""
    return [float(end) for end in interval] if all(map(math.isfinite, interval)) else None
