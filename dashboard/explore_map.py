"""The map of Explore: what colours mean, the marks and names on it, and the message it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.explore_data import MapView, trait
from dashboard.explore_state import Looking, map_key, told_by
from dashboard.format import count, instant, number, percent
from dashboard.point_map import ClusterMark, Legend, Note, People, pack, point_map
from dashboard.theme import CATEGORICAL, NOISE, SEQUENTIAL, UNKNOWN_COLOUR
from dashboard.theme import colour as palette_colour
from kindred.clusters.contrast import UNKNOWN, BinnedTrait
from kindred.clusters.selection import MapGrid

BINS = 8  # of a number's colours: about as many as an eye tells apart
CATEGORIES = 9  # of a category's colours, the rest in grey
_OTHER, _UNKNOWN = 250, 251  # codes that no bin has
_THEMES = ("light", "dark")


def draw_map(view: MapView, looking: Looking) -> None:
    """Draw the map with its list of clusters."""
    colour = looking.colour if looking.colour in view.traits else ""
    marks = cluster_marks(view)
    if colour:
        people, colours, legend = _by_trait(view, trait(view, colour))
    else:
        people, colours, legend = _by_cluster(view, marks)
    asked = looking.asked
    mark = next((m for m in marks if m.id is not None and m.id == asked.focus), None)
    if mark and asked.view is None:
        asked = replace(asked, view={"box": list(mark.box)})
    simulated = ", simulated" if view.facts.kind == "simulated" else ""
    message = pack(
        people,
        colours=colours,
        legend=legend,
        clusters=marks,
        notes=[
            Note(*_cell(view.grid, note.x, note.y), note.text, note.author) for note in view.notes
        ],
        asked=asked,
        title=f"{count(view.run.people)} people, by {legend.title.lower()}",
        source=f"{view.facts.source}{simulated} · as of {instant(view.run.as_of)}",
        file=f"kindred-map-run-{view.run.id}.png",
        alternative=in_words(view, legend)
        + " The density view shows the same as a chart with a table.",
    )
    point_map(message, key=map_key(view.run.id), **told_by(map_key(view.run.id)))


def in_words(view: MapView, legend: Legend) -> str:
    """Say what the map shows, for those who do not see it."""
    named = [cluster for cluster in view.clusters if cluster.id is not None]
    largest = "; ".join(f"{c.name}, {percent(c.share)}" for c in named[:5])
    return (
        f"Map of {count(view.run.people)} people, those alike close together, coloured by "
        f"{legend.title.lower()}. {count(len(named))} clusters. The largest: {largest}."
    )


def cluster_marks(view: MapView) -> list[ClusterMark]:
    """Give the clusters as the map lists them, in the order of `view.clusters`."""
    return [
        ClusterMark(
            id=cluster.id,
            code=code,
            name=cluster.name if cluster.id is not None else "In no cluster",
            sentence=cluster.sentence,
            people=cluster.size,
            share=cluster.share,
            size=count(cluster.size),
            percent=percent(cluster.share),
            colour={theme: palette_colour(cluster.colour, theme) for theme in _THEMES},
            box=_box(view.grid, cluster.box),
            x=view.centres[code][0],
            y=view.centres[code][1],
        )
        for code, cluster in enumerate(view.clusters)
    ]


def _by_cluster(
    view: MapView, marks: Sequence[ClusterMark]
) -> tuple[People, dict[str, list[str]], Legend]:
    colours = {theme: [mark.colour[theme] for mark in marks] for theme in _THEMES}
    legend = Legend("clusters", "Cluster", tuple((mark.code, mark.name) for mark in marks))
    ground = view.run.map_file
    return People(ground, view.x, view.y, view.label), colours, legend


def _by_trait(view: MapView, binned: BinnedTrait) -> tuple[People, dict[str, list[str]], Legend]:
    shown, labels = _tenths(view, binned) if binned.numeric else _largest(binned)
    colours = {theme: [NOISE[theme]] * (_UNKNOWN + 1) for theme in _THEMES}
    for theme in _THEMES:
        palette = _ramp(SEQUENTIAL[theme], len(labels)) if binned.numeric else CATEGORICAL[theme]
        colours[theme][: len(labels)] = palette[: len(labels)]
        colours[theme][_UNKNOWN] = UNKNOWN_COLOUR[theme]
    entries = list(enumerate(labels))
    if (shown == _OTHER).any():
        entries.append((_OTHER, "any other"))
    if binned.counts[UNKNOWN]:
        entries.append((_UNKNOWN, "not known"))
    legend = Legend(
        "numbers" if binned.numeric else "categories", view.label_of(binned.name), tuple(entries)
    )
    people = People(view.run.map_file, view.x, view.y, shown[binned.codes], view.label)
    return people, colours, legend


def _tenths(view: MapView, binned: BinnedTrait) -> tuple[NDArray[np.uint8], list[str]]:
    """Join fine bins to a few of about as many people each, and name them by their edges."""
    assert binned.edges is not None
    bins = len(binned.edges) - 1
    known = binned.counts[:bins]
    before = np.cumsum(known) - known
    level = np.minimum(before * BINS // max(int(known.sum()), 1), BINS - 1)
    used, place = np.unique(level, return_inverse=True)
    starts = np.append(np.searchsorted(level, used), bins)
    unit = view.unit_of(binned.name)
    single = bins <= 30  # a bin is a value
    labels = []
    for i in range(len(used)):
        low, high = binned.edges[starts[i]], binned.edges[starts[i + 1] - (1 if single else 0)]
        one = single and starts[i + 1] - starts[i] == 1
        labels.append(number(low, unit) if one else f"{number(low)} to {number(high, unit)}")
    shown = np.full(256, _UNKNOWN, np.uint8)
    shown[:bins] = place
    return shown, labels


def _largest(binned: BinnedTrait) -> tuple[NDArray[np.uint8], list[str]]:
    labels = list(binned.categories[:CATEGORIES])
    shown = np.full(256, _OTHER, np.uint8)
    shown[: len(labels)] = np.arange(len(labels))
    shown[UNKNOWN] = _UNKNOWN
    return shown, labels


def _ramp(scale: Sequence[str], steps: int) -> list[str]:
    places = np.linspace(0, len(scale) - 1, max(steps, 2)).round().astype(int)
    return [scale[place] for place in places]


def _cell(grid: MapGrid, x: float, y: float) -> tuple[int, int]:
    cx, cy = grid.cells([x], [y])
    return int(cx[0]), int(cy[0])


def _box(grid: MapGrid, box: Sequence[float]) -> tuple[int, int, int, int]:
    x0, x1, y0, y1 = box
    (left, bottom), (right, top) = _cell(grid, x0, y0), _cell(grid, x1, y1)
    return left, right, bottom, top


def choose_colour(view: MapView, looking: Looking) -> None:
    """Let the user choose what colours mean."""
    options = ["", *view.traits]
    chosen = st.selectbox(
        "Colour by",
        options,
        index=options.index(looking.colour) if looking.colour in options else 0,
        format_func=lambda name: view.label_of(name) if name else "Cluster",
        key=f"explore_colour_{view.run.id}",
        width=300,
    )
    looking.colour = chosen or ""
