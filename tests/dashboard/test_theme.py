"""The colours that people must tell apart, and the copy of them in Streamlit's configuration."""

from __future__ import annotations

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard import theme

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
MODES = ("light", "dark")
Floats = NDArray[np.float64]

# Machado, Oliveira & Fernandes (2009), severity 1.0, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# Ottosson (2020), "A perceptual color space for image processing".
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(colour: str) -> Floats:
    assert re.fullmatch(r"#[0-9a-f]{6}", colour)
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Floats) -> Floats:
    lab: Floats = TO_LAB @ np.cbrt(TO_LMS @ np.clip(rgb, 0, 1))
    return lab


def contrast(one: str, other: str) -> float:
    """Ratio of WCAG 2.2, 1 … 21."""
    light = sorted(
        float(linear(c) @ np.array([0.2126, 0.7152, 0.0722])) + 0.05 for c in (one, other)
    )
    return light[1] / light[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_of_the_twelve_colours_stay_apart_however_one_sees(mode: str, sight: str) -> None:
    seen = [oklab(SIGHTS[sight] @ linear(colour)) for colour in theme.CATEGORICAL[mode]]

    apart = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))

    assert len(seen) == 12
    assert apart > 0.06  # three times the difference that is just noticed, about 0.02


@pytest.mark.parametrize("mode", MODES)
def test_every_colour_of_a_mark_stands_out_from_the_paper(mode: str) -> None:
    assert min(contrast(c, theme.PAPER[mode]) for c in theme.CATEGORICAL[mode]) >= 3  # WCAG 1.4.11


@pytest.mark.parametrize("mode", MODES)
def test_a_sequential_scale_steps_evenly_in_lightness(mode: str) -> None:
    steps = np.diff([oklab(linear(colour))[0] for colour in theme.SEQUENTIAL[mode]])

    assert np.ptp(steps) < 0.02


@pytest.mark.parametrize("mode", MODES)
def test_the_configuration_carries_the_same_colours(mode: str) -> None:
    given = CONFIG["theme"][mode]

    assert tuple(given["chartCategoricalColors"]) == theme.CATEGORICAL[mode]
    assert tuple(given["chartSequentialColors"]) == theme.SEQUENTIAL[mode]
    assert tuple(given["chartDivergingColors"]) == theme.DIVERGING_SCALE[mode]
    assert given["backgroundColor"] == theme.PAPER[mode]
    assert given["textColor"] == theme.INK[mode]


@pytest.mark.parametrize("mode", MODES)
def test_text_can_be_read_on_every_ground(mode: str) -> None:
    given = CONFIG["theme"][mode]
    grounds = [
        given["backgroundColor"],
        given["secondaryBackgroundColor"],
        given["sidebar"]["backgroundColor"],
    ]
    inks = [
        given[f"{name}Color"]
        for name in ("text", "link", "red", "orange", "yellow", "green", "blue", "violet", "gray")
    ]

    worst = min(
        contrast(ink, ground) for ink in [*inks, theme.FAINT_INK[mode]] for ground in grounds
    )

    assert worst >= 4.0 if mode == "light" else worst >= 4.5
    assert contrast(theme.CHOSEN_INK[mode], given["secondaryBackgroundColor"]) >= 4.5
    assert min(contrast(ink, given["backgroundColor"]) for ink in inks) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_white_can_be_read_on_a_button(mode: str) -> None:
    assert contrast(CONFIG["theme"][mode]["primaryColor"], "#ffffff") >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_small_print_can_be_read_on_every_ground(mode: str) -> None:
    """Streamlit writes captions in the ink at six tenths over the ground."""
    given = CONFIG["theme"][mode]
    for ground in (
        given["backgroundColor"],
        given["secondaryBackgroundColor"],
        given["sidebar"]["backgroundColor"],
    ):
        parts = zip(_bytes(given["textColor"]), _bytes(ground), strict=True)
        mixed = "#" + "".join(f"{round(0.6 * ink + 0.4 * paper):02x}" for ink, paper in parts)

        assert contrast(mixed, ground) >= 4.5


def _bytes(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def test_past_the_twelfth_colour_is_grey() -> None:
    assert theme.colour(11, "light") == theme.CATEGORICAL["light"][11]
    assert theme.colour(12, "light") == theme.colour(None, "light") == theme.NOISE["light"]


def test_fonts_lie_beside_the_dashboard_with_their_licence() -> None:
    for face in CONFIG["theme"]["fontFaces"]:
        assert (ROOT / face["url"].removeprefix("app/")).is_file()
    assert "SIL Open Font License" in (ROOT / "static/fonts/LICENSE-Inter.txt").read_text()
