"""What people say about the map: names that overrule the found ones, and notes; all audited."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from data import schema
from data.audit import Actor, record
from kindred.errors import UserError

MAX_NAME = 120
MAX_NOTE = 400


def rename_cluster(
    conn: Connection,
    cluster_id: int,
    name: str | None,
    sentence: str | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Give a cluster a person's own name and sentence, or with None go back to the found ones."""
    name, sentence = (text.strip() or None if text else None for text in (name, sentence))
    if name and len(name) > MAX_NAME:
        raise UserError(
            f"The name has {len(name)} characters.", f"Use at most {MAX_NAME} characters."
        )
    before = conn.execute(
        select(schema.clusters.c.name, schema.clusters.c.sentence).where(
            schema.clusters.c.id == cluster_id
        )
    ).one_or_none()
    if before is None:
        raise UserError(f"There is no cluster {cluster_id}.", "Choose one from the list.")
    own = name is not None or sentence is not None
    conn.execute(
        update(schema.clusters)
        .where(schema.clusters.c.id == cluster_id)
        .values(
            name=name,
            sentence=sentence,
            named_by=actor.name if own else None,
            named_at=at if own else None,
        )
    )
    detail = {"before": list(before), "after": [name, sentence]}
    record(conn, actor, "cluster.rename", f"cluster:{cluster_id}", detail, at=at)


def annotate(
    conn: Connection, run_id: int, x: float, y: float, text: str, *, actor: Actor, at: datetime
) -> int:
    """Put a note on a run's map, at coordinates of its projection; gives the note's id."""
    text = text.strip()
    if not 0 < len(text) <= MAX_NOTE:
        raise UserError(
            f"A note has 1 to {MAX_NOTE} characters; this has {len(text)}.", "Write it shorter."
        )
    added = conn.execute(
        insert(schema.annotations).values(
            cluster_run_id=run_id, x=x, y=y, text=text, author=actor.name, at=at
        )
    ).inserted_primary_key
    assert added is not None
    detail = {"x": x, "y": y, "text": text}
    record(conn, actor, "map.annotate", f"annotation:{added[0]}", detail, at=at)
    return int(added[0])


def remove_annotation(conn: Connection, annotation_id: int, *, actor: Actor, at: datetime) -> None:
    """Take a note off the map; the row stays, as history does."""
    gone = conn.execute(
        update(schema.annotations)
        .where(schema.annotations.c.id == annotation_id, schema.annotations.c.removed_at.is_(None))
        .values(removed_at=at)
    )
    if gone.rowcount:
        record(conn, actor, "map.remove_note", f"annotation:{annotation_id}", {}, at=at)
