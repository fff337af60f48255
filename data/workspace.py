"""A workspace: one folder that holds one lake, one store and one kind of data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "KINDRED_HOME"
STORE_VARIABLE = "KINDRED_STORE_URL"


@dataclass(frozen=True)
class Workspace:
    """Where a workspace's files lie and which SQL store belongs to it.

    Parameters
    ----------
    home : Path
        The folder, absolute.
    store_url : str
        SQLAlchemy address of the store.
    """

    home: Path
    store_url: str

    @property
    def lake(self) -> Path:
        """Folder of the Parquet lake."""
        return self.home / "lake"

    @property
    def uploads(self) -> Path:
        """Folder of uploaded files that await a run."""
        return self.home / "uploads"

    @property
    def models(self) -> Path:
        """Folder of fitted models, as arrays."""
        return self.home / "models"


def workspace_at(home: Path | str | None = None, store_url: str | None = None) -> Workspace:
    """Name the workspace in `home`, else in ``KINDRED_HOME``, else in ``var/``.

    The store is `store_url`, else ``KINDRED_STORE_URL``, else an SQLite file in the folder.
    The folder is created; the store is not touched.
    """
    folder = Path(home or os.environ.get(HOME_VARIABLE) or "var").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    url = store_url or os.environ.get(STORE_VARIABLE) or f"sqlite:///{folder / 'store.sqlite'}"
    return Workspace(folder, url)
