"""How two definitions of an experiment differ, in sentences."""

from __future__ import annotations

from kindred.experiments.definition import Belief, Experiment
from kindred.experiments.dimensions import dimension_label
from kindred.experiments.metrics import sentence


def differences(before: Experiment, after: Experiment) -> list[str]:
    """Say what changes; nothing where both mean the same.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kindred.experiments.definition import Variation
    >>> one = Experiment("?", (Variation("a"), Variation("b")), "m", ())
    >>> differences(one, replace(one, days=28, cohort="vips"))
    ['Among members of vips, no longer everybody.', 'Planned for 28 days, no longer 14.']
    """
    said = _assignment(before, after)
    olds = {metric.name: metric for metric in before.metrics}
    news = {metric.name: metric for metric in after.metrics}
    said += [f"No longer measured: {name}." for name in olds if name not in news]
    said += [
        f"{'Now measured' if name not in olds else 'Measured otherwise'}: {sentence(metric)}."
        for name, metric in news.items()
        if olds.get(name) != metric
    ]
    if before.primary != after.primary:
        said.append(f"{after.primary} decides, no longer {before.primary}.")
    if before.guardrails != after.guardrails:
        told = [f"{limit.metric} (by {limit.margin:.1%})" for limit in after.guardrails]
        said.append(f"Must not get worse: {', '.join(told) or 'nothing'}.")
    for name, words in (
        ("method", "Judged by the {} method, no longer {}."),
        ("alpha", "A false positive's chance is {}, no longer {}."),
        ("days", "Planned for {} days, no longer {}."),
        ("dimensions", "Results by {}, no longer {}."),
        ("prior", "The Bayesian reading believes beforehand: {}, no longer {}."),
        ("hypothesis", "The hypothesis is “{}”, no longer “{}”."),
    ):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            said.append(words.format(_plain(new), _plain(old)))
    return said


def moves_people(before: Experiment, after: Experiment) -> bool:
    """Whether somebody gets another variation than before, so that results would mix."""
    return (before.split, before.seed, before.hash_attribute, before.namespace) != (
        after.split,
        after.seed,
        after.hash_attribute,
        after.namespace,
    )


def _assignment(before: Experiment, after: Experiment) -> list[str]:
    said = []
    if before.variations != after.variations:
        told = ", ".join(f"{v.label} {v.weight:.0%}" for v in after.variations)
        said.append(f"Variations: {told}.")
    if before.cohort != after.cohort:
        said.append(f"Among {_who(after)}, no longer {_who(before)}.")
    if before.coverage != after.coverage:
        said.append(f"{after.coverage:.0%} of them take part, no longer {before.coverage:.0%}.")
    if moves_people(before, after):
        said.append("Some people get another variation than they had; begin a new one instead.")
    return said


def _who(experiment: Experiment) -> str:
    return f"members of {experiment.cohort}" if experiment.cohort else "everybody"


def _plain(value: object) -> str:
    if value is None or isinstance(value, Belief):
        return "nothing" if value is None else value.prior.in_words()
    if isinstance(value, tuple):
        return ", ".join(map(dimension_label, value)) or "nothing"
    return str(value)
