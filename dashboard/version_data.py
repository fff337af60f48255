"""What is known of a definition's versions: their bodies, when each was live, on which terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from dashboard.version_differences import Names, told
from data.definitions import Definition, definition, publication_history, version_history
from data.publications import Live, Terms, standing
from data.segments import segment_names


@dataclass(frozen=True)
class Versions:
    """A definition with all its versions and publications, the newest first.

    Parameters
    ----------
    now : Live or None
        What stands.
    """

    subject: Definition
    now: Live | None
    versions: Sequence[Row[Any]]
    acts: Sequence[Row[Any]]
    names: Names

    def body(self, number: int) -> Mapping[str, Any]:
        """Give what a version says."""
        return next(row.body for row in self.versions if row.number == number)

    def differences(self, before: int, after: int) -> list[str]:
        """Tell in sentences how a version differs from another."""
        return told(self.subject.kind, self.body(before), self.body(after), self.names)

    def last_act(self, number: int) -> Row[Any]:
        """Give the newest publication of a version."""
        return next(row for row in self.acts if row.number == number)

    def terms(self, number: int) -> Terms:
        """Give the terms on which a version last was live."""
        act = self.last_act(number)
        return Terms(act.valid_from, act.valid_until, act.browser)


def read_versions(conn: Connection, kind: str, key: str) -> Versions:
    """Read all there is of a definition."""
    subject = definition(conn, kind, key)
    now = next((live for live in standing(conn, kind) if live.key == key), None)
    return Versions(
        subject,
        now,
        version_history(conn, kind, key),
        publication_history(conn, kind, key, limit=1_000),
        segment_names(conn),
    )
