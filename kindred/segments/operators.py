"""The words that rules compare with: operators of traits and properties, aggregates, ends."""

from __future__ import annotations

from typing import Literal

TraitOp = Literal[
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "is_set",
    "is_not_set",
    "before",
    "after",
    "within_last",
    "within_next",
    "any_of",
    "all_of",
    "none_of",
]
PropertyOp = Literal[
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "ends_with",
    "matches",
    "is_set",
    "is_not_set",
]
Aggregate = Literal["count", "sum", "avg", "min", "max", "did", "did_not"]
NumberOp = Literal["eq", "ne", "lt", "lte", "gt", "gte", "between"]
End = Literal["top", "bottom"]
