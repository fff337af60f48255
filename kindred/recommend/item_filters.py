"""Filters over items' metadata, for a list of candidates or a whole catalogue at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.recommend import steering as s

Fields = Mapping[str, NDArray[Any]]  # of shape (n,); None or NaN where nothing is known


def passes(where: Sequence[s.ItemFilter], fields: Fields, n: int) -> NDArray[np.bool_]:
    """Tell which of n items pass all filters; an unknown field is as good as unknown values."""
    kept = np.ones(n, dtype=np.bool_)
    for tested in where:
        column = fields.get(tested.field)
        values = np.full(n, None, dtype=object) if column is None else column
        kept &= _passes(tested, values)
    return kept


def allowed(steering: s.Steering, fields: Fields, n: int) -> NDArray[np.bool_]:
    """Tell which of n items the rules on metadata let be shown, for a catalogue at once."""
    includes = [passes(rule.where, fields, n) for rule in steering.of(s.IncludeRule)]
    kept: NDArray[np.bool_] = np.any(includes, axis=0) if includes else np.ones(n, dtype=np.bool_)
    for rule in steering.of(s.ExcludeRule):
        kept = kept & ~passes(rule.where, fields, n)
    return np.asarray(kept, dtype=np.bool_)


def known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where a value is known: neither None nor NaN.

    Examples
    --------
    >>> known(np.array(["a", None, float("nan")], dtype=object)).tolist()
    [True, False, False]
    """
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values), dtype=np.bool_)
    if values.dtype.kind != "O":
        return np.ones(len(values), dtype=np.bool_)
    # NaN alone differs from itself.
    return np.array([v is not None and v == v for v in values], dtype=np.bool_)  # noqa: PLR0124


def _passes(tested: s.ItemFilter, values: NDArray[Any]) -> NDArray[np.bool_]:
    there = known(values)
    if tested.op in s.NO_VALUE:
        return there if tested.op == "is_set" else ~there
    wanted = tested.value
    if tested.op in {"lt", "lte", "gt", "gte"}:
        return there & _ordered(tested.op, values, there, float(wanted))  # type: ignore[arg-type]
    if tested.op == "contains":
        part = str(wanted)
        hits = [t and isinstance(v, str) and part in v for v, t in zip(values, there, strict=True)]
        return np.array(hits, dtype=np.bool_)
    members = frozenset(wanted) if isinstance(wanted, tuple) else frozenset([wanted])
    same = np.array([t and v in members for v, t in zip(values, there, strict=True)], np.bool_)
    return same if tested.op in {"eq", "in"} else there & ~same


def _ordered(
    op: str, values: NDArray[Any], there: NDArray[np.bool_], than: float
) -> NDArray[np.bool_]:
    numbers = np.full(len(values), np.nan)
    for row in np.flatnonzero(there):
        if isinstance(values[row], int | float | np.number):
            numbers[row] = float(values[row])
    compare = {"lt": np.less, "lte": np.less_equal, "gt": np.greater, "gte": np.greater_equal}
    return np.asarray(compare[op](numbers, than), dtype=np.bool_)
