"""An experiment judged at several checkpoints: what all looks up to each say together."""

from __future__ import annotations

from collections.abc import Sequence

from kindred.experiments.report import Report
from kindred.experiments.results import Result
from kindred.experiments.sequential import SoFar, so_far

Told = dict[tuple[str, str], SoFar | None]


def looks(reports: Sequence[Report]) -> list[Told]:
    """Read each metric and variation at checkpoint after checkpoint.

    Parameters
    ----------
    reports : sequence of Report
        Of one experiment, each of all data up to its checkpoint, in the order of time.

    Returns
    -------
    list of (metric, variation) to SoFar
        One for each report.
    """
    found: list[dict[tuple[str, str], Result]] = [
        {(result.metric, result.variation): result for result in report.results}
        for report in reports
    ]
    told: list[Told] = [{} for _ in reports]
    for key in dict.fromkeys(key for results in found for key in results):
        own = [results.get(key) for results in found]
        for place, state in enumerate(so_far([r.best.always if r else None for r in own])):
            told[place][key] = state
    return told
