"""Which items are candidates for somebody: the best that rules may show, and what is pinned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend.exported import Exported
from kindred.recommend.forms import Who
from kindred.recommend.item_filters import allowed
from kindred.recommend.steering import HideBoughtRule, PinRule, Steering

CANDIDATES: Final = 200  # among which rules choose


def choose(
    model: Exported,
    fields: Mapping[str, NDArray[Any]],
    place: Mapping[str, int],
    total: NDArray[Any],
    who: Who,
    rules: Steering,
    k: int,
    bought: Mapping[int, float],
) -> NDArray[np.int64]:
    """Take the best candidates that rules may show, the best of all, and what is pinned.

    Parameters
    ----------
    fields : mapping of name to array of shape (M,)
        What rules may ask of the model's items.
    place : mapping of id to int
        Of the model's items.
    total : array, shape (M,)
        Scores; what may not be shown at all is not finite.
    bought : mapping of place to float
        Days since somebody bought it, where the model does not know them.

    Returns
    -------
    array of int
        Places, each once.
    """
    best = top(total, k)
    if not rules.rules:
        return best
    may = allowed(rules, fields, len(total))
    recent = max((rule.days for rule in rules.of(HideBoughtRule)), default=0)
    if recent and who.row is not None:
        own = model.history.of(who.row)
        late = np.asarray(model.history.days[own]) <= recent
        may[np.asarray(model.history.places[own])[late]] = False
    if recent:
        may[[at for at, days in bought.items() if days <= recent]] = False
    wanted = [item for rule in rules.of(PinRule) for item in rule.items]
    pins = [place[item] for item in wanted if item in place]
    steered = top(np.where(may, total, -np.inf), CANDIDATES)
    kept = dict.fromkeys([*best.tolist(), *steered.tolist(), *pins])
    return np.asarray([p for p in kept if np.isfinite(total[p])], dtype=np.int64)


def top(scores: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Give the places of the k best finite scores, best first, equal ones by place."""
    k = min(k, len(scores))
    if k == 0:
        return np.empty(0, dtype=np.int64)
    some = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
    order = some[np.lexsort((some, -scores[some]))]
    return np.asarray(order[np.isfinite(scores[order])], dtype=np.int64)
