"""Change one part of a leaf, named by the way to it: attributes by name, items by number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

Way = tuple[str | int, ...]


def part(whole: Any, way: Way) -> Any:
    """Find a part.

    Examples
    --------
    >>> from kindred.segments.rules import EventRule, PropertyFilter
    >>> rule = EventRule("Order Completed", where=(PropertyFilter("revenue", "gt", 20),))
    >>> part(rule, ("where", 0, "value"))
    20
    """
    for step in way:
        whole = whole[step] if isinstance(step, int) else getattr(whole, step)
    return whole


def with_part(whole: Any, way: Way, new: Any) -> Any:
    """Put something else where a part stands."""
    if not way:
        return new
    step, below = way[0], way[1:]
    if isinstance(step, int):
        items = list(whole)
        items[step] = with_part(items[step], below, new)
        return tuple(items)
    return replace(whole, **{step: with_part(getattr(whole, step), below, new)})


def with_item(whole: Any, way: Way, new: Any) -> Any:
    """Add an item at the end of the list at `way`."""
    return with_part(whole, way, (*part(whole, way), new))


def without_item(whole: Any, way: Way) -> Any:
    """Take the item at `way` out of its list."""
    above, number = way[:-1], way[-1]
    items = part(whole, above)
    return with_part(whole, above, tuple(item for i, item in enumerate(items) if i != number))
