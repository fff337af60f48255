"""What jobs are called where people read of them: on screens and in terminals."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "refresh": "Refresh everything",
    "import": "Import",
    "summaries": "Summaries",
    "traits": "Traits",
    "aggregate_days": "Daily counts",
    "clusters": "Clusters",
    "memberships": "Members",
    "segment_history": "Segment history",
    "experiment_results": "Experiments",
    "train_recommender": "Train models",
    "precompute": "Recommendations",
}


def job_name(job: str) -> str:
    """Name a job for people; one without a name of its own by its id.

    Examples
    --------
    >>> job_name("precompute"), job_name("some_job")
    ('Recommendations', 'Some job')
    """
    return _NAMES.get(job) or job.replace("_", " ").capitalize()
