"""The colours that screens share, in the light and the dark theme, and how charts look."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

# Twelve colours that stay apart for people with any kind of colour blindness: chosen so that the
# smallest distance of two, under protan-, deuter- and tritanopia simulated after Machado et al.
# (2009), is as large as the hues below allow. A test holds the distances and the contrast.
CATEGORICAL: Final = {
    "light": (
        "#2f5fde",  # blue, which is the accent
        "#d97b24",  # orange
        "#3b988a",  # teal
        "#522d74",  # purple
        "#e45268",  # red
        "#27638c",  # sky
        "#87732f",  # ochre
        "#3c5f00",  # green
        "#ad215f",  # magenta
        "#642721",  # brown
        "#aa7fe4",  # violet
        "#131ea8",  # navy
    ),
    "dark": (
        "#7097ff",
        "#eb9508",
        "#2be8ae",
        "#937ba6",
        "#f05658",
        "#aae0ff",
        "#efda48",
        "#8cc186",
        "#e09fd0",
        "#b13e06",
        "#9f3dae",
        "#5862e1",
    ),
}
NOISE: Final = {"light": "#b9bec9", "dark": "#5c6373"}  # people in no cluster, and whatever is 13th
UNKNOWN_COLOUR: Final = {"light": "#d6d9e0", "dark": "#454b59"}
ACCENT: Final = {"light": "#2f5fde", "dark": "#7097ff"}
PAPER: Final = {"light": "#ffffff", "dark": "#12151c"}
INK: Final = {"light": "#0f1520", "dark": "#e8ebf2"}
GROUND: Final = {"light": "#e6e9f0", "dark": "#2c3340"}  # tracks behind bars
CHOSEN_INK: Final = {"light": "#2a55c8", "dark": "#8fb0ff"}  # Streamlit's links
FAINT_INK: Final = {"light": "#5d6678", "dark": "#9aa3b5"}
# Even steps of lightness in OKLab, from next to the paper to far from it.
SEQUENTIAL: Final = {
    "light": (
        "#d9eafc",
        "#b2d5fe",
        "#8dc0fd",
        "#6da9f8",
        "#5491ec",
        "#417bda",
        "#3565c2",
        "#2c51a5",
        "#253e85",
        "#1d2e65",
    ),
    "dark": (
        "#1d2a56",
        "#253c77",
        "#2d5098",
        "#3565b7",
        "#417cd1",
        "#5494e5",
        "#6fadf3",
        "#90c4fb",
        "#b7dbfe",
        "#e1f1ff",
    ),
}
DIVERGING_SCALE: Final = {
    "light": (
        "#a54b00",
        "#c36a33",
        "#d4926d",
        "#e2b8a1",
        "#eeded6",
        "#dae2f0",
        "#aec3e8",
        "#83a4df",
        "#5884d5",
        "#2e62c9",
    ),
    "dark": (
        "#fe904d",
        "#d0763f",
        "#9d603c",
        "#6e4a36",
        "#40342e",
        "#323842",
        "#425474",
        "#5271a9",
        "#638fe1",
        "#86b1fe",
    ),
}
DIVERGING: Final = {"light": ("#c2591b", "#2f5fde"), "dark": ("#f29a5c", "#7097ff")}  # less, more


def theme_now() -> str:
    """Say whether the viewer sees the light or the dark theme.

    Streamlit may be wrong in the first run of a session; the next run puts it right.
    """
    return "dark" if st.context.theme.type == "dark" else "light"


def colour(place: int | None, theme: str) -> str:
    """Give a cluster's, segment's or variation's colour; past the palette, and none, is grey.

    Examples
    --------
    >>> colour(0, "light"), colour(12, "light") == colour(None, "light")
    ('#2f5fde', True)
    """
    palette = CATEGORICAL[theme]
    return palette[place] if place is not None and 0 <= place < len(palette) else NOISE[theme]


def css(theme: str) -> str:
    """Style what Streamlit's settings don't reach.

    Its sidebar doesn't show where the keyboard is. Its buttons are white on the primary colour and
    what is chosen is written in it: in the dark no colour can be read both ways, so the latter has
    an ink of its own.
    """
    ink = CHOSEN_INK[theme]
    return (
        '[data-testid="stSidebarNavLink"]:focus-visible, [data-testid="stLogoLink"]:focus-visible '
        f"{{ outline: 2px solid {ink}; outline-offset: -2px; }} "
        'button[role="radio"][aria-checked="true"], [role="tab"][aria-selected="true"], '
        '[role="tab"][aria-selected="true"] p '
        f"{{ color: {ink}; }}"
    )


def styled(chart: Any, theme: str) -> Any:
    """Give a chart the house's axes, titles and legends.

    Grid and font are left to Streamlit, which takes them from ``.streamlit/config.toml``; its ink
    for axes is too faint to be read in the light theme.
    """
    return (
        chart.properties(padding={"left": 2, "top": 4, "right": 4, "bottom": 2})
        .configure_view(strokeWidth=0)
        .configure_axis(
            domain=False,
            ticks=False,
            labelPadding=6,
            titlePadding=8,
            titleFontWeight=500,
            titleFontSize=12,
            labelFontSize=12,
            labelLimit=220,
            labelColor=FAINT_INK[theme],
            titleColor=FAINT_INK[theme],
        )
        .configure_axisX(grid=False)
        .configure_title(
            anchor="start",
            fontSize=14,
            fontWeight=600,
            subtitleFontSize=12,
            subtitleColor=FAINT_INK[theme],
            subtitlePadding=4,
            offset=10,
        )
        .configure_legend(titleFontWeight=500, labelFontSize=12)
    )
