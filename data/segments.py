"""Segments as kept definitions: begin one, save its rule, publish it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from data.audit import Actor
from data.definitions import (
    Definition,
    all_definitions,
    create,
    definition,
    save,
    version_body,
    version_history,
)
from data.id_lists import lists
from data.keys import slug
from data.list_deletion import require_lists
from data.map_reads import map_clusters, map_runs
from data.memberships import request_memberships
from data.publication_schema import SEGMENT, definitions, versions
from data.publications import Act, Live, Terms, live, publish, roll_back, standing, withdraw
from data.traits import declarations, latest_run
from kindred.errors import UserError
from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import document
from kindred.segments.describe import sentence
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule
from kindred.segments.validate import check
from kindred.segments.walk import segments_used

KIND: Final = SEGMENT


@dataclass(frozen=True)
class Segment:
    """A segment as lists show it.

    Parameters
    ----------
    live : Live or None
        The publication that stands, if any, within its time or not.
    at : datetime
        When they are listed.
    """

    definition: Definition
    live: Live | None
    at: datetime

    @property
    def state(self) -> str:
        """Say how it stands.

        It is ``live``, or ``changed`` since (a draft differs); it is to be live (``waiting``) or
        was (``expired``), by the times of its publication; else a ``draft`` or ``withdrawn``.
        """
        if self.live is None:
            return "draft" if self.definition.draft is not None else "withdrawn"
        terms = self.live.terms
        if not terms.hold(self.at):
            begun = terms.valid_from is None or terms.valid_from <= self.at
            return "expired" if begun else "waiting"
        return "live" if self.definition.draft is None else "changed"


def list_segments(conn: Connection, at: datetime) -> list[Segment]:
    """List all segments, last changed first, with what stands of each."""
    found = {one.key: one for one in standing(conn, KIND)}
    return [Segment(one, found.get(one.key), at) for one in all_definitions(conn, KIND)]


def segment_names(conn: Connection) -> dict[tuple[str, str], str]:
    """Give how sentences call what rules refer to, by kind and key."""
    rows = conn.execute(
        select(definitions.c.key, definitions.c.name).where(definitions.c.kind == KIND)
    )
    runs, trait_run = map_runs(conn, 1), latest_run(conn)
    clusters = map_clusters(conn, runs[0].id) if runs else []
    return {
        **{(KIND, row.key): row.name for row in rows},
        **{("list", row.key): row.name for row in lists(conn)},
        **{("cluster", str(found.id)): found.name for found in clusters if found.id is not None},
        **{
            ("trait", trait.name): trait.name.replace("_", " ")
            for trait in (declarations(trait_run) if trait_run else ())
        },
    }


def create_segment(
    conn: Connection,
    name: str,
    rule: Rule,
    *,
    actor: Actor,
    at: datetime,
    key: str | None = None,
    tags: Sequence[str] = (),
    notes: str = "",
) -> Definition:
    """Begin a segment with its first draft.

    Parameters
    ----------
    key : str, optional
        Else one is made of the name.
    """
    chosen = key or free_key(conn, name)
    body = document(rule)
    return create(conn, KIND, chosen, name, body, actor=actor, at=at, tags=tags, notes=notes)


def save_rule(
    conn: Connection,
    key: str,
    rule: Rule,
    *,
    revision: int,
    actor: Actor,
    at: datetime,
    **particulars: Any,
) -> Definition:
    """Save a draft, with any of name, owner, tags and notes.

    Raises
    ------
    EditConflict
        Somebody saved since `revision`; nothing is changed.
    """
    body = document(rule)
    changes = {"draft": body, **particulars}
    return save(conn, KIND, key, revision=revision, actor=actor, at=at, **changes)


def publish_segment(
    conn: Connection,
    key: str,
    act: Act,
    *,
    revision: int,
    terms: Terms | None = None,
    evidence: Mapping[str, Any] | None = None,
    catalogue: Catalogue | None = None,
    ask: bool = True,
) -> int:
    """Make a segment's draft the next version and let it be live; gives the version's number.

    Parameters
    ----------
    evidence : mapping, optional
        What the publisher saw: ``size``, ``share``, ``as_of``.
    catalogue : Catalogue, optional
        What the workspace holds; without it only references between segments are checked.
    ask : bool
        Ask a worker for its members.

    Raises
    ------
    RuleRefused
        The rule speaks of what is not there, or leads back to this segment.
    """
    rule = segment_rule(conn, key)
    segments = {found.key: read_rule(found.body) for found in live(conn, KIND, act.at)}
    check(rule, catalogue or Catalogue(segments=segments), key)
    number = publish(
        conn,
        KIND,
        key,
        act,
        revision=revision,
        sentence=sentence(rule, segment_names(conn)),
        uses=[(KIND, used) for used in segments_used(rule)],
        terms=terms,
        evidence=evidence,
    )
    if ask:
        request_memberships(conn, act.actor, act.at)
    return number


def roll_back_segment(conn: Connection, key: str, number: int, act: Act) -> None:
    """Let an earlier version be live again, and ask for its members."""
    require_lists(conn, version_body(conn, KIND, key, number))
    roll_back(conn, KIND, key, number, act)
    request_memberships(conn, act.actor, act.at)


def withdraw_segment(conn: Connection, key: str, act: Act) -> None:
    """Let nothing of a segment be live any more; refused while what is live uses it."""
    withdraw(conn, KIND, key, act)
    request_memberships(conn, act.actor, act.at)


def segment_rule(conn: Connection, key: str, number: int | None = None) -> Rule:
    """Read the rule of a version; without a number the draft's, else the newest version's."""
    if number is not None:
        return read_rule(version_body(conn, KIND, key, number))
    found = definition(conn, KIND, key)
    if found.draft is not None:
        return read_rule(found.draft)
    newest = conn.scalar(
        select(versions.c.body)
        .where(versions.c.definition_id == found.id)
        .order_by(versions.c.number.desc())
        .limit(1)
    )
    if newest is None:
        raise UserError(f"“{found.name}” has no rule yet.", "Save one first.")
    return read_rule(newest)


def segment_versions(conn: Connection, key: str) -> Sequence[Row[Any]]:
    """List a segment's versions, newest first."""
    return version_history(conn, KIND, key)


def free_key(conn: Connection, name: str, kind: str = KIND) -> str:
    """Make a key of a name that no other segment, or definition of a kind, has.

    Raises
    ------
    UserError
        The name holds no letter or digit to make it of.
    """
    base = slug(name)
    taken = set(conn.scalars(select(definitions.c.key).where(definitions.c.kind == kind)))
    if base not in taken:
        return base
    number = 2
    while f"{base[:58]}-{number}" in taken:
        number += 1
    return f"{base[:58]}-{number}"
