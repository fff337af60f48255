"""What sets picked people apart: each trait's distribution among them against everyone's.

A trait is cut into at most 250 fine bins once, a byte a person. From then on a group is a histogram
of bytes, from which come its effect size, its median and its picture, in time that grows with the
group and not with the number of traits' values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = 255  # the code of people of whom the trait is not known
MAX_BINS: Final = 250
MAX_CATEGORIES: Final = 60

Codes = NDArray[np.uint8]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BinnedTrait:
    """A trait as a byte a person.

    Parameters
    ----------
    name : str
    edges : array of float, shape (bins + 1,), or None
        Of a number: bin ``i`` holds ``[edges[i], edges[i + 1])``, the last one both ends.
    categories : tuple of str
        Of a category: what each code stands for, the most frequent first.
    codes : array of uint8, shape (n,)
    counts : array of int, shape (256,)
        How many of everyone have each code.
    log : bool
        Whether the bins are even on a logarithmic scale, as a long-tailed trait's are.
    """

    name: str
    edges: Floats | None
    categories: tuple[str, ...]
    codes: Codes
    counts: Counts
    log: bool = False

    @property
    def numeric(self) -> bool:
        """Whether its values can be ordered."""
        return self.edges is not None

    def of(self, rows: NDArray[np.intp] | None) -> Counts:
        """Count the codes of some people, everyone if None."""
        if rows is None:
            return self.counts
        return np.bincount(self.codes[rows], minlength=256)


@dataclass(frozen=True)
class Contrast:
    """How a group differs from another in one trait.

    Parameters
    ----------
    effect : float
        In [−1, 1]. Of a number, Cliff's delta: the chance that one of the group has more than one
        of the others, less the chance of less. Of a category, the largest difference of shares.
    here, there : float
        Medians; of a category, the shares of `category`.
    known : float
        Share of the group of whom the trait is known.
    """

    name: str
    effect: float
    here: float
    there: float
    known: float
    category: str | None = None

    @property
    def strength(self) -> Literal["hardly", "slightly", "clearly", "much"]:
        """The effect in a word.

        Source: the thresholds .147, .33, .474 of Romano et al., *Appropriate statistics for
        ordinal level data*, 2006; the two larger ones are told as one.
        """
        size = abs(self.effect)
        if size < 0.147:
            return "hardly"
        return "slightly" if size < 0.33 else "clearly" if size < 0.474 else "much"


def bin_numbers(name: str, values: Floats) -> BinnedTrait:
    """Cut a number into bins; NaN is unknown.

    Few distinct values get a bin each. Others get even bins between the extremes of the inner
    99 %, on a logarithmic scale if the upper tail is long; the rest joins the outermost bins.
    The bins are placed by at most 50,000 evenly spaced people, which moves no edge noticeably.
    """
    sample = values[:: max(1, len(values) // 50_000)]
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return _binned(name, np.array([0.0, 1.0]), np.full(len(values), UNKNOWN, np.uint8))
    distinct = np.unique(sample)
    if len(distinct) <= 30:
        edges = np.append(distinct, distinct[-1] + 1.0)
        return _binned(name, edges, _place(values, edges))
    low, middle, high = np.quantile(sample, (0.005, 0.5, 0.995))
    log = bool(low > 0 and high - middle > 4 * (middle - low))
    if high <= low:
        high = low + 1.0
    edges = (np.geomspace if log else np.linspace)(low, high, MAX_BINS + 1)
    return _binned(name, edges, _place_evenly(values, low, high, log), log)


def bin_categories(name: str, codes: NDArray[np.integer], labels: Sequence[str]) -> BinnedTrait:
    """Rank categories by size; `codes` index `labels`, and negative ones are unknown.

    Past the 60 most frequent, the rest is told as one.
    """
    sizes = np.bincount(codes[codes >= 0], minlength=len(labels))
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(len(labels) + 1, np.uint8)
    rank[order] = np.minimum(np.arange(len(labels)), MAX_CATEGORIES)
    rank[-1] = UNKNOWN  # where −1 points to
    names = tuple(labels[int(i)] for i in order[:MAX_CATEGORIES])
    if len(labels) > MAX_CATEGORIES:
        names += ("any other",)
    ranked = rank[codes]
    return BinnedTrait(name, None, names, ranked, np.bincount(ranked, minlength=256))


def contrast(trait: BinnedTrait, here: Counts, there: Counts) -> Contrast:
    """Compare two groups' counts of a trait, of shape (256,) each.

    Source of the effect of numbers: Cliff, *Dominance statistics*, Psychological Bulletin 114(3),
    1993, on the bins: within one, people count as equal.

    Examples
    --------
    >>> trait = bin_numbers("age", np.array([1.0, 2.0, 3.0, 4.0]))
    >>> contrast(trait, trait.of(np.array([2, 3])), trait.of(np.array([0, 1]))).effect
    1.0
    """
    a, b = here[:UNKNOWN], there[:UNKNOWN]
    na, nb, everyone = int(a.sum()), int(b.sum()), int(here.sum())
    known = na / everyone if everyone else 0.0
    if not na or not nb:
        return Contrast(trait.name, 0.0, float("nan"), float("nan"), known)
    pa, pb = a / na, b / nb
    if trait.numeric:
        below = np.concatenate(([0.0], np.cumsum(pb)[:-1]))
        effect = float(pa @ (2 * below + pb - 1))
        return Contrast(trait.name, effect, median(trait, here), median(trait, there), known)
    at = int(np.argmax(np.abs(pa - pb)))
    label = trait.categories[at]
    return Contrast(trait.name, float(pa[at] - pb[at]), float(pa[at]), float(pb[at]), known, label)


def rank_contrasts(contrasts: Sequence[Contrast], few: int = 10) -> list[Contrast]:
    """Give the strongest effects first; what is known of fewer than one in ten says little."""
    told = [c for c in contrasts if c.known >= 0.1 and c.effect != 0]
    return sorted(told, key=lambda c: -abs(c.effect))[:few]


def median(trait: BinnedTrait, counts: Counts) -> float:
    """Give the median of a group, within a bin's width (0.4 % of the trait's range)."""
    assert trait.edges is not None
    known = counts[: len(trait.edges) - 1]
    total = known.sum()
    if not total:
        return float("nan")
    upto = np.cumsum(known)
    at = int(np.searchsorted(upto, total / 2))
    if len(trait.edges) <= 31:  # a bin is a value
        return float(trait.edges[at])
    inside = (total / 2 - (upto[at] - known[at])) / max(known[at], 1)
    return float(trait.edges[at] + inside * (trait.edges[at + 1] - trait.edges[at]))


def coarse(trait: BinnedTrait, counts: Counts, bars: int = 25) -> tuple[Floats, Floats]:
    """Give the edges, shape (k + 1,), and shares, shape (k,), of a picture of a number."""
    assert trait.edges is not None
    bins = len(trait.edges) - 1
    known = counts[:bins]
    if bins <= 30:
        return trait.edges, known / max(known.sum(), 1)
    starts = np.linspace(0, bins, bars, endpoint=False).astype(int)
    return trait.edges[np.append(starts, bins)], np.add.reduceat(known, starts) / max(
        known.sum(), 1
    )


def _place(values: Floats, edges: Floats) -> Codes:
    codes = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return np.where(np.isfinite(values), codes, UNKNOWN).astype(np.uint8)


def _place_evenly(values: Floats, low: float, high: float, log: bool) -> Codes:
    """Find the bins by arithmetic: ten times as fast as a search, and a million people wait."""
    if log:
        values = np.log(np.maximum(values, low))
        low, high = np.log(low), np.log(high)
    place = (values - low) * (MAX_BINS / (high - low))
    np.clip(place, 0, MAX_BINS - 1, out=place)
    place[~np.isfinite(place)] = UNKNOWN
    return place.astype(np.uint8)


def _binned(name: str, edges: Floats, codes: Codes, log: bool = False) -> BinnedTrait:
    return BinnedTrait(name, edges, (), codes, np.bincount(codes, minlength=256), log)
