"""A running experiment as a flag: its value is the key of the variation that a person gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.experiments import LiveExperiment
from data.live_views import Wants
from kindred.experiments.allocation import Allocation, assign
from kindred.experiments.definition import allocation, growthbook
from serving.flags import DEFAULT, NOTHING, SPLIT, Asked, Failure, SegmentFlag, flag_body


@dataclass(frozen=True)
class ExperimentFlag:
    """An experiment, ready to be asked about.

    Parameters
    ----------
    key : str
        What it is asked by: its own key, unless a live segment has that.
    cohort : SegmentFlag or None
        Whose people take part; none: everybody.
    """

    key: str
    live: LiveExperiment
    allocation: Allocation
    cohort: SegmentFlag | None
    metadata: Mapping[str, Any]

    @property
    def version(self) -> int:
        """The version that is live."""
        return self.live.number

    @property
    def browser(self) -> bool:
        """Whether it may be told to browsers."""
        return self.live.terms.browser

    @property
    def wants(self) -> Wants:
        """What of a person live state is asked for: what the cohort's rule looks at."""
        return NOTHING if self.cohort is None else self.cohort.wants

    def body(self, asked: Asked) -> bytes:
        """Write the answer; who is not in gets the control, and is no exposure.

        Raises
        ------
        Failure
            Nobody can tell whether the person is in the cohort.
        """
        attribute = self.live.experiment.hash_attribute
        unit = asked.units.get(attribute)
        hashed = "targetingKey" if unit is None else attribute
        variation, why, exposed = None, "cohort", False
        if self._in_cohort(asked):
            given = assign(self.allocation, unit or asked.profile.person_id)
            variation, why, exposed = given.variation, str(given.why), given.exposed
        metadata = {**self.metadata, "exposed": exposed, "why": why, "hashed": hashed}
        chosen = self.live.experiment.control if variation is None else variation
        reason = DEFAULT if variation is None else SPLIT
        return flag_body(self.key, chosen, reason, chosen, metadata)

    def _in_cohort(self, asked: Asked) -> bool:
        cohort = self.live.experiment.cohort
        if cohort is None:
            return True
        if self.cohort is None:
            raise Failure("GENERAL", f"Its cohort, the segment {cohort!r}, is not live.")
        found = self.cohort.holds(asked)
        return self.cohort.by_batch(asked) if found is None else found

    def rule(self) -> dict[str, Any]:
        """Write it as a rule of a GrowthBook feature; holdouts and namespace as filters.

        SDKs pass over a namespace where there are filters, so with holdouts both are filters.
        """
        rule = growthbook(self.live.experiment, self.live.key)
        rule["name"] = self.live.name
        holdouts, space = self.allocation.holdouts, self.allocation.namespace
        if holdouts:
            rule.pop("namespace", None)
            attribute = rule["hashAttribute"]
            shared = {"attribute": attribute}
            filters = [
                {**shared, "seed": h.seed, "hashVersion": 2, "ranges": [[h.share, 1.0]]}
                for h in holdouts
            ]
            if space is not None:
                part = [[space.start, space.end]]
                named = {"seed": f"__{space.name}", "hashVersion": 1, "ranges": part}
                filters.append({**shared, **named})
            rule["filters"] = filters
        return rule


def experiment_flags(
    experiments: Mapping[str, LiveExperiment], segments: Mapping[str, SegmentFlag]
) -> dict[str, ExperimentFlag]:
    """Make experiments ready to be asked about; where a segment has the key, with a prefix."""
    flags = {}
    for key, live in experiments.items():
        named = f"experiment:{key}" if key in segments else key
        cohort = segments.get(live.experiment.cohort or "")
        metadata = {"version": live.number, "experiment": key}
        flags[named] = ExperimentFlag(
            named, live, allocation(live.experiment, key), cohort, metadata
        )
    return flags
