"""Distil: from people picked on the map, or a cluster, to a rule; from short to exact."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from dashboard.explore_data import MapView, list_runs, load_view
from dashboard.explore_people import people_words
from dashboard.format import count, percent, verbatim
from dashboard.segment_data import Version, Vocabulary
from dashboard.segment_state import Origin, Workbench, workbench
from dashboard.store import workspace
from data.segment_distil import Distilled, DistilStep, distil_people, picked_on_map
from data.segment_population import Population
from data.workspace import Workspace
from kindred.clusters.selection import picked
from kindred.clusters.selection_text import decode
from kindred.errors import UserError
from kindred.segments.bitmap import Bitmap
from kindred.segments.distil import Quality
from kindred.segments.editing import plain
from kindred.segments.rules import ClusterRule

NEARLY: Final = 0.95  # of the best F1: the shortest rule that does so well is offered first


def origin_in_address() -> Origin | None:
    """Read from the address whom a rule is to be distilled from; none if it names nobody."""
    params = st.query_params
    run, cluster = (_number(params.get(name, "")) for name in ("run", "cluster"))
    selection = params.get("picked", "")
    if run is None or not (selection or cluster is not None):
        return None
    return Origin(run, selection, None if selection else cluster)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def distil_panel(
    bench: Workbench, origin: Origin, of: Version, everybody: Population, there: Vocabulary
) -> None:
    """Offer the family of rules that catch those picked, and say how well each does."""
    with st.container(border=True, key="segment_distilled"):
        try:
            view = _view(origin)
            with st.spinner("Distilling", show_time=False):
                wanted, found = _distilled(workspace(), of, origin, everybody, view)
        except UserError as error:
            st.warning(f"{error.what} {error.fix}", icon=":material/filter_alt_off:")
            return
        if bench.unsaid and not bench.edits.before and not bench.edits.undone:
            bench.take(found.steps[first(found)].rule)
        beside, quality = st.columns([1.75, 1], gap="medium", vertical_alignment="center")
        with beside:
            st.markdown(f"**Distilled from {_whom(view, origin, len(wanted))}**")
            step = _choose(bench, found, origin)
        with quality:
            _quality(step.checked)
        with st.container(horizontal=True, vertical_alignment="center"):
            _as_it_stands(bench, everybody, wanted, there)
            if origin.cluster is not None:
                _offer_cluster(origin)


def _offer_cluster(origin: Origin) -> None:
    st.button(
        "Take the cluster itself",
        icon=":material/scatter_plot:",
        type="tertiary",
        key="segment_take_cluster",
        help="A condition on the cluster, which is exact for this run. Whoever comes later is in "
        "no cluster until the next run.",
        on_click=_take_cluster,
        args=(origin,),
    )


def _view(origin: Origin) -> MapView:
    run = next((run for run in list_runs() if run.id == origin.run), None)
    if run is None:
        raise UserError(
            f"The map of run {origin.run} is no longer kept.", "Pick people on the newest map."
        )
    return load_view(run)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Workspace: str})
def _distilled(
    workspace: Workspace, of: Version, origin: Origin, _everybody: Population, _view: MapView
) -> tuple[Bitmap, Distilled]:
    """Find those picked among everybody, and learn rules that catch them."""
    del of  # only the key
    with _everybody.lock:
        if origin.cluster is not None:
            wanted = _everybody.members(ClusterRule(origin.cluster, origin.run))
        else:
            rows = np.flatnonzero(picked(decode(origin.picked), _view.x, _view.y))
            wanted = picked_on_map(workspace, _everybody, _view.run, rows)
        return wanted, distil_people(_everybody, wanted)


def first(found: Distilled) -> int:
    """Choose what to begin with: the shortest rule that does nearly as well as the best."""
    enough = NEARLY * found.steps[-1].checked.f1
    return next(i for i, step in enumerate(found.steps) if step.checked.f1 >= enough)


def _whom(view: MapView, origin: Origin, people: int) -> str:
    if origin.cluster is None:
        return f"{people_words(people)} picked on the map"
    cluster = view.cluster(origin.cluster)
    name = cluster.name if cluster else f"cluster {origin.cluster}"
    return f"the {people_words(people)} of the cluster “{verbatim(name)}”"


def _choose(bench: Workbench, found: Distilled, origin: Origin) -> DistilStep:
    """Let a rule be chosen, from short to exact; what is undone in the editor is so here, too."""
    if len(found.steps) == 1:
        return found.steps[0]
    key = f"segment_distil_{origin.run}_{origin.cluster}_{hash(origin.picked)}"
    written = repr(bench.result)
    here = [i for i, step in enumerate(found.steps) if repr(plain(step.rule)) == written]
    st.session_state[key] = here[0] if here else st.session_state.get(key, first(found))
    chosen = st.select_slider(
        "From short to exact",
        range(len(found.steps)),
        format_func=lambda i: _length(found.steps[i]),
        key=key,
        help="A longer rule catches those picked more exactly, and is harder to explain.",
        on_change=_take_step,
        args=(found, key),
    )
    return found.steps[int(chosen)]


def _length(step: DistilStep) -> str:
    return "1 condition" if step.conditions == 1 else f"{step.conditions} conditions"


def _take_step(found: Distilled, key: str) -> None:
    workbench().take(found.steps[int(st.session_state[key])].rule)


def _take_cluster(origin: Origin) -> None:
    assert origin.cluster is not None
    workbench().take(ClusterRule(origin.cluster, origin.run))


def _quality(checked: Quality) -> None:
    """Say how well a rule does on people whom it was not learned from."""
    columns = st.columns(3, gap="small", wrap=False)
    for column, (label, value, told) in zip(
        columns,
        (
            ("Precision", checked.precision, "Of those it catches, how many were picked."),
            ("Recall", checked.recall, "Of those picked, how many it catches."),
            ("F1", checked.f1, "The harmonic mean of both: high only where both are."),
        ),
        strict=True,
    ):
        column.metric(label, percent(value), help=f"{told} Cross-validated: measured on people "
                      "whom the rule was not learned from.")  # fmt: skip


def _as_it_stands(
    bench: Workbench, everybody: Population, wanted: Bitmap, there: Vocabulary
) -> None:
    """Say how the rule in the editor does on those picked, whatever was changed in it."""
    try:
        members = everybody.members(bench.rule)
    except UserError:
        return
    found = Quality.of(len(members & wanted), len(members), len(wanted))
    st.caption(
        f"As it stands in the editor: {people_words(len(members))} of {count(there.people)}; "
        f"{percent(found.precision)} of them were picked, and it catches "
        f"{percent(found.recall)} of those picked."
    )
