"""The job ``clusters``: put everybody on a map, cluster, name, then measure how good it is."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row

from data import clusters, traits
from data.clusters import FoundCluster, FoundRun
from data.engine import reader
from data.lake import MAP
from kindred.clusters.contrast import bin_numbers, contrast, rank_contrasts
from kindred.clusters.naming import name_clusters
from kindred.clusters.settings import ClusterSettings
from kindred.errors import UserError
from kindred.traits.prepare import Features, as_json, prepare
from kindred.traits.trait import Trait
from pipelines.job import JobContext, JobResult

if TYPE_CHECKING:
    from kindred.clusters.fit import MapFit

ALGORITHM = "2"  # raise it when the same settings would give another map
NOT_TOLD = {"score", "hour"}  # what they say, other traits say more plainly
NOISE_NAME = "In between"
NOISE_SENTENCE = "They lie between clusters, or far from all, and are like none of them."


@dataclass(frozen=True)
class _Given:
    """What a run stands on: the newest traits, the traits among them to cluster by, settings."""

    trait_run: Row[Any]
    path: Path
    declared: Sequence[Trait]
    chosen: Sequence[Trait]
    settings: ClusterSettings

    @property
    def fingerprint(self) -> str:
        """The same for the same map."""
        return _fingerprint(self.trait_run.fingerprint, self.settings, self.chosen)


def run(context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Find clusters with the given settings, unless the last run stands on the same ones."""
    settings = ClusterSettings.from_params(params)
    with reader(context.engine).connect() as conn:
        given = _given(context, conn, settings)
        last = clusters.latest_run(conn)
    if last is not None and last.fingerprint == given.fingerprint and last.quality is not None:
        return JobResult(fresh=True, detail={"cluster_run": last.id})
    # They bring umap, numba and scikit-learn: seconds of loading that a fresh run need not pay.
    from kindred.clusters.fit import fit_map  # noqa: PLC0415
    from kindred.clusters.quality import measure  # noqa: PLC0415

    with context.report.step("Preparing features") as step:
        features = _features(given.path, given.chosen)
        step.rows(len(features.matrix))
        step.progress(1.0, f"{len(features.names)} features")
    with context.report.step("Projecting and clustering") as step:
        fit = fit_map(features.matrix, settings, step.progress)
        step.rows(len(fit.labels))
    with context.report.step("Describing clusters") as step:
        found = describe(given.path, given.declared, fit)
        run_id = _save(context, given, features, found, fit)
        step.rows(len(found))
    with context.report.step("Measuring quality") as step:
        quality = measure(features.matrix, fit.plane, fit.labels, settings, step.progress)
        with context.engine.begin() as conn:
            clusters.save_quality(conn, run_id, {k: v.as_json() for k, v in quality.items()})
    count = sum(cluster.label >= 0 for cluster in found)
    return JobResult(
        rows=len(fit.labels), detail={"cluster_run": run_id, "clusters": count, **fit.chosen}
    )


def _given(context: JobContext, conn: Connection, settings: ClusterSettings) -> _Given:
    trait_run = traits.latest_run(conn)
    if trait_run is None:
        raise UserError("There are no traits yet.", "Run: python -m pipelines traits")
    declared = traits.declarations(trait_run)
    chosen = choose_features(declared, settings.features)
    path = traits.snapshot_path(context.workspace, conn)
    return _Given(trait_run, path, declared, chosen, settings)


def choose_features(declared: Sequence[Trait], names: Sequence[str] | None) -> list[Trait]:
    """Take the named traits, or those declared as features."""
    if names is None:
        return [trait for trait in declared if trait.feature]
    known = {trait.name: trait for trait in declared if trait.numeric}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(
            f"{', '.join(unknown)} can't be a feature.",
            f"These numeric traits can: {', '.join(sorted(known))}.",
            "features",
        )
    return [known[name] for name in names]


def describe(path: Path, declared: Sequence[Trait], fit: MapFit) -> list[FoundCluster]:
    """Describe each cluster by its size, value, place and what sets it apart from everyone."""
    numeric = [trait for trait in declared if trait.numeric and trait.unit not in NOT_TOLD]
    binned = [
        bin_numbers(trait.name, traits.numbers(path, [trait.name])[:, 0]) for trait in numeric
    ]
    revenue = np.nan_to_num(traits.numbers(path, ["monetary"])[:, 0])
    labels = [
        *range(int(fit.labels.max(initial=-1)) + 1),
        *([-1] if (fit.labels < 0).any() else []),
    ]
    effects = []
    for label in labels:
        rows = np.flatnonzero(fit.labels == label)
        found = [contrast(trait, trait.of(rows), trait.counts) for trait in binned]
        effects.append(rank_contrasts(found, few=12))
    names = name_clusters(effects, {trait.name: trait for trait in declared})
    return [
        FoundCluster(
            label=label,
            size=int((fit.labels == label).sum()),
            share=float((fit.labels == label).mean()),
            revenue=float(revenue[fit.labels == label].sum()),
            name=named.name if label >= 0 else NOISE_NAME,
            sentence=named.sentence if label >= 0 else NOISE_SENTENCE,
            box=_box(fit.plane[fit.labels == label]),
            effects=[
                {"trait": e.name, "effect": e.effect, "here": e.here, "there": e.there}
                for e in apart
            ],
        )
        for label, named, apart in zip(labels, names, effects, strict=True)
    ]


def _features(path: Path, chosen: Sequence[Trait]) -> Features:
    """Read, impute and scale column by column: N × F numbers of four bytes are all that stays."""
    return prepare(
        chosen, {trait.name: traits.numbers(path, [trait.name])[:, 0] for trait in chosen}
    )


def _save(
    context: JobContext,
    given: _Given,
    features: Features,
    found: Sequence[FoundCluster],
    fit: MapFit,
) -> int:
    """Write the map, match its clusters with the last run's, and keep all; gives the run's id."""
    ids = traits.people_ids(given.path)
    target = context.workspace.lake / MAP / f"{uuid.uuid4().hex[:12]}.parquet"
    clusters.write_map(target, ids, fit.plane, fit.labels)
    facts = FoundRun(
        run_id=context.run_id,
        at=context.now,
        as_of=given.trait_run.as_of,
        trait_run_id=given.trait_run.id,
        method=given.settings.method,
        settings=given.settings.as_json() | {"chosen": fit.chosen},
        features=as_json(features.columns),
        people=len(fit.labels),
        sampled=len(fit.fitted),
        bounds=_bounds(fit.plane),
        fingerprint=given.fingerprint,
    )
    with reader(context.engine).connect() as conn:
        last = clusters.latest_run(conn)
        matched = clusters.matches_with_last(context.workspace, conn, last, ids, fit.labels)
    with context.engine.begin() as conn:
        return clusters.save_run(context.workspace, conn, facts, target, found, matched)


def _bounds(plane: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Give [xmin, xmax, ymin, ymax]."""
    low, high = plane.min(axis=0), plane.max(axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _box(plane: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """Give the box that leaves out a twentieth at each side."""
    low, high = np.quantile(plane, [0.05, 0.95], axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _fingerprint(trait_fingerprint: str, settings: ClusterSettings, chosen: Sequence[Trait]) -> str:
    given = json.dumps(
        [ALGORITHM, trait_fingerprint, settings.as_json(), [t.as_json() for t in chosen]],
        sort_keys=True,
    )
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()
