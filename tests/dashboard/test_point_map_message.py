"""The message that the map of people is sent."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from dashboard.point_map import Asked, Legend, People, pack

HEADER: dict[str, Any] = {
    "legend": Legend("clusters", "Cluster", ((0, "Früh und spät"),)),
    "clusters": [],
    "notes": [],
    "title": "Map",
    "source": "Test",
    "file": "map.png",
    "alternative": "A map.",
}
X = np.array([0, 1, 65_535], np.uint16)
Y = np.array([7, 8, 9], np.uint16)
COLOUR = np.array([0, 1, 2], np.uint8)


def packed(people: People, asked: Asked | None = None) -> tuple[dict[str, Any], bytes]:
    message = pack(people, colours={"light": ["#fff"]}, asked=asked or Asked(), **HEADER)
    (length,) = struct.unpack("<I", message[:4])
    assert length % 2 == 0  # the coordinates lie on an even address
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def test_a_person_takes_five_bytes_and_comes_back_as_sent() -> None:
    header, body = packed(People("run", X, Y, COLOUR))
    assert header["n"] == 3
    assert len(body) == 5 * 3
    assert np.frombuffer(body, "<u2", 3).tolist() == X.tolist()
    assert np.frombuffer(body, "<u2", 3, 6).tolist() == Y.tolist()
    assert list(body[12:]) == [0, 1, 2]


def test_a_trait_as_colour_adds_the_cluster_in_a_sixth_byte() -> None:
    header, body = packed(People("run", X, Y, COLOUR, COLOUR[::-1].copy()))
    assert header["planes"] == ["colour", "label"]
    assert list(body[12:]) == [0, 1, 2, 2, 1, 0]


def test_what_is_asked_does_not_make_the_points_new() -> None:
    people = People("run", X, Y, COLOUR)
    first, _ = packed(people)
    second, _ = packed(people, Asked(1, focus=3))
    assert first["points"] == second["points"]
    assert (second["asked"], second["focus"]) == (1, 3)


def test_other_colours_or_another_run_make_them_new() -> None:
    prints = {
        People(ground, X, Y, colour).fingerprint
        for ground in ("one", "two")
        for colour in (COLOUR, COLOUR[::-1].copy())
    }
    assert len(prints) == 4


def test_more_colours_than_a_byte_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        pack(
            People("run", X, Y, COLOUR), colours={"light": ["#fff"] * 256}, asked=Asked(), **HEADER
        )
