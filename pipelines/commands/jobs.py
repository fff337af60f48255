"""``summaries``, ``traits``, ``clusters`` and ``refresh``: the jobs over what was imported."""

from __future__ import annotations

from typing import Any

from pipelines.cli import Invocation, subparser
from pipelines.execute import run_now


def add_to(commands: Any) -> None:
    """Add one command a job."""
    subparser(commands, "summaries", run, "Count people, orders and revenue, in all and by day.")
    traits = subparser(commands, "traits", run, "Compute every person's traits.")
    traits.add_argument("--as-of", metavar="TIME", help="see no event at or after this ISO time")
    clusters = subparser(commands, "clusters", run, "Project all people on a map and cluster them.")
    clusters.add_argument("--method", choices=["hdbscan", "kmeans", "ward"])
    clusters.add_argument("--clusters", dest="n_clusters", type=int, metavar="K")
    clusters.add_argument("--min-cluster-size", type=int, metavar="N")
    clusters.add_argument("--features", nargs="+", metavar="TRAIT")
    clusters.add_argument("--seed", type=int)
    subparser(
        commands, "aggregate_days", run, "Add up events by day, so that wide windows are fast."
    )
    subparser(commands, "memberships", run, "Work out who is in which published segment.")
    subparser(commands, "experiment_results", run, "Bring every experiment's results up to date.")
    train = subparser(
        commands, "train_recommender", run, "Fit, compare and track models; promote the best."
    )
    train.add_argument("--thorough", action="store_true", help="every kind of model; minutes")
    train.add_argument(
        "--budget",
        type=float,
        metavar="SECONDS",
        help="choose settings on validation for as long (with --thorough: 300, else none)",
    )
    train.add_argument("--force", action="store_true", help="also where nothing has changed")
    subparser(commands, "precompute", run, "Compute everybody's recommendations.")
    subparser(
        commands, "keep_up", run, "Bring up to date what new events change, and nothing else."
    )
    subparser(commands, "refresh", run, "Bring summaries, traits and clusters up to date.")


OPTIONS = (
    "thorough",
    "budget",
    "force",
    "as_of",
    "method",
    "n_clusters",
    "min_cluster_size",
    "features",
    "seed",
)


def run(invocation: Invocation) -> None:
    """Run the job and say what came of it."""
    workspace, engine = invocation.open()
    given = vars(invocation.arguments)
    params = {name: given[name] for name in OPTIONS if given.get(name) is not None}
    name = invocation.arguments.command
    result = run_now(workspace, engine, name, params, actor=invocation.actor)
    print("Up to date already." if result.fresh else f"Done: {result.rows:,} rows.")
