"""What a new workspace has to see: a real randomised experiment, or the simulated world's own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from data.audit import Actor
from data.experiment_analyses import keep_analysis
from data.experiment_file import FileMetric, Layout, summarise_file
from data.experiment_schema import experiment_files
from data.experiments import KIND, create_experiment
from data.publication_schema import definitions
from kindred.experiments.analysis import Metric
from kindred.experiments.definition import Experiment, Limit, Variation
from kindred.experiments.estimates import MetricKind
from kindred.experiments.file_plan import FilePlan
from kindred.experiments.metrics import (
    BounceMetric,
    ClickMetric,
    ConversionMetric,
    RetentionMetric,
    RevenueMetric,
)
from kindred.simulation.columns import ARMS, EXPERIMENT

SAMPLE: Final = Path(__file__).parent / "samples" / "rice_insurance.csv"
SOURCE: Final = (
    "Cai, de Janvry & Sadoulet (2015), American Economic Journal: Applied Economics 7(2), 81–108; "
    "data from the PyPI package causaldata 0.1.5 (MIT)"
)
NOTES: Final = (
    "A real field experiment in rural China. First meetings of a village were given, at random, a "
    "form on which buying a rice insurance, or not buying it, was the default. Measured is who "
    "bought of those invited to the village's later meetings. Whole villages were assigned, so a "
    "village is the unit and the metric a ratio over villages."
)
SESSION_NOTES: Final = (
    "The same field experiment: households were invited, at random, to a simple meeting or to an "
    "intensive one that taught how the insurance works."
)


def keep_example(conn: Connection, *, actor: Actor, at: datetime) -> bool:
    """Keep analyses of the shipped file where there never was one; tells whether it did."""
    if conn.scalar(select(experiment_files.c.id).limit(1)) is not None:
        return False
    session = FilePlan(
        "simple",
        (Metric("Insurance bought", MetricKind.PROPORTION),),
        unit="household",
        hypothesis="Teaching how an insurance works makes people buy it.",
        labels={"simple": "Simple meeting", "intensive": "Intensive meeting"},
    )
    layout = Layout("session", (FileMetric(session.metrics[0], ("bought",)),), None, ("literacy",))
    told = {"source": SOURCE, "actor": actor, "at": at}
    found = summarise_file(SAMPLE, layout)
    keep_analysis(conn, "Intensive meetings", found, session, notes=SESSION_NOTES, **told)  # type: ignore[arg-type]
    default = FilePlan(
        "not buy",
        (Metric("Insurance bought", MetricKind.RATIO),),
        unit="village",
        hypothesis="Where buying is the default, neighbours buy as well.",
        labels={"not buy": "Not buying by default", "buy": "Buying by default"},
    )
    metric = FileMetric(default.metrics[0], ("bought", "households"))
    found = summarise_file(SAMPLE, Layout("default_option", (metric,), "village"))
    keep_analysis(conn, "Insurance by default", found, default, notes=NOTES, **told)  # type: ignore[arg-type]
    return True


def define_simulated(conn: Connection, *, actor: Actor, at: datetime) -> bool:
    """Define the simulated world's experiment, where nobody has; tells whether it did."""
    known = select(definitions.c.id).where(
        definitions.c.kind == KIND, definitions.c.key == EXPERIMENT
    )
    if conn.scalar(known) is not None:
        return False
    create_experiment(
        conn,
        "Hero banner",
        hero_banner(),
        actor=actor,
        at=at,
        key=EXPERIMENT,
        notes="Simulated. The variation raises the chance that a visit with a cart ends in an "
        "order by 10 % of itself.",
    )
    return True


def hero_banner() -> Experiment:
    """Give the simulated world's experiment as an analyst would define it."""
    return Experiment(
        hypothesis="A warmer hero banner makes more of those who fill a cart order.",
        variations=(Variation(ARMS[0], "Old banner", 0.5), Variation(ARMS[1], "Warm banner", 0.5)),
        primary="Orders",
        metrics=(
            ConversionMetric(name="Orders", within="P28D"),
            RevenueMetric(name="Revenue", within="P28D"),
            ClickMetric(name="Click rate", within="P28D"),
            BounceMetric(name="Bounce rate", within="P28D"),
            RetentionMetric(name="Back in week two"),
        ),
        guardrails=(Limit("Click rate", 0.05), Limit("Bounce rate", 0.05)),
        hash_attribute="anonymousId",
        dimensions=("device", "region"),
        days=56,
        effect=0.1,
    )
