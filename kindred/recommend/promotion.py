"""Whether a model may become live by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kindred.recommend.evaluation import Interval, paired
from kindred.recommend.outcome import Outcome
from kindred.recommend.recipes import POPULARITY


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why, in a sentence."""

    promote: bool
    why: str


def decide(
    told: Mapping[str, Outcome],
    candidate: str,
    live: str | None,
    before: Interval | None = None,
) -> Decision:
    """Decide whether a candidate may replace what is live.

    It must not be worse than mere popularity, and not worse than the live one beyond noise: the
    95 % interval of the difference, over the same people, lies below zero. The live model is
    judged by its kind, fitted on the same data; where the candidate is of the same kind, its
    quality is held against that which the live one had when it was trained.

    Parameters
    ----------
    live : str or None
        The kind of the live model.
    before : Interval, optional
        The live model's NDCG in its own training.
    """
    mine = told[candidate]
    if candidate != POPULARITY and POPULARITY in told:
        gap = paired(mine.ndcg, told[POPULARITY].ndcg).absolute
        if gap.high is not None and gap.high < 0:
            return Decision(False, "It is worse than mere popularity, and that is not chance.")
    if live is None:
        return Decision(True, "It is the first.")
    if live != candidate and live in told:
        gap = paired(mine.ndcg, told[live].ndcg).absolute
        if gap.high is not None and gap.high < 0:
            return Decision(False, f"It is worse than the live {live}, and that is not chance.")
        return Decision(True, f"It is not worse than the live {live} on the same data.")
    own = mine.metrics["ndcg"].high
    floor = before.low if before is not None else None
    if own is not None and floor is not None and own < floor:
        return Decision(False, "It is worse than the live one was, and that is not chance.")
    return Decision(True, "It knows newer data, and is not worse than the live one was.")
