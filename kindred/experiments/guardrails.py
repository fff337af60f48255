"""Guardrails: a metric must not get worse by more than a margin, tested as non-inferiority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kindred.experiments.comparison import Lift
from kindred.experiments.sequential import AlwaysValid

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Guardrail:
    """How much worse is still acceptable.

    Parameters
    ----------
    margin : float
        Not below 0; 0 asks for proof that the metric is no worse at all.
    relative : bool
        Whether the margin is a share of the control's value (.02 is 2 %).
    """

    margin: float
    relative: bool = True


@dataclass(frozen=True)
class Verdict:
    """Whether an arm is shown to be no worse than the margin allows.

    Parameters
    ----------
    worst : float
        The bound on the bad side, at level 1 − alpha, on the lift's own scale.
    p_value : float
        One-sided, of the lift being at the margin or worse.
    holds : bool
        The bound lies within the margin: no worse, as far as the level says.
    broken : bool
        The whole two-sided interval lies beyond zero on the bad side: it did get worse.
    """

    margin: float
    relative: bool
    worst: float
    p_value: float
    holds: bool
    broken: bool


def judge(lift: Lift, guardrail: Guardrail, better: Better, alpha: float) -> Verdict | None:
    """Test H₀: worse by the margin or more, against: better than that.

    Blackwelder (1982), *“Proving the null hypothesis” in clinical trials*, Controlled Clinical
    Trials 3; one-sided at `alpha`, as EMA (2005), *Guideline on the choice of the non-inferiority
    margin*.

    Parameters
    ----------
    lift : Lift
        Relative where the margin is, absolute else.

    Returns
    -------
    Verdict or None
        None where there is no test.

    Examples
    --------
    >>> verdict = judge(Lift(-0.01, 0.01, 1e9), Guardrail(0.05), "higher", 0.05)
    >>> verdict.holds, round(verdict.worst, 4), f"{verdict.p_value:.3e}"
    (True, -0.0264, '3.167e-05')
    """
    if not lift.usable:
        return None
    seen = lift if better == "higher" else lift.reversed
    bound = seen.value - seen.reach(alpha)
    worst = bound if better == "higher" else -bound
    return Verdict(
        guardrail.margin,
        guardrail.relative,
        worst,
        seen.tail(-guardrail.margin, "greater"),
        bound > -guardrail.margin,
        seen.interval(alpha)[1] < 0,
    )


def judge_always(lift: AlwaysValid, guardrail: Guardrail, better: Better) -> Verdict:
    """Ask the same so that it may be asked every day: by one-sided confidence sequences.

    Waudby-Smith et al. (2021), proposition B.1. Several guardrails need no correction: a variation
    is shipped only where each of them holds (an intersection–union test, Berger 1982,
    *Multiparameter hypothesis testing and acceptance sampling*, Technometrics 24).

    Examples
    --------
    >>> lift = AlwaysValid(Lift(-0.01, 0.01, 1e9), 20_000)
    >>> verdict = judge_always(lift, Guardrail(0.05), "higher")
    >>> verdict.holds, round(verdict.worst, 4), f"{verdict.p_value:.4f}"
    (True, -0.0387, '0.0012')
    """
    seen = lift if better == "higher" else lift.reversed
    bound = seen.lower_bound()
    return Verdict(
        guardrail.margin,
        guardrail.relative,
        bound if better == "higher" else -bound,
        seen.p_value_above(-guardrail.margin),
        bound > -guardrail.margin,
        seen.interval()[1] < 0,
    )
