"""Files of the lake that nothing stands on any more: replaced long enough ago for every reader."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select

from data.lake import TRAITS
from data.manifest import replaced_between
from data.membership_files import MEMBERSHIPS
from data.schema import cluster_runs, lake_files, trait_runs
from data.workspace import Workspace

READERS: Final = timedelta(hours=1)  # who began to read a file may go on so long
LOOKED_BACK: Final = timedelta(days=30)  # what was replaced earlier was deleted then


def delete_replaced(workspace: Workspace, conn: Connection, now: datetime) -> int:
    """Delete snapshots of traits and members that others came to stand for; gives how many.

    The traits that a map was made of are kept, since screens compare its people by them.
    """
    mapped = set(
        conn.scalars(
            select(lake_files.c.path)
            .join(trait_runs, trait_runs.c.lake_version == lake_files.c.added_in)
            .join(cluster_runs, cluster_runs.c.trait_run_id == trait_runs.c.id)
            .where(lake_files.c.dataset == TRAITS)
        )
    )
    deleted = 0
    for dataset in (TRAITS, MEMBERSHIPS):
        for path in replaced_between(conn, dataset, now - LOOKED_BACK, now - READERS):
            file = workspace.lake / path
            if path not in mapped and file.is_file():
                file.unlink(missing_ok=True)
                deleted += 1
    return deleted
