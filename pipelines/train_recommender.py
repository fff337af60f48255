"""The job ``train_recommender``: fit, judge, track, keep as arrays, and promote the best."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from data.audit import Actor
from data.engine import reader
from data.lake import CATALOGUE, dataset_version, open_duckdb
from data.live_model import LiveModel, live_model, promote
from data.publications import Act
from data.training_data import TrainingData, read_training_data
from data.trainings import (
    Comparison,
    GroupQuality,
    Trained,
    Training,
    save_training,
    training_like,
)
from kindred.recommend.evaluation import Interval
from kindred.recommend.outcome import Outcome, outcomes, pairs
from kindred.recommend.promotion import Decision, decide
from kindred.recommend.recipes import BLEND, Ingredients
from kindred.recommend.splits import REPEATS, Split, cut_in_time, repeat_share, temporal
from kindred.recommend.training import Contest, Fitted, Sizes, contest, fit_all, ingredients
from kindred.recommend.tuned import Setting
from pipelines.job import JobContext, JobResult, Step
from pipelines.keep_models import keep_models
from pipelines.recommender_settings import QUICK, TEST_SHARE, Asked, asked_for, recipes_for, tuned
from pipelines.tracking import code_version, open_tracker

MEMORY: Final = "4GB"
WORKER: Final = Actor("Kindred")
QUICK_SIZES: Final = Sizes(learning=300, judged=600)


def run(context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Train in both modes, unless a training stands on the same inputs.

    Parameters
    ----------
    params : mapping
        ``force`` trains also where nothing has changed; ``thorough`` fits every kind of model,
        which takes some minutes; ``budget`` is for how many seconds settings are chosen on
        validation, else `BUDGET` if thorough and not at all if not.

    Raises
    ------
    UserError
        There are no interactions, or too few to judge by; the budget is no time.
    """
    asked = asked_for(params)
    began = time.monotonic()
    with reader(context.engine).connect() as conn:
        version = dataset_version(conn)
        fingerprint = _fingerprint(version, dataset_version(conn, CATALOGUE), context.as_of, asked)
        if training_like(conn, fingerprint) is not None and not params.get("force"):
            return JobResult(fresh=True)
        with context.report.step("Reading interactions") as step:
            backend = open_duckdb(memory_limit=MEMORY)
            data = read_training_data(backend, context.workspace, conn, context.as_of)
            step.rows(len(data.material.rows))
        live = live_model(conn, context.now)
    repeats = repeat_share(data.material.rows) >= REPEATS
    settings: dict[str, Setting] = {}
    if asked.budget:
        with context.report.step("Choosing settings on validation") as step:
            settings = tuned(data, asked, repeats, step)
    with context.report.step("Fitting models on the past") as step:
        tested = _Tested(data, step, asked, settings)
    contests: dict[bool, Contest] = {}
    for mode in (True, False):
        what = "with" if mode else "without"
        with context.report.step(f"Judging {what} what was bought before") as step:
            contests[mode] = tested.contest(mode, step, contests.get(True))
    with context.report.step("Fitting models on everything") as step:
        given = ingredients(data.material, data.material.rows)
        whole = tested.fit(given, step)
    with context.report.step("Keeping and tracking") as step:
        kept = keep_models(context.workspace, data, given.matrix, whole.forms, contests, repeats)
        facts = _Facts(context, data, version, fingerprint, live, repeats, began, tested)
        detail = facts.save(contests, kept)
        step.rows(detail.pop("models"))
    return JobResult(rows=len(data.material.rows), detail=detail)


class _Tested:
    """Models fitted on all but the last of the time, and what came after."""

    def __init__(
        self, data: TrainingData, step: Step, asked: Asked, chosen: Mapping[str, Setting]
    ) -> None:
        rows = data.material.rows
        self.cut = cut_in_time(rows, TEST_SHARE)
        self.tuned = chosen
        quick = {} if asked.thorough else QUICK
        self.settings = {**quick, **{name: found.params for name, found in chosen.items()}}
        self._sizes = Sizes() if asked.thorough else QUICK_SIZES
        self._data = data
        self._chosen = recipes_for(data, thorough=asked.thorough)
        given = ingredients(data.material, temporal(rows, self.cut, repeats=True).train)
        self._matrix = given.matrix
        self.fitted = self.fit(given, step)

    def fit(self, given: Ingredients, step: Step) -> Fitted:
        """Fit all chosen models."""
        fitted = fit_all(given, self._chosen, time.monotonic, self.settings, step.progress)
        step.rows(given.matrix.nnz)
        return fitted

    def contest(self, repeats: bool, step: Step, before: Contest | None) -> Contest:
        """Judge every model in one mode."""
        split: Split = temporal(self._data.material.rows, self.cut, repeats=repeats)
        found = contest(
            self._data.material,
            split,
            self.cut,
            self._matrix,
            self.fitted.forms,
            step.progress,
            sizes=self._sizes,
            strangers=before.blend if before is not None else None,
        )
        step.rows(len(found.people))
        return found


class _Facts:
    """Writes what came of a training to MLflow and to the store, and promotes."""

    def __init__(
        self,
        context: JobContext,
        data: TrainingData,
        version: int,
        fingerprint: str,
        live: LiveModel | None,
        repeats: bool,
        began: float,
        tested: _Tested,
    ) -> None:
        self._context = context
        self._data = data
        self._version = version
        self._fingerprint = fingerprint
        self._live = live
        self._repeats = repeats
        self._began = began
        self._tested = tested
        self._tracker = open_tracker(context.workspace)

    def save(
        self, contests: Mapping[bool, Contest], kept: Mapping[tuple[bool, str], str]
    ) -> dict[str, Any]:
        """Keep both modes' trainings at once; the one that fits the data promotes its best."""
        told = {mode: outcomes(found, self._data.groups) for mode, found in contests.items()}
        rows = {mode: self._rows(mode, told[mode], contests[mode], kept) for mode in contests}
        seconds = time.monotonic() - self._began
        with self._context.engine.begin() as conn:
            ids: dict[bool, dict[str, int]] = {}
            # The mode that fits the data is kept last, so that it is the newest.
            for mode in sorted(contests, key=lambda mode: mode == self._repeats):
                training = self._training(mode, contests[mode], seconds)
                compared = self._compared(told[mode])
                _, ids[mode] = save_training(conn, training, rows[mode], compared)
            decision = self._decide(told[self._repeats])
            if decision.promote:
                act = Act(WORKER, datetime.now(UTC), decision.why)
                promote(conn, ids[self._repeats][BLEND], act)
        best = next(iter(told[self._repeats].values()))
        return {
            "models": sum(len(found) for found in rows.values()),
            "best": best.name,
            "ndcg": best.metrics["ndcg"].value,
            "promoted": decision.promote,
            "why": decision.why,
        }

    def _decide(self, told: Mapping[str, Outcome]) -> Decision:
        if self._live is None:
            return decide(told, BLEND, None)
        known = self._live.live.evidence.get("metrics", {}).get("ndcg")
        before = None
        if known and self._live.repeats == self._repeats:
            before = Interval(known["value"], known["low"], known["high"], 0)
        return decide(told, BLEND, self._live.name, before)

    def _rows(
        self,
        mode: bool,
        told: Mapping[str, Outcome],
        found: Contest,
        kept: Mapping[tuple[bool, str], str],
    ) -> list[Trained]:
        return [self._row(mode, outcome, found, kept) for outcome in told.values()]

    def _row(
        self,
        mode: bool,
        outcome: Outcome,
        found: Contest,
        kept: Mapping[tuple[bool, str], str],
    ) -> Trained:
        seconds = self._tested.fitted.seconds
        params: dict[str, Any] = {"half_life_days": self._data.material.half_life}
        params |= self._tested.fitted.params.get(outcome.name, {})
        if outcome.name == BLEND:
            params |= {
                f"{route}: {name}": round(weight, 3)
                for route, weights in found.blend.items()
                for name, weight in weights.items()
            }
        path = kept.get((mode, outcome.name))
        numbers = {
            name: value.value for name, value in outcome.metrics.items() if value.value is not None
        }
        chosen = self._tested.tuned.get(outcome.name)
        if chosen is not None:
            numbers |= {"validation_ndcg": chosen.quality, "trials": float(chosen.trials)}
        tags = {
            "repeats": str(mode),
            "data set version": str(self._version),
            "code": code_version(),
            "arrays": path or "",
        }
        run = self._tracker.record(outcome.name, params=params, metrics=numbers, tags=tags)
        return Trained(
            name=outcome.name,
            params=params,
            seconds=sum(seconds.values()) if outcome.name == BLEND else seconds[outcome.name],
            metrics={name: value.as_json() for name, value in outcome.metrics.items()},
            curves={"ndcg": [(k, value) for k, value in outcome.curve]},
            groups=[
                GroupQuality(g.kind, g.key, g.name, g.quality.people, *_three(g.quality))
                for g in outcome.groups
            ],
            path=path,
            tracked=run,
        )

    def _compared(self, told: Mapping[str, Outcome]) -> list[Comparison]:
        live = self._live.name if self._live else None
        return [
            Comparison(p.one, p.other, "ndcg", *_three(p.difference), p.difference.people)
            for p in pairs(told, live)
            if p.difference.value is not None
        ]

    def _training(self, mode: bool, found: Contest, seconds: float) -> Training:
        people, items = self._data.material.rows.shape
        failed = [f"{name}: {why}" for name, why in self._tested.fitted.failed.items()]
        cut = datetime.fromtimestamp(self._tested.cut, UTC)
        return Training(
            at=datetime.now(UTC),
            as_of=self._context.as_of,
            dataset_version=self._version,
            repeats=mode,
            people=people,
            items=items,
            interactions=len(self._data.material.rows),
            split={
                "kind": "temporal",
                "test_from": cut.isoformat(),
                "judged": len(found.people),
            },
            settings={"half_life_days": self._data.material.half_life},
            seconds=seconds,
            code_version=code_version(),
            fingerprint=self._fingerprint,
            run_id=self._context.run_id,
            warnings=failed,
        )


def _three(quality: Interval) -> tuple[float, float, float]:
    assert quality.value is not None
    low = quality.low if quality.low is not None else quality.value
    high = quality.high if quality.high is not None else quality.value
    return quality.value, low, high


def _fingerprint(events: int, catalogue: int, as_of: datetime, asked: Asked) -> str:
    # By the day: a live clock moves on all the time, and models need not follow by the minute.
    day, much = f"{as_of:%Y-%m-%d}", [asked.thorough, asked.budget]
    given = json.dumps([events, catalogue, day, much, code_version()])
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()
