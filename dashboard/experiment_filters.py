"""Which events a metric counts: filters on their properties, edited with what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from dashboard.format import verbatim
from dashboard.segment_data import Vocabulary, population, version, vocabulary
from dashboard.segment_words import OPERATORS as WORDS
from kindred.errors import UserError
from kindred.events import CONTENT_VIEWED, PROPERTIES
from kindred.experiments.metrics import (
    ClickMetric,
    ConversionMetric,
    CountMetric,
    Declared,
    RatioMetric,
    RevenueMetric,
)
from kindred.segments.check_values import LISTS, OPERATORS
from kindred.segments.rules import PropertyFilter, Value
from kindred.traits.trait import TraitType

NO_VALUE: Final = ("is_set", "is_not_set")
_NUMBERS: Final = frozenset({TraitType.NUMBER, TraitType.INTEGER})
_SAID: Final = tuple(name for name in PROPERTIES.names if name not in {"other", "products"})


@dataclass(frozen=True)
class Place:
    """What of a metric is filtered.

    Parameters
    ----------
    part : str
        "where", or a ratio's "numerator" or "denominator".
    event : str
        Whose properties they are.
    """

    metric: str
    part: str
    event: str

    @property
    def label(self) -> str:
        """As people know it."""
        below = ", divided by" if self.part == "denominator" else ""
        return f"{self.metric}{below}: {self.event}"


@dataclass
class Row:
    """A filter as it is being edited."""

    metric: str
    part: str
    filter: PropertyFilter
    id: str = field(default_factory=lambda: uuid4().hex[:8])


def places(metrics: Sequence[Declared]) -> list[Place]:
    """List what can be filtered."""
    found = []
    for metric in metrics:
        if isinstance(metric, RatioMetric):
            found.append(Place(metric.name, "numerator", metric.numerator.event))
            found.append(Place(metric.name, "denominator", metric.denominator.event))
        elif isinstance(metric, ClickMetric):
            found.append(Place(metric.name, "where", CONTENT_VIEWED))
        elif isinstance(metric, ConversionMetric | CountMetric | RevenueMetric):
            found.append(Place(metric.name, "where", metric.event))
    return found


def edit_filters(
    metrics: Sequence[Declared], before: Sequence[Declared], there: Vocabulary | None, key: str
) -> tuple[Declared, ...]:
    """Let filters be added, changed and taken out; gives the metrics with them.

    Parameters
    ----------
    before : sequence of metrics
        Whose filters to begin with.
    there : Vocabulary or None
        What events were seen with, for suggestions.
    key : str
        Of this experiment as it was saved last.
    """
    rows: list[Row] = st.session_state.setdefault(f"filters_{key}", _rows(before))
    known = {(place.metric, place.part): place for place in places(metrics)}
    live = [row for row in rows if (row.metric, row.part) in known]
    wrong: list[UserError] = []
    with st.expander("Which of these events count", expanded=bool(live), key="filters_box"):
        if not live:
            st.caption("All of them. A filter keeps those with a property, such as a category.")
        for row in live:
            try:
                _edit(row, known[row.metric, row.part], there, rows)
            except UserError as error:
                wrong.append(error)
        if known:
            _offer(list(known.values()), rows, there)
    if wrong:
        raise wrong[0]
    return tuple(_filtered(metric, live) for metric in metrics)


def seen() -> Vocabulary | None:
    """Give what events were seen with; none before traits are there."""
    of = version()
    return None if of is None else vocabulary(of, population(of))


def _rows(metrics: Sequence[Declared]) -> list[Row]:
    return [
        Row(place.metric, place.part, one)
        for metric in metrics
        for place in places([metric])
        for one in (metric if place.part == "where" else getattr(metric, place.part)).where  # type: ignore[union-attr]
    ]


def _filtered(metric: Declared, rows: Sequence[Row]) -> Declared:
    changes: dict[str, Any] = {}
    for place in places([metric]):
        own = [row.filter for row in rows if (row.metric, row.part) == (metric.name, place.part)]
        if place.part == "where":
            changes["where"] = tuple(own)
        else:
            changes[place.part] = replace(getattr(metric, place.part), where=tuple(own))
    return replace(metric, **changes)


def _offer(known: Sequence[Place], rows: list[Row], there: Vocabulary | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            "Of", known, format_func=lambda one: one.label, key="filter_of", width=320
        )

        def add() -> None:
            name = next(iter(_properties(place.event, there)))
            row = Row(place.metric, place.part, PropertyFilter(name, "is_set"))
            rows.append(row)

        st.button("Add a filter", icon=":material/filter_alt:", key="filter_add", on_click=add)


def _edit(row: Row, place: Place, there: Vocabulary | None, rows: list[Row]) -> None:
    st.caption(f"**{verbatim(place.label)}**, only where")
    named, compared, against, out = st.columns([4, 3, 5, 1], vertical_alignment="bottom")
    names = _properties(place.event, there)
    name = named.selectbox(
        "Property",
        names if row.filter.property in names else [row.filter.property, *names],
        index=names.index(row.filter.property) if row.filter.property in names else 0,
        accept_new_options=True,
        key=f"filter_property_{row.id}",
        label_visibility="collapsed",
    )
    kind = _type(place.event, name, there)
    ops: list[Any] = list(OPERATORS[kind])
    op = compared.selectbox(
        "Is",
        ops,
        index=ops.index(row.filter.op) if row.filter.op in ops else 0,
        format_func=lambda one: WORDS[one],
        key=f"filter_op_{row.id}_{kind}",
        label_visibility="collapsed",
    )
    out.button(
        "",
        icon=":material/close:",
        type="tertiary",
        help="Take this filter out",
        key=f"filter_out_{row.id}",
        on_click=rows.remove,
        args=(row,),
    )
    value: Value | None = None
    if op not in NO_VALUE:
        with against:
            value = _value(row, place, name, kind, op, there)
    row.filter = PropertyFilter(name, op, value)


def _value(
    row: Row, place: Place, name: str, kind: TraitType, op: str, there: Vocabulary | None
) -> Value:
    common = there.property_values(place.event, name, False) if there else ()
    now = written(row.filter.value) if row.filter.property == name else ""
    asked: dict[str, Any] = {
        "placeholder": "Values, with commas between" if op in {*LISTS, "between"} else "A value",
        "key": f"filter_value_{row.id}_{name}_{kind}",
        "label_visibility": "collapsed",
    }
    if common:
        options = list(dict.fromkeys([now or written(common[0]), *map(written, common)]))
        text = st.selectbox("Value", options, accept_new_options=True, **asked)
    else:
        text = st.text_input("Value", value=now, **asked)
    return read_value(text or "", op, kind, place.metric)


def written(value: Value | None) -> str:
    """Write a value as people type it.

    Examples
    --------
    >>> written(("a", "b")), written(True), written(2.5)
    ('a, b', 'true', '2.5')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(written(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def read_value(text: str, op: str, kind: TraitType, where: str) -> Value:
    """Read what was typed, by the property's type.

    Raises
    ------
    UserError
        It does not fit the type, or nothing was typed.

    Examples
    --------
    >>> read_value("20", "gte", TraitType.NUMBER, "")
    20
    >>> read_value("a, b", "in", TraitType.CATEGORY, "")
    ('a', 'b')
    """
    several = op in LISTS or op == "between"
    given = [part.strip() for part in text.split(",")] if several else [text.strip()]
    given = [part for part in given if part]
    if not given or (op == "between" and len(given) != 2):
        raise UserError(
            "A filter has no value." if not given else "“Is between” takes two values.",
            "Choose or type one." if op != "between" else "Type both, with a comma between.",
            where,
        )
    read = tuple(_scalar(part, kind, where) for part in given)
    return read if several else read[0]


def _scalar(text: str, kind: TraitType, where: str) -> Any:
    if kind is TraitType.FLAG:
        known: Mapping[str, bool] = {"true": True, "false": False, "yes": True, "no": False}
        if text.lower() not in known:
            raise UserError(f"{text!r} is neither true nor false.", "Type one of them.", where)
        return known[text.lower()]
    if kind not in _NUMBERS:
        return text
    try:
        number = float(text)
    except ValueError:
        raise UserError(f"{text!r} is no number.", "Type one such as 20 or 1.5.", where) from None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _properties(event: str, there: Vocabulary | None) -> list[str]:
    """Name properties: those seen with the event first, then those that events may have."""
    seen = there.properties(event, False) if there else ()
    return list(dict.fromkeys([*seen, *_SAID]))


def _type(event: str, name: str, there: Vocabulary | None) -> TraitType:
    known = there.known(event, name, False) if there else None
    if known is not None:
        return known.type
    if name in PROPERTIES.names:
        kind = PROPERTIES.field(name).type
        return TraitType.CATEGORY if str(kind) == "string" else TraitType.NUMBER
    return TraitType.CATEGORY
