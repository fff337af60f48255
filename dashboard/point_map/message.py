"""What the map of people is sent: one bytes object, five or six bytes a person."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.uint16]
Codes = NDArray[np.uint8]

FAINT = 255  # the code that the screen keeps for people who are not picked
MAX_CODES = 255


@dataclass(frozen=True)
class Legend:
    """What the colours mean: a title, and a (code, label) for each that occurs."""

    kind: Literal["clusters", "numbers", "categories"]
    title: str
    entries: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ClusterMark:
    """One cluster on the map and in the list under it; numbers come as they are to be read.

    Parameters
    ----------
    id : int or None
        Its identity; none for the people in no cluster.
    code : int
        Its byte in the plane of labels.
    box : tuple of int
        ``(x0, x1, y0, y1)`` in cells, to zoom to.
    x, y : int
        Cell where its name stands.
    """

    id: int | None
    code: int
    name: str
    sentence: str
    people: int
    share: float
    size: str
    percent: str
    colour: dict[str, str]
    box: tuple[int, int, int, int]
    x: int
    y: int


@dataclass(frozen=True)
class Note:
    """An annotation, at a cell."""

    x: int
    y: int
    text: str
    author: str


@dataclass(frozen=True)
class Asked:
    """What the server asks the map to show; obeyed once for each new `number`."""

    number: int = 0
    shapes: Sequence[dict[str, Any]] = ()
    focus: int | None = None
    view: dict[str, Any] | None = None  # {"x", "y", "zoom"} or {"box": [x0, x1, y0, y1]}


@dataclass(frozen=True)
class People:
    """Where people stand, and a byte each of colour and (if it differs) of cluster.

    Parameters
    ----------
    ground : str
        Names the coordinates: while it stays, so does the view.
    x, y : array of uint16, shape (n,)
    colour : array of uint8, shape (n,)
        Codes below 255.
    label : array of uint8, shape (n,), optional
        Codes of clusters, when `colour` says something else.
    """

    ground: str
    x: Cells
    y: Cells
    colour: Codes
    label: Codes | None = None
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(self.ground.encode(), digest_size=8)
        digest.update(self.colour.tobytes())
        object.__setattr__(self, "fingerprint", digest.hexdigest())

    @property
    def planes(self) -> tuple[Codes, ...]:
        """The bytes a person that follow the coordinates."""
        return (self.colour,) if self.label is None else (self.colour, self.label)


def pack(
    people: People,
    *,
    colours: Mapping[str, Sequence[str]],
    legend: Legend,
    clusters: Sequence[ClusterMark],
    notes: Sequence[Note],
    asked: Asked,
    title: str,
    source: str,
    file: str,
    alternative: str,
) -> bytes:
    """Write the message.

    ``[u32 length of the header][header, JSON][u16 x[n]][u16 y[n]][u8 plane[n]] …``, all
    little-endian; the header is padded so that the coordinates lie on an even address.

    Parameters
    ----------
    colours : dict
        ``light`` and ``dark``: a hexadecimal colour for each code.
    title, source, file : str
        Head line, small print and file name of the downloaded picture.
    alternative : str
        What the picture says, in words.
    """
    if any(len(palette) > MAX_CODES for palette in colours.values()):
        raise ValueError(f"a map has at most {MAX_CODES} colours")
    header = {
        **_people(people),
        "colours": {theme: list(palette) for theme, palette in colours.items()},
        "legend": _legend(legend),
        "clusters": [asdict(cluster) for cluster in clusters],
        "annotations": [asdict(note) for note in notes],
        "title": title,
        "source": source,
        "file": file,
        "alternative": alternative,
        **_asked(asked),
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (len(text) % 2)
    return b"".join((struct.pack("<I", len(text)), text, *_planes(people)))


def _people(people: People) -> dict[str, Any]:
    return {
        "n": len(people.x),
        "planes": ["colour", "label"][: len(people.planes)],
        "points": people.fingerprint,
        "ground": people.ground,
    }


def _legend(legend: Legend) -> dict[str, Any]:
    return {
        "kind": legend.kind,
        "title": legend.title,
        "entries": [{"code": code, "label": label} for code, label in legend.entries],
    }


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "asked": asked.number,
        "shapes": list(asked.shapes),
        "focus": asked.focus,
        "view": asked.view,
    }


def _planes(people: People) -> Iterator[bytes]:
    for cells in (people.x, people.y):
        yield cells.astype("<u2", copy=False).tobytes()
    for plane in people.planes:
        yield plane.tobytes()
