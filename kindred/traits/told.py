"""What a person told of themselves, as a trait: one value by the rules of `data/attributes.py`."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from kindred.traits.trait import TraitType

ISO_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}([T ]|$)")


def told_value(value: Any, kind: str | None) -> Any:
    """Bring a told value to a trait's type; None where it can't be that.

    Parameters
    ----------
    value : object
        As JSON has it.
    kind : str or None
        The trait's type; None: the value speaks for itself.

    Examples
    --------
    >>> told_value(7, "category"), told_value("7", "number"), told_value("x", "number")
    ('7', 7.0, None)
    """
    if kind is None:
        kind = _kind(value)
    if kind in (TraitType.NUMBER, TraitType.INTEGER):
        return _number(value)
    if kind == TraitType.FLAG:
        return _text(value) == "true"
    if kind == TraitType.TIME:
        return _time(value)
    return _text(value)


def _kind(value: Any) -> TraitType:
    if isinstance(value, bool):
        return TraitType.FLAG
    if isinstance(value, int | float):
        return TraitType.NUMBER
    dated = isinstance(value, str) and ISO_DATE.match(value) and _time(value) is not None
    return TraitType.TIME if dated else TraitType.CATEGORY


def _text(value: Any) -> str | None:
    """Write a value as an engine that reads JSON as text does."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
