"""The jobs by name, each loaded only when it runs: fitting libraries are heavy."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from kindred.errors import UserError
from pipelines.job import JobFunction

JOBS: Final[dict[str, str]] = {
    "import": "pipelines.import_events:run",
    "traits": "pipelines.compute_traits:run",
    "summaries": "pipelines.summarise:run",
    "clusters": "pipelines.find_clusters:run",
    "aggregate_days": "pipelines.aggregate_days:run",
    "memberships": "pipelines.memberships:run",
    "segment_history": "pipelines.segment_history:run",
    "experiment_results": "pipelines.experiment_results:run",
    "train_recommender": "pipelines.train_recommender:run",
    "precompute": "pipelines.precompute:run",
    "refresh": "pipelines.refresh:run",
    "keep_up": "pipelines.keep_up:run",
}


def job(name: str) -> JobFunction:
    """Load the job called `name`."""
    if name not in JOBS:
        raise UserError(f"There is no job called {name!r}.", f"Choose one of {', '.join(JOBS)}.")
    module, function = JOBS[name].split(":")
    loaded: JobFunction = getattr(import_module(module), function)
    return loaded
