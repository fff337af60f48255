"""The colours that charts and the map share, for the light and the dark theme."""

from __future__ import annotations

from typing import Final

CATEGORICAL: Final = {
    "light": (
        "#3366e6",
        "#e8710a",
        "#12977a",
        "#c2359b",
        "#7a4fd0",
        "#b58b00",
        "#0097c4",
        "#d1384a",
        "#5b7f1c",
        "#8c564b",
        "#5a6b8c",
        "#e377a8",
    ),
    "dark": (
        "#6d96ff",
        "#ff9d4d",
        "#3cc7a6",
        "#ec6bc6",
        "#a68bf5",
        "#e0b93a",
        "#3fc1ea",
        "#f4737f",
        "#9dc24f",
        "#c49a8f",
        "#9aabcb",
        "#f3a2c6",
    ),
}
NOISE: Final = {"light": "#b9bec9", "dark": "#5c6373"}
UNKNOWN_COLOUR: Final = {"light": "#d6d9e0", "dark": "#454b59"}
SEQUENTIAL: Final = {
    "light": (
        "#d8e2f8",
        "#b3c9f2",
        "#8cb0ec",
        "#6896e0",
        "#4a7bd0",
        "#3561b8",
        "#264a98",
        "#1a3574",
        "#0f2250",
    ),
    "dark": (
        "#1f2f55",
        "#27427a",
        "#3058a0",
        "#3f70c4",
        "#568adf",
        "#76a4ee",
        "#9bbdf6",
        "#c1d6fb",
        "#e8f0ff",
    ),
}
DIVERGING: Final = {"light": ("#c2591b", "#3366e6"), "dark": ("#f29a5c", "#6d96ff")}
