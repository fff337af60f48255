"""An experiment as it is defined: what is asked, who gets what, and how it will be judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from kindred.errors import UserError
from kindred.experiments.allocation import Allocation, Assignment, Holdout, Namespace, assign
from kindred.experiments.analysis import Correction, Metric, Settings
from kindred.experiments.bayes import Prior
from kindred.experiments.dimensions import check_dimensions
from kindred.experiments.guardrails import Guardrail
from kindred.experiments.metrics import Declared, analysed, check
from kindred.experiments.sequential import DEFAULT_TUNING

FORMAT: Final = 1
MOST_VARIATIONS: Final = 20
Method = Literal["sequential", "fixed", "bayesian"]
HashAttribute = Literal["person", "userId", "anonymousId"]
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Variation:
    """One arm; the first of an experiment is the control."""

    __pydantic_config__ = _STRICT
    key: str
    name: str = ""
    weight: float = 0.5

    @property
    def label(self) -> str:
        """As people know it."""
        return self.name or self.key


@dataclass(frozen=True)
class Limit:
    """A metric that must not get worse by more than a share of the control's value."""

    __pydantic_config__ = _STRICT
    metric: str
    margin: float = 0.02


@dataclass(frozen=True)
class Belief:
    """What is believed of the relative lift before anything is seen: normal.

    Parameters
    ----------
    mean, sd : float
        Shares of the control's value; .1 is 10 %.
    """

    __pydantic_config__ = _STRICT
    mean: float = 0.0
    sd: float = 0.1

    @property
    def prior(self) -> Prior:
        """The same as the statistics take it."""
        return Prior(self.mean, self.sd, relative=True)


def check_belief(belief: Belief | None) -> None:
    """Refuse what is no belief.

    Raises
    ------
    UserError
    """
    if belief is None:
        return
    if not (0 < belief.sd < math.inf and math.isfinite(belief.mean)):
        raise UserError(
            "A prior needs a mean and a standard deviation above 0.",
            "Write 0 and .1, say.",
            "prior",
        )


@dataclass(frozen=True)
class Experiment:
    """What is asked, who gets what, and how it will be judged.

    Parameters
    ----------
    variations : tuple of Variation
        The control first.
    primary : str
        Name of the metric that decides.
    metrics : tuple
        All metrics, each declared once.
    guardrails : tuple of Limit
    coverage : float
        Share of those in reach who take part, 0 … 1.
    seed : str
        Of the hash; none: the experiment's key.
    hash_attribute : {"person", "userId", "anonymousId"}
        Which id is hashed; a person is ``userId``, else ``anonymousId``.
    cohort : str or None
        Key of the segment whose people take part; none: everybody.
    dimensions : tuple of str
        What results are given by, as of the exposure: ``device``, ``region``, ``locale``,
        ``store_id``, ``trait:NAME``, ``clusters``, ``segment:KEY``.
    days : int
        How long it is planned to run.
    effect : float
        The relative lift of the primary metric that it is planned to find.
    method : {"sequential", "fixed", "bayesian"}
        How it is judged; sequential may be looked at every day.
    prior : Belief or None
        What the Bayesian reading believes beforehand; none: nothing.
    """

    __pydantic_config__ = _STRICT
    hypothesis: str
    variations: tuple[Variation, ...]
    primary: str
    metrics: tuple[Declared, ...]
    guardrails: tuple[Limit, ...] = ()
    coverage: float = 1.0
    seed: str = ""
    hash_attribute: HashAttribute = "person"
    namespace: Namespace | None = None
    holdouts: tuple[Holdout, ...] = ()
    cohort: str | None = None
    dimensions: tuple[str, ...] = ("device",)
    days: int = 14
    effect: float = 0.05
    alpha: float = 0.05
    method: Method = "sequential"
    correction: Correction = "holm"
    tuning: float = DEFAULT_TUNING
    prior: Belief | None = None

    @property
    def control(self) -> str:
        """Key of the variation that others are held against."""
        return self.variations[0].key

    @property
    def split(self) -> dict[str, float]:
        """Planned share of each variation."""
        return {variation.key: variation.weight for variation in self.variations}

    def declared(self, name: str) -> Declared:
        """Find a metric by its name."""
        return next(metric for metric in self.metrics if metric.name == name)

    def analysed(self) -> tuple[Metric, ...]:
        """Give all metrics as the statistics take them, the primary one first."""
        margins = {limit.metric: Guardrail(limit.margin) for limit in self.guardrails}
        ordered = sorted(self.metrics, key=lambda metric: metric.name != self.primary)
        return tuple(analysed(metric, margins.get(metric.name)) for metric in ordered)

    def settings(self) -> Settings:
        """Give how it is judged, as the statistics take it."""
        prior = self.prior.prior if self.prior else Prior()
        return Settings(self.control, self.alpha, self.correction, prior=prior, tuning=self.tuning)


def allocation(experiment: Experiment, key: str) -> Allocation:
    """Give the rules of who gets what; `key` is the seed where the experiment names none."""
    return Allocation(
        experiment.seed or key,
        tuple(variation.key for variation in experiment.variations),
        tuple(variation.weight for variation in experiment.variations),
        experiment.coverage,
        experiment.namespace,
        experiment.holdouts,
    )


def variation_of(
    experiment: Experiment, key: str, unit: str, kept: Mapping[int, str] | None = None
) -> Assignment:
    """Say which variation a unit gets, as every GrowthBook SDK would say.

    The cohort is the caller's to test: who is in a segment is not known here.

    Examples
    --------
    >>> test = Experiment("?", (Variation("a"), Variation("b")), "m", ())
    >>> variation_of(test, "seed", "a").variation
    'a'
    """
    return assign(allocation(experiment, key), unit, kept)


def growthbook(experiment: Experiment, key: str) -> dict[str, Any]:
    """Give the experiment as a rule of a GrowthBook feature, for its SDKs.

    Examples
    --------
    >>> test = Experiment("?", (Variation("a"), Variation("b")), "m", ())
    >>> growthbook(test, "hero")["hashVersion"]
    2
    """
    rule: dict[str, Any] = {
        "key": key,
        "variations": [variation.key for variation in experiment.variations],
        "meta": [{"key": v.key, "name": v.label} for v in experiment.variations],
        "weights": [variation.weight for variation in experiment.variations],
        "coverage": experiment.coverage,
        "hashVersion": 2,
        "seed": experiment.seed or key,
        "hashAttribute": {"person": "id"}.get(experiment.hash_attribute, experiment.hash_attribute),
    }
    if experiment.namespace is not None:
        space = experiment.namespace
        rule["namespace"] = [space.name, space.start, space.end]
    return rule


@cache
def _adapter() -> TypeAdapter[Experiment]:
    return TypeAdapter(Experiment)


def document(experiment: Experiment) -> dict[str, Any]:
    """Give what is stored: the experiment with the version of its format."""
    body = _adapter().dump_python(experiment, mode="json")
    return {"format": FORMAT, "experiment": body}


def read_experiment(given: Mapping[str, Any]) -> Experiment:
    """Read an experiment from its stored document or its bare JSON, and check it.

    Raises
    ------
    UserError
        With the path to the first thing that is wrong.
    """
    if given.get("format", FORMAT) != FORMAT:
        raise UserError(
            f"The format {given['format']!r} is not known here.",
            f"This version reads format {FORMAT}.",
            "format",
        )
    try:
        read = _adapter().validate_python(given.get("experiment", given))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{first['msg']}.", "Correct it and try again.", where) from None
    checked(read)
    return read


def checked(experiment: Experiment) -> Experiment:
    """Give the experiment back, if it can be run and judged.

    Raises
    ------
    UserError
        The first thing that stands against it.
    """
    keys = [variation.key for variation in experiment.variations]
    if not 2 <= len(keys) <= MOST_VARIATIONS or len(set(keys)) < len(keys) or not all(keys):
        raise UserError(
            "It needs two variations or more, each with a key of its own.",
            "The first is the control.",
            "variations",
        )
    weights = [variation.weight for variation in experiment.variations]
    if min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
        raise UserError(
            f"The weights add up to {sum(weights):g}.", "Let them add up to 1.", "variations"
        )
    if weights[0] == 0:
        raise UserError(
            "The control gets nobody, so nothing could be compared.",
            "Give it a weight above 0.",
            "variations",
        )
    for name, value in (("coverage", experiment.coverage), ("alpha", experiment.alpha)):
        if not 0 < value <= 1:
            raise UserError(f"{value:g} is no share.", "Give one above 0, up to 1.", name)
    check_dimensions(experiment.dimensions)
    check_belief(experiment.prior)
    _check_metrics(experiment)
    return experiment


def _check_metrics(experiment: Experiment) -> None:
    for metric in experiment.metrics:
        check(metric)
    names = [metric.name for metric in experiment.metrics]
    if len(set(names)) < len(names):
        raise UserError("Two metrics have one name.", "Give each a name of its own.", "metrics")
    for name in [experiment.primary, *(limit.metric for limit in experiment.guardrails)]:
        if name not in names:
            raise UserError(
                f"There is no metric called “{name}”.",
                f"There are: {', '.join(names) or 'none'}.",
                "metrics",
            )
    if any(limit.margin < 0 for limit in experiment.guardrails):
        raise UserError("A margin can't be below 0.", "Give how much worse is fine.", "guardrails")
