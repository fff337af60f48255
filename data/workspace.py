"""A workspace: one folder that holds one lake, one store and one kind of data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from data.schema import workspace_facts
from kindred.errors import UserError

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

    Raises
    ------
    UserError
        It can't be a folder to write to.
    """
    folder = Path(home or os.environ.get(HOME_VARIABLE) or "var").resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = "that is a file" if folder.is_file() else error.strerror
        raise _unusable(folder, f"can't be made: {why}") from error
    if not os.access(folder, os.W_OK):
        raise _unusable(folder, "can't be written to")
    url = store_url or os.environ.get(STORE_VARIABLE) or f"sqlite:///{folder / 'store.sqlite'}"
    return Workspace(folder, url)


def _unusable(folder: Path, why: str) -> UserError:
    return UserError(
        f"The workspace's folder {folder} {why}.",
        f"Choose another: {HOME_VARIABLE}=/path/to/it",
    )


def declare_workspace(
    conn: Connection,
    *,
    kind: str,
    source: str,
    currency: str | None,
    clock_fixed_at: datetime | None,
    at: datetime,
) -> None:
    """Say what kind of data the workspace holds, once; real and simulated never mix.

    Parameters
    ----------
    kind : {"real", "simulated"}
    source : str
        As screens name it.
    clock_fixed_at : datetime or None
        None: the clock is live. A later import of the same kind may move it on.
    """
    known = facts(conn)
    if known is None:
        first = {"kind": kind, "source": source, "currency": currency, "created_at": at}
        values = {"id": 1, "clock_fixed_at": clock_fixed_at, **first}
        conn.execute(insert(workspace_facts).values(**values))
        return
    _require_alike(known, kind, source, currency)
    sources = known.source.split(" + ")
    together = known.source if source in sources else " + ".join([*sources, source])
    conn.execute(
        update(workspace_facts).values(
            source=together[:200],
            currency=known.currency or currency,
            clock_fixed_at=_later_clock(known.clock_fixed_at, clock_fixed_at),
        )
    )


def _require_alike(known: Row[Any], kind: str, source: str, currency: str | None) -> None:
    """Refuse what would mix real with simulated, or one currency with another."""
    if known.kind != kind:
        raise UserError(
            f"This workspace holds {known.kind} data ({known.source}); "
            f"{source} is {kind}, and the two never mix.",
            f"Set {HOME_VARIABLE} to another folder and import it there.",
        )
    if currency and known.currency and currency != known.currency:
        raise UserError(
            f"This workspace counts in {known.currency}; {source} is in {currency}, and sums of "
            "the two would mean nothing.",
            f"Convert it first, or set {HOME_VARIABLE} to another folder and import it there.",
        )


def facts(conn: Connection) -> Row[Any] | None:
    """Read what the workspace is: kind, source, currency, clock; none before the first import."""
    return conn.execute(select(workspace_facts)).one_or_none()


def _later_clock(one: datetime | None, other: datetime | None) -> datetime | None:
    """A live clock stays live; of two fixed ones the later holds."""
    return max(one, other) if one and other else None
