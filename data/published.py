"""What is published, as whoever answers for one person holds it in memory: rules and their context.

One small query tells whether anything has changed since; only then is it read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, func, literal, select

from data.experiments import LiveExperiment, live_experiments
from data.id_lists import LakeLists, list_files
from data.lake import TRAITS, LakeFile, live_files
from data.live_profiles import LiveState
from data.membership_schema import id_lists, membership_runs
from data.memberships import Sized, latest_sizes
from data.publication_schema import outbox, publications
from data.publications import Live, live
from data.schema import trait_runs, workspace_facts
from data.segments import KIND
from data.traits import declarations, latest_run, numbers
from data.workspace import Workspace
from kindred.segments import rules as r
from kindred.segments.context import Context, Percentile, percentile
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule
from kindred.segments.thresholds import threshold
from kindred.segments.validate import NUMERIC
from kindred.segments.walk import leaves_through
from kindred.traits.about import ABOUT_TRAITS
from kindred.traits.computed import ABOUT
from kindred.traits.trait import Trait

_COMPUTED: Final = frozenset(computed.trait.name for computed in ABOUT_TRAITS)


class Mark(NamedTuple):
    """Where the things stand that answers depend on; another mark means: read them anew.

    Parameters
    ----------
    news : int
        The last row of the outbox.
    live : tuple
        What live state holds.
    """

    news: int
    trait_run: int
    membership_run: int
    list: int
    clock_fixed_at: datetime | None
    live: tuple[Any, ...]


@dataclass(frozen=True)
class Told:
    """A segment that is live, its rule, and what the last count found."""

    live: Live
    rule: Rule
    size: Sized | None

    @property
    def counted(self) -> int | None:
        """The version whose members were last worked out."""
        return self.size.version if self.size is not None and self.size.error is None else None


@dataclass(frozen=True)
class Published:
    """All that is live, with the context that its rules are answered in.

    Parameters
    ----------
    until : datetime or None
        When something begins or ends to be valid, if nothing is published before.
    news_at : datetime or None
        When something was last published, rolled back or withdrawn.
    told_traits : frozenset of str
        Traits that people told of themselves, which are as new as the last event.
    """

    mark: Mark
    segments: Mapping[str, Told]
    experiments: Mapping[str, LiveExperiment]
    context: Context
    list_files: Mapping[str, LakeFile]
    until: datetime | None
    news_at: datetime | None = None
    told_traits: frozenset[str] = frozenset()
    traits_as_of: datetime | None = None
    memberships_as_of: datetime | None = None


@dataclass
class Thresholds:
    """Where percentiles begin, of one traits run; worked out when first asked for."""

    run: int = 0
    known: dict[Percentile, float | None] = field(default_factory=dict)


def mark_of(conn: Connection, state: LiveState) -> Mark:
    """Look up where things stand; one query."""
    newest = [func.max(t.c.id) for t in (outbox, trait_runs, membership_runs, id_lists)]
    columns = [func.coalesce(select(n).scalar_subquery(), literal(0)) for n in newest]
    row = conn.execute(select(*columns)).one()
    fixed = conn.scalar(select(workspace_facts.c.clock_fixed_at))
    shelves = (state.cluster_run, state.traits_as_of, state.memberships_as_of)
    news, trait_run, membership_run, listed = (int(value) for value in row)
    return Mark(news, trait_run, membership_run, listed, fixed, shelves)


def read_published(
    workspace: Workspace,
    conn: Connection,
    state: LiveState,
    at: datetime,
    *,
    thresholds: Thresholds | None = None,
) -> Published:
    """Read what is live at a time.

    Parameters
    ----------
    state : LiveState
        What live state holds: rules on other clusters than its own can't be answered.
    thresholds : Thresholds, optional
        Kept from one reading to the next: only those of a new traits run are worked out.
    """
    mark = mark_of(conn, state)
    sizes = latest_sizes(conn)
    told = {
        found.key: Told(found, read_rule(found.body), sizes.get(found.key))
        for found in live(conn, KIND, at)
    }
    files = list_files(conn)
    rules = {key: each.rule for key, each in told.items()}
    run = latest_run(conn)
    traits = declarations(run) if run is not None else []
    return Published(
        mark,
        told,
        {found.key: found for found in live_experiments(conn, at)},
        Context(
            _thresholds(workspace, conn, rules, thresholds or Thresholds(), run, traits),
            run.as_of if run is not None else None,
            rules,
            LakeLists(workspace, files),
            frozenset() if state.cluster_run is None else frozenset({state.cluster_run}),
            # Without a run anything may have been told: then a trait is known by its name alone.
            {trait.name: trait.type for trait in traits} if run is not None else None,
        ),
        files,
        _turns_at(conn, at),
        conn.scalar(select(func.max(outbox.c.at))),
        frozenset(t.name for t in traits if t.family == ABOUT and t.name not in _COMPUTED),
        state.traits_as_of,
        state.memberships_as_of,
    )


def _turns_at(conn: Connection, at: datetime) -> datetime | None:
    """Find when the next publication begins or ends to be valid."""
    times = [publications.c.valid_from, publications.c.valid_until]
    soonest = [
        conn.scalar(select(func.min(t)).where(publications.c.ended_at.is_(None), t > at))
        for t in times
    ]
    return min((moment for moment in soonest if moment is not None), default=None)


def _thresholds(
    workspace: Workspace,
    conn: Connection,
    rules: Mapping[str, Rule],
    kept: Thresholds,
    run: Row[Any] | None,
    traits: Sequence[Trait],
) -> dict[Percentile, float | None]:
    """Work out where the percentiles begin that rules ask about, over the last traits snapshot."""
    files = live_files(conn, TRAITS)
    if run is None or not files:
        return {}
    if kept.run != run.id:
        kept.run, kept.known = run.id, {}
    numeric = {trait.name: trait.type in NUMERIC for trait in traits}
    for leaf in _percentiles(rules):
        key = percentile(leaf)
        if key in kept.known or leaf.trait not in numeric:
            continue
        if not numeric[leaf.trait]:
            kept.known[key] = None  # nobody's value is a number
            continue
        values = numbers(workspace.lake / files[0].path, [leaf.trait])[:, 0]
        kept.known[key] = threshold(values, leaf.end, float(leaf.percent))
    return dict(kept.known)


def _percentiles(rules: Mapping[str, Rule]) -> Sequence[r.PercentileRule]:
    leaves = [leaf for rule in rules.values() for leaf in leaves_through(rule, rules)]
    return [leaf for leaf in leaves if isinstance(leaf, r.PercentileRule)]
