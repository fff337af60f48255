"""How two versions differ, in sentences: segments and experiments by meaning, the rest by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from data.experiments import KIND as EXPERIMENT
from data.segments import KIND as SEGMENT
from kindred.experiments.definition import read_experiment
from kindred.experiments.difference import differences as experiment_differences
from kindred.segments.difference import differences
from kindred.segments.parse import read_rule

Names = Mapping[tuple[str, str], str]
_ABSENT: Final = object()
MOST: Final = 40  # sentences; beyond, the versions have little in common


def told(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Names | None = None
) -> list[str]:
    """Tell how a version differs from one before; nothing where both mean the same.

    Examples
    --------
    >>> told("steering", {"boost": 2, "of": {"new": True}}, {"boost": 3, "of": {"new": True}})
    ['boost: 2 → 3.']
    """
    if kind == SEGMENT:
        found = differences(read_rule(before), read_rule(after), names)
        return [difference.sentence for difference in found]
    if kind == EXPERIMENT:
        return experiment_differences(read_experiment(before), read_experiment(after))
    sentences = list(_fields("", before, after))
    if len(sentences) > MOST:
        more = len(sentences) - MOST
        return [*sentences[:MOST], f"… and {more} more."]
    return sentences


def _fields(path: str, before: Any, after: Any) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path} › {key}" if path else str(key)
            yield from _fields(inner, before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif before is _ABSENT:
        yield f"{path}: added, {_written(after)}."
    elif after is _ABSENT:
        yield f"{path}: taken out, was {_written(before)}."
    else:
        yield f"{path or 'All of it'}: {_written(before)} → {_written(after)}."


def _written(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
