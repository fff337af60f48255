"""From one row a unit to sufficient statistics, grouped in the engine; written by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any, Final

import ibis

from data.experiment_measures import DAY, columns
from kindred.experiments.definition import Experiment
from kindred.experiments.metrics import analysed
from kindred.segments.durations import length

Bodies = dict[int, dict[str, Any]]
COUNTS: Final = ("crossed", "repeated", "bots", "late", "open")


def count_rows(whole: ibis.Table, good: ibis.Table, experiment: Experiment, now: int) -> Bodies:
    """Begin each day's body: units of each variation, and what is odd about some."""
    window = max(length(metric.within) for metric in experiment.metrics)
    counted = whole.group_by("day").aggregate(
        crossed=whole["crossed"].sum(),
        repeated=(whole["repeated"] & ~whole["crossed"]).sum(),
        bots=(whole["robot"] & ~whole["crossed"]).sum(),
        late=whole["late"].sum(),
        open=(whole["at"] + window > now).sum(),
    )
    bodies: Bodies = {}
    for row in counted.to_pyarrow().to_pylist():
        counts = {name: int(row[name] or 0) for name in COUNTS}
        bodies[row["day"]] = {"units": {}, "counts": counts, "cells": [], "since": []}
    sizes = good.group_by("day", "variation").aggregate(n=good.count())
    for row in sizes.order_by("day", "variation").to_pyarrow().to_pylist():
        bodies[row["day"]]["units"][row["variation"]] = row["n"]
    return bodies


def cell_rows(
    bodies: Bodies, good: ibis.Table, experiment: Experiment, complete: Mapping[int, int]
) -> None:
    """Add cells to the days: of the whole, then of each level of each dimension.

    Parameters
    ----------
    complete : mapping of metric's place to microseconds
        Units exposed later do not count for that metric.
    """
    kept = [analysed(metric).columns for metric in experiment.metrics]
    names = columns(experiment.metrics)
    sums: dict[str, Any] = {}
    for i, own in enumerate(names):
        counts = good["at"] <= complete[i] if i in complete else None
        sums |= _moments(good, i, own, counts)
    for dimension in (None, *experiment.dimensions):
        keys = ["day", "variation", *([dimension] if dimension else [])]
        grouped = good.group_by(*keys).aggregate(**sums).order_by(*keys)
        for row in grouped.to_pyarrow().to_pylist():
            level = row[dimension] if dimension else None
            for i, metric in enumerate(experiment.metrics):
                n = int(row[f"n{i}"] or 0)
                if n == 0:
                    continue
                k = len(names[i])
                means = [row[f"a{i}_{j}"] for j in range(k)]
                pairs = combinations_with_replacement(range(k), 2)
                upper = [(row[f"c{i}_{a}_{b}"] or 0.0) * n for a, b in pairs]
                place = [dimension, level, row["variation"], metric.name, list(kept[i])]
                bodies[row["day"]]["cells"].append([*place, n, means, upper])


def _moments(table: ibis.Table, i: int, names: Sequence[str], counts: Any) -> dict[str, Any]:
    """Count, means and population covariances; the engine computes these without cancelling."""
    made: dict[str, Any] = {f"n{i}": table.count(where=counts)}
    for j, name in enumerate(names):
        made[f"a{i}_{j}"] = table[name].mean(where=counts)
    for a, b in combinations_with_replacement(range(len(names)), 2):
        one, other = table[names[a]], table[names[b]]
        if a == b:
            made[f"c{i}_{a}_{b}"] = one.var(where=counts, how="pop")
        else:
            made[f"c{i}_{a}_{b}"] = one.cov(other, where=counts, how="pop")
    return made


def since_rows(bodies: Bodies, good: ibis.Table, values: ibis.Table, now: int, days: int) -> None:
    """Add what units did on each day since the exposure, where all of a day's units came so far.

    Rows are ``[nth day, variation, n, sums, upper triangle of products]``; idle units count as 0.
    """
    names = [name for name in values.columns if name.startswith("v")]
    joined = values.join(good, "unit")
    made: dict[str, Any] = {name: joined[name].sum() for name in names}
    pairs = list(combinations_with_replacement(range(len(names)), 2))
    for a, b in pairs:
        made[f"p{a}_{b}"] = (joined[names[a]] * joined[names[b]]).sum()
    grouped = joined.group_by("day", "variation", "nth").aggregate(**made)
    found = {
        (row["day"], row["variation"], row["nth"]): row for row in grouped.to_pyarrow().to_pylist()
    }
    for day, body in bodies.items():
        for nth in range(days):
            if (day + 1 + nth + 1) * DAY > now:
                break
            for variation, n in body["units"].items():
                row = found.get((day, variation, nth))
                sums = [float(row[name]) if row else 0.0 for name in names]
                products = [float(row[f"p{a}_{b}"]) if row else 0.0 for a, b in pairs]
                body["since"].append([nth, variation, n, sums, products])
