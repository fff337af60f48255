"""Track trainings with MLflow, in an SQLite file of its own; it never reaches the network."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.workspace import Workspace

EXPERIMENT: Final = "recommender"
DATABASE: Final = "mlflow.sqlite"  # beside the store, never in it: its tables are MLflow's own
LONGEST: Final = 500  # characters of a parameter


@dataclass(frozen=True)
class Tracker:
    """Records one MLflow run a model.

    Parameters
    ----------
    client : mlflow.MlflowClient
    experiment : str
        Its id.
    """

    client: Any
    experiment: str

    def record(
        self,
        name: str,
        *,
        params: Mapping[str, Any],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> str:
        """Keep a model's parameters, metrics and tags in a finished run; gives the run's id."""
        from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415 - seconds of loading

        now = int(time.time() * 1000)
        run = self.client.create_run(self.experiment, start_time=now, run_name=name)
        self.client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, float(value), now, 0) for key, value in metrics.items()],
            params=[Param(key, str(value)[:LONGEST]) for key, value in params.items()],
            tags=[RunTag(key, str(value)) for key, value in tags.items()],
        )
        self.client.set_terminated(run.info.run_id)
        return str(run.info.run_id)


def open_tracker(workspace: Workspace) -> Tracker:
    """Open the workspace's tracking database; a new one takes some seconds to be made."""
    # Read when MLflow is imported; without them it would tell its makers how it is used.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # it tells how it makes its tables
    logging.getLogger("alembic").setLevel(logging.WARNING)
    from mlflow.tracking import MlflowClient  # noqa: PLC0415 - seconds of loading

    client = MlflowClient(tracking_uri=f"sqlite:///{workspace.home / DATABASE}")
    known = client.get_experiment_by_name(EXPERIMENT)
    if known is not None:
        return Tracker(client, known.experiment_id)
    artefacts = workspace.models.as_uri()
    return Tracker(client, client.create_experiment(EXPERIMENT, artifact_location=artefacts))


def code_version() -> str:
    """Identify the code that fits: a hash of the sources of ``kindred/recommend``."""
    folder = Path(__file__).parent.parent / "kindred" / "recommend"
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()
