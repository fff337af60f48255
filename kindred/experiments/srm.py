"""Sample ratio mismatch: whether the sizes of the arms fit the planned split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class SampleRatio:
    """The test of the split, and how large the deviation is in practice.

    Parameters
    ----------
    p_value : float
        Of Pearson's χ² test against the planned split.
    largest_deviation : float
        Largest difference between an arm's share and its planned share, in shares (0 … 1): at a
        huge n a deviation that changes nothing is significant all the same.
    worst : str or None
        The arm with that deviation.
    unplanned : tuple of str
        Arms with people but without weight: nobody should be there.
    """

    p_value: float
    largest_deviation: float
    worst: str | None
    unplanned: tuple[str, ...]


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
    total = sum(counts.get(arm, 0) for arm in planned)
    if total == 0 or len(planned) < 2:
        return SampleRatio(1.0, 0.0, None, unplanned)
    weight = sum(planned.values())
    shares = {arm: w / weight for arm, w in planned.items()}
    chi2 = sum((counts.get(arm, 0) - total * s) ** 2 / (total * s) for arm, s in shares.items())
    apart = {arm: abs(counts.get(arm, 0) / total - s) for arm, s in shares.items()}
    worst = max(apart, key=lambda arm: apart[arm])
    p_value = float(stats.chi2.sf(chi2, len(planned) - 1))
    return SampleRatio(p_value, apart[worst], worst, unplanned)
