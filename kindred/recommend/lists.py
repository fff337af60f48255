"""Top lists for many at once: known people, groups of them, somebody unknown, similar items."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.blend import blend_scores
from kindred.recommend.blocks import Crowd, in_blocks
from kindred.recommend.exported import Exported
from kindred.recommend.forms import Content, Factors, Neighbours
from kindred.recommend.topk import best

Places = NDArray[np.int64]
Scores = NDArray[np.float32]
_SIMILAR_BLOCK: Final = 128
_SMALLEST: Final = 1e-6


def crowd_of(model: Exported, rows: Places) -> Crowd:
    """Gather known people: their rows, histories and features."""
    history = model.history
    slices = [history.of(int(row)) for row in rows]
    lengths = np.array([part.stop - part.start for part in slices], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    places, weights = _gathered(history.places, slices), _gathered(history.weights, slices)
    shape = (len(rows), len(model.items))
    matrix = sparse.csr_array(
        (weights.astype(np.float32), places.astype(np.int64), starts), shape=shape
    )
    features = {name: values[rows] for name, values in model.person_features.items()}
    return Crowd(np.asarray(rows, dtype=np.int64), matrix, features)


def unknown_crowd(model: Exported, features: dict[str, str | None] | None = None) -> Crowd:
    """Give one person of whom nothing, or only some features, is known."""
    empty = sparse.csr_array((1, len(model.items)), dtype=np.float32)
    told = {name: np.array([value], dtype=object) for name, value in (features or {}).items()}
    return Crowd(np.array([-1]), empty, told)


def top_lists(model: Exported, crowd: Crowd, k: int) -> tuple[Places, Scores]:
    """Give everybody's k best items and their scores, shapes (n, k); −1 beyond a list's end.

    Where the model's setting is that only what is new is recommended, no list holds anything of
    its person's history.
    """
    lists, values = [np.empty((0, k), dtype=np.int64)], [np.empty((0, k), dtype=np.float32)]
    for block in in_blocks(crowd):
        part = crowd.part(block)
        scores = blend_scores(model.forms, model.blend, part)
        barred = sparse.csr_array(scores.shape) if model.repeats else part.history
        found = best(scores, sparse.csr_array(barred), k)
        lists.append(found)
        values.append(_scores_of(scores, found))
    return np.concatenate(lists), np.concatenate(values)


def group_list(model: Exported, rows: Places, k: int) -> tuple[Places, Scores]:
    """Give the k best items by the mean scores of some people, shapes (1, k)."""
    crowd = crowd_of(model, rows) if len(rows) else unknown_crowd(model)
    total: NDArray[np.float64] = np.zeros(len(model.items))
    for block in in_blocks(crowd):
        total += blend_scores(model.forms, model.blend, crowd.part(block)).sum(axis=0)
    mean = (total / max(len(crowd), 1)).astype(np.float32)[None, :]
    found = best(mean, sparse.csr_array(mean.shape), k)
    return found, _scores_of(mean, found)


def similar_lists(model: Exported, items: Places, k: int) -> tuple[Places, Scores]:
    """Give the k items most like each of some, and their likeness; −1 beyond a list's end.

    As :func:`~kindred.recommend.exported.similar` has it for one.
    """
    lists, values = [np.empty((0, k), dtype=np.int64)], [np.empty((0, k), dtype=np.float32)]
    units = {name: _unit(f) for name, f in model.forms.items() if isinstance(f, Factors)}
    for start in range(0, len(items), _SIMILAR_BLOCK):
        some = items[start : start + _SIMILAR_BLOCK]
        votes = _votes(model, some, units)
        own = sparse.csr_array(
            (np.ones(len(some)), (np.arange(len(some)), some)), shape=votes.shape
        )
        found = best(votes, own, k)
        likeness = _scores_of(votes, found)
        found[likeness <= _SMALLEST] = -1
        lists.append(found)
        values.append(np.where(found >= 0, likeness, 0).astype(np.float32))
    return np.concatenate(lists), np.concatenate(values)


def _votes(model: Exported, some: Places, units: dict[str, Scores]) -> Scores:
    votes = np.zeros((len(some), len(model.items)), dtype=np.float32)
    counted = 0
    for name, form in model.forms.items():
        if isinstance(form, Content):
            found = (form.rows[some] @ form.rows.T).toarray()
        elif isinstance(form, Neighbours):
            found = form.weights[some].toarray()
            top = found.max(axis=1, initial=0.0, keepdims=True)
            found = found / np.where(top > 0, top, 1.0)
        elif name in units:
            found = units[name][some] @ units[name].T
        else:
            continue
        votes += np.clip(found, 0, 1).astype(np.float32)
        counted += 1
    return np.asarray(votes / max(counted, 1), dtype=np.float32)


def _unit(form: Factors) -> Scores:
    items = np.asarray(form.items, dtype=np.float32)
    length = np.linalg.norm(items, axis=1, keepdims=True)
    return np.asarray(items / np.where(length > 0, length, 1), dtype=np.float32)


def _scores_of(scores: Scores, places: Places) -> Scores:
    if not scores.shape[1]:
        return np.zeros(places.shape, dtype=np.float32)
    line = np.arange(len(scores))[:, None]
    return np.where(places >= 0, scores[line, places], 0.0).astype(np.float32)


def _gathered(values: NDArray[Any], slices: list[slice]) -> NDArray[Any]:
    parts = [np.asarray(values[part]) for part in slices]
    return np.concatenate(parts) if parts else np.asarray(values[:0])
