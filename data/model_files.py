"""Fitted models on disk: one `.npy` an array, memory-mapped, and a manifest; nothing is unpickled.

A model's folder lies below the workspace's models and is never written twice, so its path is a
version. It holds no code and no object: whoever can read NumPy arrays can read it.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.workspace import Workspace
from kindred.errors import UserError
from kindred.recommend.exported import Exported, History
from kindred.recommend.forms import Content, Factors, Form, Neighbours, Personal, Popular
from kindred.recommend.steering_cost import Sample

FORMAT: Final = 1
_MANIFEST: Final = "model.json"


def save_model(workspace: Workspace, model: Exported, sample: Sample | None = None) -> str:
    """Write a model's folder whole or not at all; gives its path below the models' folder.

    Parameters
    ----------
    sample : Sample, optional
        Of the test, by which it is said what steering costs.
    """
    path = f"{model.name}-{uuid.uuid4().hex[:10]}"
    target = workspace.models / path
    half = workspace.models / f".{path}"
    half.mkdir(parents=True)
    write = _Writer(half)
    write.array("people", model.people)
    write.array("items", model.items)
    for name in ("starts", "places", "weights", "days"):
        write.array(f"history.{name}", getattr(model.history, name))
    for name, values in model.person_features.items():
        write.texts(f"person.{name}", values)
    told = {name: write.form(name, form) for name, form in model.forms.items()}
    if sample is not None:
        write.sample(sample)
    manifest = {
        "format": FORMAT,
        "name": model.name,
        "repeats": model.repeats,
        "forms": told,
        "blend": {route: dict(weights) for route, weights in model.blend.items()},
        "person_features": list(model.person_features),
        "features": {name: list(values) for name, values in model.features.items()},
        "sample": None if sample is None else list(sample.parts),
    }
    (half / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1))
    os.replace(half, target)
    return path


def open_model(workspace: Workspace, path: str) -> Exported:
    """Open a model; arrays are read from disk as they are needed.

    Raises
    ------
    UserError
        It is not there, or was written by a newer Kindred.
    """
    folder = workspace.models / path
    manifest = _manifest(folder)
    read = _Reader(folder)
    history = History(
        *(read.array(f"history.{n}") for n in ("starts", "places", "weights", "days"))
    )
    return Exported(
        name=str(manifest["name"]),
        people=read.array("people"),
        items=read.array("items"),
        forms={name: read.form(name, told) for name, told in manifest["forms"].items()},
        blend=manifest["blend"],
        history=history,
        repeats=bool(manifest["repeats"]),
        person_features={n: read.texts(f"person.{n}") for n in manifest["person_features"]},
        features={name: tuple(values) for name, values in manifest["features"].items()},
    )


def open_sample(workspace: Workspace, path: str) -> Sample | None:
    """Read the test's sample of a model; none where none was kept."""
    folder = workspace.models / path
    parts = _manifest(folder)["sample"]
    if parts is None:
        return None
    read = _Reader(folder)
    starts, places = read.array("sample.starts"), read.array("sample.wanted")
    wanted = tuple(places[a:b] for a, b in pairwise(starts))
    return Sample(
        read.array("sample.candidates"),
        read.array("sample.scores"),
        read.array("sample.days"),
        wanted,
        {name: read.array(f"sample.part.{name}") for name in parts},
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        given: dict[str, Any] = json.loads((folder / _MANIFEST).read_text())
    except OSError:
        raise UserError(
            f"The model’s files are not in {folder}.",
            "Promote another model, or train again: python -m pipelines train_recommender",
        ) from None
    if given["format"] != FORMAT:
        raise UserError(
            f"The model in {folder} has format {given['format']}.",
            f"This Kindred reads format {FORMAT}: train again.",
        )
    return given


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def array(self, name: str, values: NDArray[Any]) -> None:
        np.save(self._folder / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)

    def texts(self, name: str, values: NDArray[Any]) -> None:
        """Write texts as codes into a sorted list of them; −1 is unknown."""
        known = sorted({str(value) for value in values if value is not None})
        code = {value: place for place, value in enumerate(known)}
        codes = [-1 if value is None else code[str(value)] for value in values]
        self.array(f"{name}.codes", np.array(codes, dtype=np.int32))
        self.array(f"{name}.values", np.array([v.encode() for v in known], dtype=np.bytes_))

    def rows(self, name: str, values: sparse.csr_array) -> dict[str, Any]:
        self.array(f"{name}.starts", values.indptr)
        self.array(f"{name}.places", values.indices)
        self.array(f"{name}.values", values.data)
        return {"shape": list(values.shape)}

    def form(self, name: str, form: Form) -> dict[str, Any]:
        """Write a form's arrays; gives what the manifest says of it."""
        if isinstance(form, Popular):
            self.array(f"{name}.everybody", form.everybody)
            self.array(f"{name}.groups", form.groups)
            return {"form": "popular", "names": list(form.names)}
        if isinstance(form, Personal):
            return {"form": "personal", "items": form.items}
        if isinstance(form, Neighbours):
            return {"form": "neighbours", **self.rows(name, form.weights)}
        if isinstance(form, Content):
            return {"form": "content", "terms": list(form.terms), **self.rows(name, form.rows)}
        assert isinstance(form, Factors)
        for part in ("people", "items", "bias", "gram", "features"):
            self.array(f"{name}.{part}", getattr(form, part))
        if form.pasts is not None:
            self.array(f"{name}.pasts", form.pasts)
        told = {"names": list(form.names), "strength": form.strength}
        return {"form": "factors", **told, "pasts": form.pasts is not None}

    def sample(self, sample: Sample) -> None:
        lengths = [len(wanted) for wanted in sample.wanted]
        self.array("sample.candidates", sample.candidates)
        self.array("sample.scores", sample.scores)
        self.array("sample.days", sample.bought_days_ago)
        self.array("sample.starts", np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
        wanted = [np.asarray(w, dtype=np.int64) for w in sample.wanted]
        self.array("sample.wanted", np.concatenate(wanted) if wanted else np.empty(0, np.int64))
        for name, scores in sample.parts.items():
            self.array(f"sample.part.{name}", scores)


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def array(self, name: str) -> NDArray[Any]:
        path = self._folder / f"{name}.npy"
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        return loaded if loaded.size else np.array(loaded)

    def texts(self, name: str) -> NDArray[Any]:
        known = [value.decode() for value in self.array(f"{name}.values").tolist()]
        choices = np.array([*known, None], dtype=object)
        return np.asarray(choices[self.array(f"{name}.codes")])

    def rows(self, name: str, shape: list[int]) -> sparse.csr_array:
        parts = (self.array(f"{name}.values"), self.array(f"{name}.places"))
        starts = self.array(f"{name}.starts")
        return sparse.csr_array((*parts, starts), shape=tuple(shape), copy=False)

    def form(self, name: str, told: Mapping[str, Any]) -> Form:
        """Read the form that the manifest tells of."""
        kind = told["form"]
        if kind == "popular":
            names = tuple(told["names"])
            return Popular(self.array(f"{name}.everybody"), self.array(f"{name}.groups"), names)
        if kind == "personal":
            return Personal(int(told["items"]))
        if kind == "neighbours":
            return Neighbours(self.rows(name, told["shape"]))
        if kind == "content":
            return Content(self.rows(name, told["shape"]), tuple(told["terms"]))
        names = ("people", "items", "bias", "gram", "features")
        people, items, bias, gram, features = (self.array(f"{name}.{part}") for part in names)
        strength = float(told["strength"])
        # Models that were kept before there were pasts don't tell of them.
        pasts = self.array(f"{name}.pasts") if told.get("pasts") else None
        named = tuple(told["names"])
        return Factors(people, items, bias, gram, features, named, strength, pasts)
