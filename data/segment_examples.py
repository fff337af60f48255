"""Segments to begin with: published once, where a workspace of example data has none at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from data.audit import Actor
from data.publication_schema import SEGMENT, definitions
from data.publications import Act
from data.segment_opening import open_catalogue
from data.segment_population import Population
from data.segment_preview import preview
from data.segment_vocabulary import templates_know
from data.segments import create_segment, publish_segment
from data.workspace import facts
from kindred.segments.rules import Rule
from kindred.segments.templates import Template, templates

NAMES: Final = ("Loyal", "Lapsed", "Big spenders")
OWNER: Final = Actor("Kindred")
WHY: Final = "An example to begin with: change it, or withdraw it."
COMPLETE_JOURNEY: Final = "Complete Journey"


def wants_examples(conn: Connection) -> bool:
    """Tell whether this is example data, and nobody has ever begun a segment.

    Somebody's own data is left alone: what is published there is for them to say.
    """
    known = facts(conn)
    if known is None or (known.kind != "simulated" and known.source != COMPLETE_JOURNEY):
        return False
    return not conn.scalar(
        select(func.count()).select_from(definitions).where(definitions.c.kind == SEGMENT)
    )


@dataclass(frozen=True)
class Example:
    """A template that the workspace can answer, with whom it catches."""

    template: Template
    rule: Rule
    evidence: Mapping[str, Any]


def choose_examples(conn: Connection, population: Population) -> list[Example]:
    """Choose those templates that catch somebody and not everybody; writes nothing."""
    known = {one.name: one for one in templates(templates_know(population))}
    catalogue = open_catalogue(conn, population)
    chosen = []
    for template in (known[name] for name in NAMES):
        if template.rule is not None:
            found = preview(template.rule, population, catalogue)
            if 0 < found.size < population.size:
                chosen.append(Example(template, template.rule, found.evidence))
    return chosen


def publish_examples(conn: Connection, chosen: Sequence[Example], at: datetime) -> list[str]:
    """Publish examples, unless there is a segment by now; gives their keys.

    Their members are for the caller to work out.
    """
    if not wants_examples(conn):
        return []
    return [_publish(conn, one, at) for one in chosen]


def _publish(conn: Connection, example: Example, at: datetime) -> str:
    template = example.template
    made = create_segment(
        conn,
        template.name,
        example.rule,
        actor=OWNER,
        at=at,
        tags=["example"],
        notes=template.why,
    )
    act = Act(OWNER, at, WHY)
    publish_segment(
        conn, made.key, act, revision=made.revision, evidence=example.evidence, ask=False
    )
    return made.key
