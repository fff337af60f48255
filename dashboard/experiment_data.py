"""What the screens of experiments show: one shape for events and for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import streamlit as st

from dashboard.store import reading
from data.clock import as_of
from data.experiment_analyses import Analysis, judge_file, list_analyses, read_analysis
from data.experiment_file import Summary
from data.experiment_results import Results, read_results, result_rows
from data.experiments import Kept, list_experiments
from data.segments import KIND as SEGMENT
from data.segments import segment_names
from data.workspace import facts
from kindred.experiments.analysis import Settings
from kindred.experiments.definition import Method
from kindred.experiments.dimensions import dimension_label
from kindred.experiments.file_plan import FilePlan
from kindred.experiments.judged import Judged, judge_days
from kindred.experiments.readings import Seen, read_families
from kindred.experiments.report import Report
from kindred.experiments.verdict import Decision, Plan, decide


@dataclass(frozen=True)
class Shown:
    """An experiment's results as screens show them.

    Parameters
    ----------
    judged : Judged or None
        What only events tell: looks, days since the exposure, counts.
    ends : date or None
        The planned end; none: the data are complete.
    told : str
        Where the data are from and how fresh.
    segments : mapping of key to name
        How people call published segments.
    effect : float or None
        The relative lift that it was planned to find.
    """

    name: str
    hypothesis: str
    primary: str
    report: Report
    settings: Settings
    method: Method
    labels: Mapping[str, str]
    unit: str
    told: str
    simulated: bool
    today: date | None = None
    ends: date | None = None
    judged: Judged | None = None
    last_exposure: date | None = None
    notes: str = ""
    margins: Mapping[str, float] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    effect: float | None = None

    def dimension(self, segment: str) -> str:
        """Say what results are given by."""
        return dimension_label(segment, self.segments)

    def label(self, variation: str) -> str:
        """Say what people call a variation."""
        return self.labels.get(variation) or variation

    def decision(self, method: Method) -> Decision:
        """Give the verdict by a method."""
        labels = dict(self.labels)
        plan = Plan(self.primary, method, self.today, self.ends, self.effect, labels)
        return decide(self.report, self.settings, plan)

    def read(self, method: Method, *, adjusted: bool = True) -> list[Seen]:
        """Read all results by a method, raw or, where there is such, less what was known before."""
        return read_families(
            self.report.results, self.primary, method, self.settings.correction, adjusted=adjusted
        )

    @property
    def arms(self) -> list[str]:
        """Variations, the control first."""
        rest = [arm for arm in self.report.arms if arm != self.settings.control]
        return [self.settings.control, *rest]


@dataclass(frozen=True)
class Board:
    """All experiments: defined ones with their results, then kept files."""

    kept: Sequence[Kept]
    results: Mapping[str, Any]
    analyses: Sequence[Analysis]
    at: datetime
    kind: str


def read_board() -> Board:
    """Read what there is."""
    with reading() as conn:
        at, known = as_of(conn, datetime.now(UTC)), facts(conn)
        return Board(
            list_experiments(conn, at),
            result_rows(conn),
            list_analyses(conn),
            at,
            known.kind if known else "real",
        )


def read_kept(key: str) -> Kept | None:
    """Find one experiment."""
    return next((kept for kept in read_board().kept if kept.definition.key == key), None)


def shown_experiment(kept: Kept) -> Shown | None:
    """Judge an experiment from the store; none before the first run that saw an exposure."""
    with reading() as conn:
        found, known = read_results(conn, kept.definition.key), facts(conn)
        named = segment_names(conn)
    if found is None or not found.days:
        return None
    judged = _judged(found.key, found.computed_at.isoformat(), found)
    began = date.fromisoformat(min(found.days))
    source = f"{known.source} ({known.kind})" if known else ""
    fresh = f"as of {found.as_of:%-d %b %Y} (UTC), data set version {found.dataset_version}"
    return Shown(
        kept.definition.name,
        found.experiment.hypothesis,
        found.experiment.primary,
        judged.report,
        found.experiment.settings(),
        found.experiment.method,
        {v.key: v.label for v in found.experiment.variations},
        "person",
        f"{source} · exposures since {began:%-d %b %Y} · {fresh}",
        known is not None and known.kind == "simulated",
        found.as_of.date(),
        began + timedelta(days=found.experiment.days),
        judged,
        found.last_exposure_at.date() if found.last_exposure_at else None,
        kept.definition.notes,
        {limit.metric: limit.margin for limit in found.experiment.guardrails},
        {key: name for (kind, key), name in named.items() if kind == SEGMENT},
        found.experiment.effect,
    )


@st.cache_resource(max_entries=20, show_spinner="Adding days up")
def _judged(key: str, computed_at: str, _found: Results) -> Judged:
    del key, computed_at  # only the cache's key
    return judge_days(_found.experiment, _found.days, _found.unknown_variations)


def shown_analysis(number: int) -> Shown:
    """Judge a kept file."""
    with reading() as conn:
        kept = read_analysis(conn, number)
    told = f"From a file: {kept.source} · kept {kept.added_at:%-d %b %Y} by {kept.added_by}"
    return shown_file(kept.name, kept.summary, kept.plan, told, kept.kind, kept.notes)


def shown_file(
    name: str, summary: Summary, plan: FilePlan, told: str, kind: str = "real", notes: str = ""
) -> Shown:
    """Judge a file's sufficient statistics."""
    return Shown(
        name,
        plan.hypothesis,
        plan.metrics[0].name,
        judge_file(summary, plan),
        plan.settings(),
        plan.method,
        plan.labels,
        plan.unit,
        told,
        kind == "simulated",
        notes=notes,
        margins={m.name: m.guardrail.margin for m in plan.metrics if m.guardrail is not None},
    )
