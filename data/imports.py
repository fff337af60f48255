"""What imports brought, and what of it was set aside and why: counted, recorded, read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from data import schema
from data.manifest import EVENTS, REJECTED, LakeFile, commit_files


@dataclass
class Ingested:
    """What came of an import; the numbers add up: read = added + duplicates + rejected."""

    rows_read: int = 0
    events_added: int = 0
    duplicates: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    ignored_columns: set[str] = field(default_factory=set)
    files: list[LakeFile] = field(default_factory=list)
    rejected_files: list[LakeFile] = field(default_factory=list)

    def reject(self, reason: str, count: int, example: str) -> None:
        """Count rows that were set aside."""
        self.rejected += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.examples.setdefault(reason, example)


def known_import(conn: Connection, fingerprint: str) -> bool:
    """Tell whether this very input was imported before."""
    found = select(schema.imports.c.id).where(schema.imports.c.fingerprint == fingerprint)
    return conn.scalar(found) is not None


def commit_import(
    conn: Connection, done: Ingested, *, source: str, fingerprint: str, at: datetime
) -> int:
    """Make an import's files live, and record what it added and what it set aside."""
    added = conn.execute(
        insert(schema.imports).values(
            source=source,
            fingerprint=fingerprint,
            at=at,
            rows_read=done.rows_read,
            events_added=done.events_added,
            duplicates=done.duplicates,
            rejected=done.rejected,
        )
    ).inserted_primary_key
    assert added is not None
    if done.reasons:
        conn.execute(
            insert(schema.rejections),
            [
                {
                    "import_id": added[0],
                    "reason": reason[:200],
                    "count": count,
                    "example": done.examples[reason],
                }
                for reason, count in done.reasons.items()
            ],
        )
    if done.rejected_files:
        commit_files(conn, REJECTED, done.rejected_files, why=f"import {source}", at=at)
    if done.files:
        commit_files(conn, EVENTS, done.files, why=f"import {source}", at=at)
    return int(added[0])


def recent_imports(conn: Connection, limit: int = 20) -> Sequence[Row[Any]]:
    """Read the newest imports, the newest first."""
    query = select(schema.imports).order_by(schema.imports.c.id.desc()).limit(limit)
    return conn.execute(query).all()


def rejections(conn: Connection, limit: int = 100) -> Sequence[Row[Any]]:
    """Read why rows were set aside, with one example each: of the newest imports, most first."""
    query = (
        select(
            schema.imports.c.source,
            schema.imports.c.at,
            schema.rejections.c.import_id,
            schema.rejections.c.reason,
            schema.rejections.c.count,
            schema.rejections.c.example,
        )
        .join(schema.imports, schema.imports.c.id == schema.rejections.c.import_id)
        .order_by(schema.rejections.c.import_id.desc(), schema.rejections.c.count.desc())
        .limit(limit)
    )
    return list(conn.execute(query))
