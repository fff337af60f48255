"""Were the arms alike before the experiment? Covariates compared as if they were metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kindred.experiments.comparison import absolute_lift
from kindred.experiments.estimates import Estimate, Summary
from kindred.experiments.moments import Moments
from kindred.experiments.results import number

if TYPE_CHECKING:
    from kindred.experiments.analysis import Metric


@dataclass(frozen=True)
class Balance:
    """How far an arm lay from the control before anybody was exposed.

    Parameters
    ----------
    lift : float
        Arm minus control, of the covariate.
    p_value : float
        Two-sided, Welch: randomised arms differ by chance alone.
    """

    metric: str
    covariate: str
    variation: str
    lift: float
    p_value: float

    @property
    def place(self) -> str:
        """Where a caveat about it belongs."""
        return f"{self.metric} · {self.variation} · {self.covariate}"

    def as_json(self) -> dict[str, Any]:
        """Give its fields; what does not exist is null."""
        return {
            "metric": self.metric,
            "covariate": self.covariate,
            "variation": self.variation,
            "lift": number(self.lift),
            "p_value": number(self.p_value),
        }


def balance(metric: Metric, arms: Mapping[str, Summary], control: str) -> list[Balance]:
    """Compare each covariate of a metric between every arm and the control.

    Kohavi, Tang & Xu (2020), *Trustworthy online controlled experiments*, ch. 19: an A/A test on
    the days before.
    """
    base = arms.get(control)
    if not isinstance(base, Moments) or base.n < 2:
        return []
    found = []
    for variation, summary in arms.items():
        if variation == control or not isinstance(summary, Moments) or summary.n < 2:
            continue
        for covariate in metric.covariates:
            one, other = (
                Estimate(m.n, m.mean(covariate), m.variance(covariate), m.mean(covariate))
                for m in (base, summary)
            )
            lift = absolute_lift(one, other)
            found.append(Balance(metric.name, covariate, variation, lift.value, lift.p_value))
    return found
