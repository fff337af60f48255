"""One form a kind of steering rule; each gives the rule once it is complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from data.items import Items
from kindred.recommend import steering as s
from kindred.recommend.item_filters import known

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "exclude": ("Leave out", "Never show items like these."),
    "include": ("Show only", "Show nothing but items like these; of several, one is enough."),
    "hide_bought": ("Hide what was bought", "Never show what the person bought lately."),
    "pin": ("Pin", "Show these items first."),
    "boost": ("Lift or lower", "Move items like these up or down."),
    "cap": ("Cap", "Show at most so many of the same category, brand …"),
    "diversity": ("Diversity", "Prefer items unlike those above them."),
    "blend": ("Blend", "Weigh the models yourself."),
}
_OPS: Final = {
    "in": "is one of",
    "not_in": "is known and none of",
    "contains": "contains",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "is_set": "is known",
    "is_not_set": "is not known",
}
_MOST_CHOICES: Final = 2_000


def rule_form(kind: str, items: Items, models: Sequence[str]) -> Any | None:
    """Draw a kind's form; gives the rule, or nothing while it is incomplete."""
    return _FORMS[kind](items, models)


def _where(items: Items) -> tuple[s.ItemFilter, ...] | None:
    """Ask for one test of a field."""
    field_, op_ = st.columns(2)
    names = [name for name in items.fields if name != "name"] + ["name"]
    name = str(field_.selectbox("Field", names, key="rule_field"))
    column = items.fields[name]
    numeric = _is_numeric(column)
    ops = [
        op for op in _OPS if (op in {"lt", "lte", "gt", "gte"}) == numeric or op.startswith("is")
    ]
    if numeric:
        ops += ["in"]
    op: Any = op_.selectbox("Test", ops, format_func=lambda o: _OPS[o], key="rule_op")
    value = _value(name, column, str(op), numeric)
    if value is None and op not in s.NO_VALUE:
        return None
    return (s.ItemFilter(name, op, value),)


def _is_numeric(column: Any) -> bool:
    if column.dtype.kind == "f":
        return True
    there = column[known(column)][:200]
    return len(there) > 0 and all(isinstance(value, int | float) for value in there)


def _value(name: str, column: Any, op: str, numeric: bool) -> Any:
    if op in s.NO_VALUE:
        return None
    if op == "contains":
        return st.text_input("Text", key="rule_text", max_chars=100) or None
    if op in {"lt", "lte", "gt", "gte"}:
        return st.number_input("Number", value=None, key="rule_number")
    choices = _choices(name, column)
    if len(choices) <= _MOST_CHOICES:
        picked = st.multiselect("Values", choices, key=f"rule_values_{name}")
        return tuple(picked) or None
    typed = st.text_input("Values, parted by |", key="rule_typed") or ""
    parts = [part.strip() for part in typed.split("|") if part.strip()]
    return tuple(float(p) if numeric else p for p in parts) or None


def _choices(name: str, column: Any) -> list[Any]:
    """List a field's values, those first that most items have."""
    del name
    return list(pd.Series(column[known(column)]).value_counts().index[: _MOST_CHOICES + 1])


def _exclude(items: Items, _models: Sequence[str]) -> Any:
    where = _where(items)
    return s.ExcludeRule(where) if where else None


def _include(items: Items, _models: Sequence[str]) -> Any:
    where = _where(items)
    return s.IncludeRule(where) if where else None


def _hide(_items: Items, _models: Sequence[str]) -> Any:
    days = st.number_input("Bought within so many days", 1, 3650, 14, key="rule_days")
    return s.HideBoughtRule(int(days))


def _pin(items: Items, _models: Sequence[str]) -> Any:
    text = st.text_input("Find items", key="rule_search", placeholder="Part of a name, or an id")
    found = items.search(text or "", 40)
    picked = st.multiselect(
        "Items, in their order",
        found,
        format_func=lambda item: f"{items.name(item)} ({items.described(item)})",
        key="rule_pins",
        disabled=not found,
    )
    return s.PinRule(tuple(picked)) if picked else None


def _boost(items: Items, _models: Sequence[str]) -> Any:
    where = _where(items)
    by = st.slider(
        "By how much of the way from the last candidate to the first",
        -100,
        100,
        20,
        5,
        format="%d %%",
        key="rule_by",
    )
    return s.BoostRule(where, by / 100) if where and by else None


def _cap(items: Items, _models: Sequence[str]) -> Any:
    left, right = st.columns(2)
    names = [name for name in items.fields if not _is_numeric(items.fields[name])]
    name = str(left.selectbox("Field", names, index=names.index("category"), key="rule_cap"))
    most = right.number_input("At most", 1, 100, 2, key="rule_most")
    return s.CapRule(name, int(most))


def _diversity(_items: Items, _models: Sequence[str]) -> Any:
    strength = st.slider("Strength", 0, 100, 30, 5, format="%d %%", key="rule_strength")
    return s.DiversityRule(strength / 100)


def _blend(_items: Items, models: Sequence[str]) -> Any:
    if not models:
        st.caption("The live model has no parts to weigh.")
        return None
    weights = {
        name: st.slider(name, 0, 100, 50, 5, format="%d %%", key=f"rule_weight_{name}") / 100
        for name in models
    }
    return s.BlendRule(weights) if np.any(list(weights.values())) else None


_FORMS: Final[Mapping[str, Callable[[Items, Sequence[str]], Any]]] = {
    "exclude": _exclude,
    "include": _include,
    "hide_bought": _hide,
    "pin": _pin,
    "boost": _boost,
    "cap": _cap,
    "diversity": _diversity,
    "blend": _blend,
}
