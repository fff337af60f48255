"""Who takes part in an experiment, and what its results are given by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard.store import reading
from data.clusters import latest_run as latest_clusters
from data.segments import list_segments
from data.traits import declarations, latest_run
from kindred.experiments.definition import Experiment
from kindred.experiments.dimensions import CLUSTERS, CONTEXT, dimension_label
from kindred.traits.registry import DECLARED
from kindred.traits.trait import TraitType


def who(before: Experiment) -> dict[str, Any]:
    """Ask who takes part, how many of them, and what results are given by."""
    names = live_segment_names()
    options = [None, *names]
    if before.cohort and before.cohort not in names:
        options.append(before.cohort)
    left, right = st.columns(2, gap="medium")
    cohort = left.selectbox(
        "Among",
        options,
        index=options.index(before.cohort) if before.cohort in options else 0,
        format_func=lambda key: "Everybody" if key is None else names.get(key, key),
        key="setup_cohort",
        help="A live segment; who is in it takes part.",
    )
    coverage = right.slider(
        "Share of them who take part (%)", 1, 100, round(before.coverage * 100), key="setup_cover"
    )
    known = dimensions(names)
    chosen = st.multiselect(
        "Results by",
        list(dict.fromkeys([*known, *before.dimensions])),
        default=list(before.dimensions),
        format_func=lambda one: said(one, names),
        key="setup_dimensions",
        help="As of the exposure, so the variation can't have changed it: what the exposure's event"
        " says, what a person had told, the cluster or segment they were in.",
    )
    return {"cohort": cohort, "coverage": coverage / 100, "dimensions": tuple(chosen)}


def live_segment_names() -> dict[str, str]:
    """Give the names of the segments that are live."""
    with reading() as conn:
        found = list_segments(conn, datetime.now(UTC))
    return {s.definition.key: s.definition.name for s in found if s.live is not None}


def dimensions(segments: Mapping[str, str]) -> Sequence[str]:
    """List what results can be given by in this workspace."""
    with reading() as conn:
        run, clustered = latest_run(conn), latest_clusters(conn)
    computed = {trait.name for trait in DECLARED}
    told = [
        f"trait:{trait.name.removesuffix('_told') if taken(trait.name, computed) else trait.name}"
        for trait in (declarations(run) if run is not None else ())
        if trait.family == "about" and trait.name not in computed and trait.type != TraitType.TIME
    ]
    by_cluster = [CLUSTERS] if clustered is not None else []
    return [*CONTEXT, *told, *by_cluster, *(f"segment:{key}" for key in segments)]


def taken(name: str, computed: set[str]) -> bool:
    """Whether a told trait goes by another name, since its own is that of a computed one."""
    return name.removesuffix("_told") in computed


def said(dimension: str, segments: Mapping[str, str]) -> str:
    """Write a dimension as a choice."""
    label = dimension_label(dimension, segments)
    return f"{label[0].upper()}{label[1:]}" if label else dimension
