"""Keep a training's models as arrays: the blend, and each kind alone beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.model_files import save_model
from data.training_data import TrainingData
from data.workspace import Workspace
from kindred.recommend.blend import blend_scores, scaled
from kindred.recommend.blocks import block_scores, in_blocks
from kindred.recommend.dataset import DAY
from kindred.recommend.exported import ROUTES, Exported, History
from kindred.recommend.forms import Form, Popular
from kindred.recommend.recipes import BLEND, GROUPS, HYBRID, PERSONAL, POPULARITY
from kindred.recommend.steering_cost import Sample
from kindred.recommend.topk import best
from kindred.recommend.training import Contest

KEPT_ALONE: Final = (POPULARITY, GROUPS, PERSONAL, "covisitation_cosine", "als", HYBRID)
SAMPLED: Final = 500  # people of the test, by which it is told what rules cost
CANDIDATES: Final = 200
MOST_VALUES: Final = 30  # of a trait that a visitor's first request may tell


def keep_models(
    workspace: Workspace,
    data: TrainingData,
    matrix: sparse.csr_array,
    forms: Mapping[str, Form],
    contests: Mapping[bool, Contest],
    repeats: bool,
) -> dict[tuple[bool, str], str]:
    """Write the blends of both modes, and of the mode that fits the data some kinds alone.

    Gives each one's path by mode and name.
    """
    history = _history(data, matrix)
    kept: dict[tuple[bool, str], str] = {}
    for mode, found in contests.items():
        blend = {route: _among(weights, forms) for route, weights in found.blend.items()}
        model = _exported(BLEND, data, forms, blend, history, mode)
        kept[mode, BLEND] = save_model(workspace, model, sample_of(data, found))
    for name in KEPT_ALONE:
        if name not in forms:
            continue
        alone = {route: {name: 1.0} for route in ROUTES}
        if not isinstance(forms[name], Popular):
            alone |= {route: {POPULARITY: 1.0} for route in ("metadata", "unknown")}
        own = {n: form for n, form in forms.items() if n in {name, POPULARITY}}
        model = _exported(name, data, own, alone, history, repeats)
        kept[repeats, name] = save_model(workspace, model)
    return kept


def sample_of(data: TrainingData, found: Contest) -> Sample:
    """Take people of the test with their best candidates, by the models that were judged."""
    few = np.arange(len(found.people))[:: max(1, len(found.people) // SAMPLED)][:SAMPLED]
    part = found.task.part(few)
    lists = [np.empty((0, CANDIDATES), dtype=np.int64)]
    values = [np.empty((0, CANDIDATES))]
    # Of the models that a marketer may weigh anew, so that what that costs can be told.
    weighed = [name for name, weight in found.blend.get("history", {}).items() if weight]
    parts = {name: [np.empty((0, CANDIDATES))] for name in weighed}
    for block in in_blocks(part.crowd):
        crowd = part.crowd.part(block)
        scores = blend_scores(found.forms, found.blend, crowd)
        barred = sparse.csr_array(part.barred[np.arange(len(few))[block]])
        chosen = best(scores, barred, CANDIDATES)
        line = np.arange(len(scores))[:, None]
        lists.append(chosen)
        values.append(np.where(chosen >= 0, scores[line, chosen], 0.0).astype(np.float64))
        for name, own in parts.items():
            single = scaled(block_scores(found.forms[name], crowd))
            own.append(np.where(chosen >= 0, single[line, chosen], 0.0).astype(np.float64))
    places = np.concatenate(lists)
    history = part.crowd.history
    days = days_of(data, found.people[few], history, found.cut)
    ago = np.full((len(few), history.shape[1]), np.nan, dtype=np.float32)
    ago[np.repeat(np.arange(len(few)), np.diff(history.indptr)), history.indices] = days
    known = np.take_along_axis(ago, np.maximum(places, 0), axis=1).astype(np.float64)
    starts = part.positives.indptr
    wanted = tuple(part.positives.indices[a:b] for a, b in pairwise(starts))
    singles = {name: np.concatenate(own) for name, own in parts.items()}
    bought = np.where(places >= 0, known, np.nan)
    return Sample(places, np.concatenate(values), bought, wanted, singles)


def days_of(
    data: TrainingData, people: NDArray[np.int64], history: sparse.csr_array, now: float
) -> NDArray[np.float64]:
    """Say how long before a time each item of histories was last ordered; NaN where never.

    Parameters
    ----------
    people : array of shape (n,)
        Whose rows `history`, of shape (n, I), has.
    """
    rows, items = data.material.rows, history.shape[1]
    mine = np.full(rows.shape[0], -1, dtype=np.int64)
    mine[people] = np.arange(len(people))
    some = np.flatnonzero(data.ordered & (rows.time < now) & (mine[rows.person] >= 0))
    key = mine[rows.person[some]] * items + rows.item[some]
    order = np.lexsort((-rows.time[some], key))
    key, times = key[order], rows.time[some][order]
    fresh = np.ones(len(key), dtype=np.bool_)
    fresh[1:] = key[1:] != key[:-1]
    key, times = key[fresh], times[fresh]
    line = np.repeat(np.arange(len(people)), np.diff(history.indptr)).astype(np.int64)
    wanted = line * items + history.indices
    at = np.minimum(np.searchsorted(key, wanted), max(len(key) - 1, 0))
    found = np.full(len(wanted), np.nan)
    if len(key):
        same = key[at] == wanted
        found[same] = (now - times[at[same]]) / DAY
    return found


def _history(data: TrainingData, matrix: sparse.csr_array) -> History:
    everybody = np.arange(matrix.shape[0])
    days = days_of(data, everybody, matrix, data.now).astype(np.float32)
    starts = np.asarray(matrix.indptr, dtype=np.int64)
    return History(starts, matrix.indices.astype(np.int32), matrix.data, days)


def _exported(
    name: str,
    data: TrainingData,
    forms: Mapping[str, Form],
    blend: Mapping[str, Mapping[str, float]],
    history: History,
    repeats: bool,
) -> Exported:
    material = data.material
    return Exported(
        name=name,
        people=_bytes(material.rows.people),
        items=_bytes(material.rows.items),
        forms=forms,
        blend=blend,
        history=history,
        repeats=repeats,
        person_features=material.people,
        features={trait: _values(values) for trait, values in material.people.items()},
    )


def _bytes(ids: NDArray[Any]) -> NDArray[np.bytes_]:
    return np.array([str(each).encode() for each in ids], dtype=np.bytes_)


def _values(values: NDArray[Any]) -> tuple[str, ...]:
    """List the values that most people have, in alphabetical order."""
    counts = Counter(str(value) for value in values if value is not None)
    return tuple(sorted(value for value, _ in counts.most_common(MOST_VALUES)))


def _among(weights: Mapping[str, float], forms: Mapping[str, Form]) -> dict[str, float]:
    """Leave out weights of models that did not come through the last fit."""
    return {name: weight for name, weight in weights.items() if name in forms}
