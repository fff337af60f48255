"""What was imported, and what of it was set aside and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from data import schema


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
