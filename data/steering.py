"""Steering as kept definitions: begin one, save its rules, publish it, find which is live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from data.audit import Actor
from data.definitions import Definition, create, definition, save, version_body
from data.publication_schema import versions
from data.publications import Act, Live, Terms, live, publish
from data.segments import free_key
from kindred.errors import UserError
from kindred.recommend.steering import Steering, document, read_steering
from kindred.recommend.steering_words import Names, sentence

KIND: Final = "steering"
EVERYWHERE: Final = "everywhere"  # the key of the steering that holds where no other is asked for


def create_steering(
    conn: Connection,
    name: str,
    steering: Steering,
    *,
    actor: Actor,
    at: datetime,
    key: str | None = None,
) -> Definition:
    """Begin steering with its first draft; without a key one is made of the name."""
    chosen = key or free_key(conn, name, KIND)
    return create(conn, KIND, chosen, name, document(steering), actor=actor, at=at)


def save_steering(
    conn: Connection, key: str, steering: Steering, *, revision: int, actor: Actor, at: datetime
) -> Definition:
    """Save a draft.

    Raises
    ------
    EditConflict
        Somebody saved since `revision`; nothing is changed.
    """
    body = document(steering)
    return save(conn, KIND, key, revision=revision, actor=actor, at=at, draft=body)


def publish_steering(
    conn: Connection,
    key: str,
    act: Act,
    *,
    revision: int,
    names: Names | None = None,
    terms: Terms | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> int:
    """Make the draft the next version and let it be live; gives the version's number.

    Parameters
    ----------
    names : mapping, optional
        How the sentence calls pinned items.
    evidence : mapping, optional
        What the publisher saw, such as what the rules cost.
    """
    return publish(
        conn,
        KIND,
        key,
        act,
        revision=revision,
        sentence=sentence(steering_rules(conn, key), names),
        terms=terms,
        evidence=evidence,
    )


def steering_rules(conn: Connection, key: str, number: int | None = None) -> Steering:
    """Read the rules of a version; without a number the draft's, else the newest version's."""
    if number is not None:
        return read_steering(version_body(conn, KIND, key, number))
    found = definition(conn, KIND, key)
    if found.draft is not None:
        return read_steering(found.draft)
    newest = conn.scalar(
        select(versions.c.body)
        .where(versions.c.definition_id == found.id)
        .order_by(versions.c.number.desc())
        .limit(1)
    )
    if newest is None:
        raise UserError(f"“{found.name}” has no rules yet.", "Save some first.")
    return read_steering(newest)


def live_steering(conn: Connection, at: datetime, key: str = EVERYWHERE) -> Live | None:
    """Find the version of some steering that is live at a time; none where nothing steers."""
    return next((found for found in live(conn, KIND, at) if found.key == key), None)
