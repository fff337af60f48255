"""Sample ratio mismatch: whether the sizes of the arms fit the planned split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from kindred.experiments.comparison import SMALLEST


@dataclass(frozen=True)
class SampleRatio:
    """The test of the split, and how large the deviation is in practice.

    Parameters
    ----------
    p_value : float
        Of Pearson's χ² test against the planned split; not a number where there is none to test.
    largest_deviation : float
        Largest difference between an arm's share and its planned share, in shares (0 … 1).
    largest_relative : float
        Largest deviation of an arm's size from its planned size, as a share of the latter: at a
        huge n a deviation that changes nothing is significant all the same.
    worst : str or None
        The arm whose size is off by most.
    unplanned : tuple of str
        Arms with people but without weight: nobody should be there.
    missing : tuple of str
        Arms with weight but without people.
    """

    p_value: float
    largest_deviation: float
    largest_relative: float
    worst: str | None
    unplanned: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float]) -> SampleRatio:
    """Test observed counts against planned weights.

    Fabijan et al. (2019), *Diagnosing sample ratio mismatch in online controlled experiments*,
    KDD. Arms of weight zero take no part in the test; their people are reported instead.

    Examples
    --------
    >>> sample_ratio({"A": 500, "B": 500}, {"A": 0.5, "B": 0.5}).p_value
    1.0
    """
    planned = {arm: weight for arm, weight in weights.items() if weight > 0}
    unplanned = tuple(arm for arm, n in counts.items() if n > 0 and arm not in planned)
    missing = tuple(arm for arm in planned if not counts.get(arm, 0))
    total = sum(counts.get(arm, 0) for arm in planned)
    if total == 0 or len(planned) < 2:
        return SampleRatio(float("nan"), 0.0, 0.0, None, unplanned, missing)
    weight = sum(planned.values())
    shares = {arm: w / weight for arm, w in planned.items()}
    chi2 = sum((counts.get(arm, 0) - total * s) ** 2 / (total * s) for arm, s in shares.items())
    apart = {arm: abs(counts.get(arm, 0) / total - s) for arm, s in shares.items()}
    off = {arm: apart[arm] / s for arm, s in shares.items()}
    worst = max(off, key=lambda arm: off[arm])
    p_value = max(float(special.chdtrc(len(planned) - 1, chi2)), SMALLEST)
    return SampleRatio(p_value, max(apart.values()), off[worst], worst, unplanned, missing)
