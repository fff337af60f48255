"""What the segment screens look at: everybody, opened once a version, and what rules may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from sqlalchemy import select

from dashboard.store import engine, reading, workspace
from data.day_aggregates import DAY_AGGREGATES
from data.engine import reader
from data.id_lists import LISTS
from data.lake import live_files
from data.manifest import EVENTS, MAP, TRAITS, dataset_version
from data.map_reads import map_clusters, map_runs
from data.schema import workspace_facts
from data.segment_opening import live_segments, open_catalogue, open_population
from data.segment_population import Population
from data.segment_profiles import Asked, asked_by, read_profiles
from data.segment_vocabulary import (
    EventKnown,
    PropertyKnown,
    Spread,
    events_known,
    properties_known,
    spread,
    traits_known,
)
from data.segments import segment_names
from data.traits import declarations, latest_run
from data.workspace import Workspace
from kindred.segments.catalogue import Catalogue
from kindred.segments.describe import Names
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from kindred.traits.trait import Trait, TraitType

Version = tuple[int, ...]


def version() -> Version | None:
    """Give a number that changes whenever the population does; none before traits are there."""
    with reading() as conn:
        if latest_run(conn) is None:
            return None
        watched = (EVENTS, TRAITS, DAY_AGGREGATES, MAP, LISTS)
        return tuple(dataset_version(conn, name) for name in watched)


def population(of: Version) -> Population:
    """Give everybody of a version, with the segments that are live now."""
    found = _population(workspace(), of)
    with reading() as conn:
        live = live_segments(conn, datetime.now(UTC))
    with found.lock:
        if found.context.segments != live:
            found.context = replace(found.context, segments=live, compiled={})
    return found


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _population(workspace: Workspace, of: Version) -> Population:
    del of  # only the key
    with reader(engine()).connect() as conn:
        return open_population(workspace, conn)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _events(workspace: Workspace, of: Version) -> list[EventKnown]:
    found = _population(workspace, of)
    with found.lock:
        return events_known(found)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _shares(workspace: Workspace, of: Version) -> dict[str, float]:
    del of  # only the key
    with reading() as conn:
        files = live_files(conn, TRAITS)
    return traits_known(workspace.lake / files[0].path)


@st.cache_resource(max_entries=200, show_spinner=False, hash_funcs={Workspace: str})
def _spread(workspace: Workspace, of: Version, trait: str) -> Spread:
    found = _population(workspace, of)
    with found.lock:
        return spread(found, trait)


@st.cache_resource(max_entries=50, show_spinner=False, hash_funcs={Workspace: str})
def _properties(workspace: Workspace, of: Version, event: str) -> list[PropertyKnown]:
    found = _population(workspace, of)
    with found.lock:
        return properties_known(found, event)


def profiles_of(
    of: Version, everybody: Population, rule: Rule, positions: Sequence[int]
) -> list[Profile]:
    """Read a few people with what a rule asks of them; kept while an edit asks no more."""
    asked = asked_by(rule, everybody)
    return _profiles(workspace(), of, asked, tuple(positions), everybody)


@st.cache_resource(max_entries=200, show_spinner=False, hash_funcs={Workspace: str})
def _profiles(
    workspace: Workspace,
    of: Version,
    asked: Asked,
    positions: tuple[int, ...],
    _everybody: Population,
) -> list[Profile]:
    del workspace, of  # only the key
    return read_profiles(asked, _everybody, positions)


@dataclass(frozen=True)
class Vocabulary:
    """What a rule may say, for the editor: choices, how common each is, what to begin with.

    Parameters
    ----------
    declared : mapping of name to trait
    shares : mapping of name to float
        Of how many people a trait is known.
    names : mapping
        How sentences call clusters and segments.
    """

    of: Version
    declared: Mapping[str, Trait]
    shares: Mapping[str, float]
    event_list: Sequence[EventKnown]
    clusters: Sequence[tuple[int, int]]
    segments: Sequence[str]
    lists: Sequence[str]
    names: Names
    today: str
    people: int

    @property
    def traits(self) -> Sequence[str]:
        """Names of traits."""
        return list(self.declared)

    @property
    def events(self) -> Sequence[str]:
        """Names of events, those of most people first."""
        return [known.name for known in self.event_list]

    def event(self, name: str) -> EventKnown | None:
        """Find an event."""
        return next((known for known in self.event_list if known.name == name), None)

    def trait_type(self, name: str) -> TraitType:
        """Give a trait's type; of one that is not there, text."""
        known = self.declared.get(name)
        return known.type if known else TraitType.CATEGORY

    def spread(self, name: str) -> Spread:
        """Tell how a trait's values lie."""
        return _spread(workspace(), self.of, name) if name in self.declared else Spread(0.0)

    def trait_values(self, name: str) -> Sequence[Any]:
        """Give the commonest values of a trait; of a number its median and ninetieth percentile."""
        found = self.spread(name)
        if found.quantiles:
            return [readable(q) for q in (found.quantiles[2], found.quantiles[3])]
        return [value for value, _ in found.values]

    def known(self, event: str, name: str, of_products: bool) -> PropertyKnown | None:
        """Find a property."""
        return next(
            (
                p
                for p in _properties(workspace(), self.of, event)
                if p.name == name and p.of_products == of_products
            ),
            None,
        )

    def property_type(self, event: str, name: str, of_products: bool) -> TraitType:
        """Give a property's type; of one that was not seen, text."""
        found = self.known(event, name, of_products)
        return found.type if found else TraitType.CATEGORY

    def property_values(self, event: str, name: str, of_products: bool) -> Sequence[Any]:
        """Give values of a property."""
        found = self.known(event, name, of_products)
        if found is None:
            return []
        if found.quantiles:
            return [readable(q) for q in (found.quantiles[2], found.quantiles[3])]
        return [value for value, _ in found.values]

    def properties(self, event: str, of_products: bool) -> Sequence[str]:
        """Name the properties of an event, or of its products, the commonest first."""
        found = _properties(workspace(), self.of, event)
        return [known.name for known in found if known.of_products == of_products]


def readable(value: float) -> float | int:
    """Round to three digits that count, whole where it is.

    Examples
    --------
    >>> readable(1234.5678), readable(0.123456), readable(7.0)
    (1230, 0.123, 7)
    """
    rounded = float(f"{value:.3g}")
    return int(rounded) if rounded.is_integer() else rounded


def vocabulary(of: Version, everybody: Population) -> Vocabulary:
    """Collect what a rule may say now; what is large is cached by version."""
    with reading() as conn:
        run = latest_run(conn)
        assert run is not None
        facts = conn.execute(select(workspace_facts.c.currency)).first()
        currency = facts.currency if facts else None
        runs = map_runs(conn, 1)
        clusters = map_clusters(conn, runs[0].id) if runs else []
        names = segment_names(conn)
        declared = {
            trait.name: replace(trait, unit=currency or "") if trait.unit == "currency" else trait
            for trait in declarations(run)
        }
    return Vocabulary(
        of,
        declared,
        _shares(workspace(), of),
        _events(workspace(), of),
        [(runs[0].id, c.id) for c in clusters if c.id is not None],
        sorted(everybody.context.segments),
        sorted(everybody.context.lists),
        names,
        everybody.as_of.strftime("%Y-%m-%d"),
        everybody.size,
    )


def catalogue(of: Version, everybody: Population) -> Catalogue:
    """List what a rule may speak of, to check it against."""
    context = everybody.context
    found = _catalogue(workspace(), of)
    return replace(found, segments=context.segments, lists=context.lists)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _catalogue(workspace: Workspace, of: Version) -> Catalogue:
    everybody = _population(workspace, of)
    with reader(engine()).connect() as conn, everybody.lock:
        return open_catalogue(conn, everybody)
