"""The fields of one condition; each writes what is chosen into the rule at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.format import number
from dashboard.segment_data import Vocabulary
from dashboard.segment_numbers import digits, number_in, step, with_share
from dashboard.segment_state import Workbench, edit
from dashboard.segment_words import OPERATORS, UNITS, length, simple_length
from kindred.segments.check_values import LISTS
from kindred.segments.defaults import INSTANTS, LENGTHS, NO_VALUE, NUMBERS, followed, operators
from kindred.segments.editing import Place, replaced, rule_at
from kindred.segments.fields import Way, part, with_part
from kindred.traits.trait import TraitType

Shares = Sequence[tuple[Any, float]]
NARROW: Final = 96
MIDDLE: Final = 126
WIDE: Final = 264  # what traits are called is longer than their values
REDRAWING: Final = frozenset({"trait", "event", "op", "aggregate", "property", "run"})


@dataclass(frozen=True)
class Form:
    """The fields of the condition at a place.

    Parameters
    ----------
    generation : int
        Of the workbench, as the fields are drawn.
    negated : bool
        Whether its opposite is asked for.
    """

    bench: Workbench
    place: Place
    there: Vocabulary
    generation: int
    negated: bool = False

    @property
    def leaf(self) -> Any:
        """The condition."""
        return rule_at(self.bench.rule, self.place)

    def key(self, *way: str | int) -> str:
        """Name a field."""
        steps = "-".join(map(str, (*self.place, "at", *way)))
        return f"segment-{self.generation}-{steps}"

    def set(self, way: Way, value: Any) -> None:
        """Write a part of the condition, and what follows from it."""
        leaf = with_part(self.leaf, way, value)
        settled = followed(leaf, way, self.there)
        redraw = bool(way) and way[-1] in REDRAWING
        self.bench.take(replaced(self.bench.rule, self.place, settled), redraw=redraw)

    def put(self, leaf: Any) -> None:
        """Write the condition as a whole."""
        self.bench.take(replaced(self.bench.rule, self.place, leaf))

    def choose(
        self,
        way: Way,
        label: str,
        options: Sequence[Any],
        say: Callable[[Any], str] = str,
        width: int = MIDDLE,
        *,
        others: bool = False,
    ) -> None:
        """Offer options; a value that is not among them stays offered, `others` may be typed."""
        now = part(self.leaf, way)
        every = list(options) if now in options else [now, *options]
        st.selectbox(
            label,
            every,
            index=every.index(now),
            format_func=say,
            key=self.key(*way),
            label_visibility="collapsed",
            width=width,
            on_change=_take,
            args=(self, way, self.key(*way)),
            accept_new_options=others,
        )

    def number(
        self, way: Way, label: str, *, whole: bool = False, least: float | None = None
    ) -> None:
        """Ask for a number."""
        now = part(self.leaf, way)
        value = now if isinstance(now, int | float) and not isinstance(now, bool) else 0
        as_int = whole or (isinstance(value, int) and abs(value) < 1e15)
        st.number_input(
            label,
            value=int(value) if as_int and whole else float(value),
            min_value=None if least is None else int(least) if whole else float(least),
            step=1 if whole else step(float(value)),
            format="%d" if whole else digits(float(value)),
            key=self.key(*way),
            label_visibility="collapsed",
            width=NARROW + 24,
            on_change=_take_number,
            args=(self, way, self.key(*way)),
        )

    def text(self, way: Way, label: str, width: int = MIDDLE) -> None:
        """Ask for a text."""
        st.text_input(
            label,
            value=str(part(self.leaf, way) or ""),
            key=self.key(*way),
            label_visibility="collapsed",
            max_chars=600,
            width=width,
            on_change=_take,
            args=(self, way, self.key(*way)),
        )

    def length(self, way: Way, label: str) -> None:
        """Ask for a length of time: a number and its unit, or as it is written in the rule."""
        simple = simple_length(part(self.leaf, way))
        if simple is None:
            self.text(way, label, NARROW)
            return
        keys = (self.key(*way, "n"), self.key(*way, "unit"))
        given: dict[str, Any] = {"on_change": _take_length, "args": (self, way, *keys)}
        st.number_input(
            label,
            value=simple[0],
            min_value=1,
            max_value=36_500,
            key=keys[0],
            label_visibility="collapsed",
            width=NARROW,
            **given,
        )
        st.selectbox(
            f"{label}: unit",
            list(UNITS),
            index=list(UNITS).index(simple[1]),
            format_func=UNITS.__getitem__,
            key=keys[1],
            label_visibility="collapsed",
            width=NARROW,
            **given,
        )

    def day(self, way: Way, label: str) -> None:
        """Ask for a day, UTC; a time within one is asked for as text."""
        now = str(part(self.leaf, way))
        try:
            value = date.fromisoformat(now)
        except ValueError:
            self.text(way, label)
            return
        st.date_input(
            label,
            value=value,
            min_value=date(1900, 1, 1),
            max_value=date(2200, 1, 1),
            key=self.key(*way),
            label_visibility="collapsed",
            width=MIDDLE,
            on_change=_take_day,
            args=(self, way, self.key(*way)),
        )

    def compared(
        self, way: Way, kind: TraitType, known: Shares, quantiles: Sequence[float] = ()
    ) -> None:
        """Ask for an operator and its value; `way` leads to what holds ``op`` and ``value``."""
        self.choose((*way, "op"), "How to compare", operators(kind), OPERATORS.__getitem__)
        op = part(self.leaf, (*way, "op"))
        here = (*way, "value")
        if op in NO_VALUE:
            return
        if op in LISTS:
            self._many(here, kind, known)
        elif op == "between":
            ask = self.day if kind is TraitType.TIME else self.number
            ask((*here, 0), "From")
            word("and")
            ask((*here, 1), "To")
            _usual(quantiles)
        elif op in LENGTHS:
            self.length(here, "How long")
        elif op in INSTANTS:
            self.day(here, "Day")
        elif kind in NUMBERS:
            self.number(here, "Value")
            _usual(quantiles)
        elif kind is TraitType.FLAG:
            self.choose(here, "Value", [True, False], lambda v: "true" if v else "false", NARROW)
        elif op in {"eq", "ne"}:
            shares = dict(known)
            self.choose(
                here,
                "Value",
                [value for value, _ in known],
                lambda v: with_share(v, shares),
                WIDE,
                others=True,
            )
        else:
            self.text(here, "Text")

    def _many(self, way: Way, kind: TraitType, known: Shares) -> None:
        shares = dict(known)
        now = [str(v) if kind in NUMBERS else v for v in part(self.leaf, way)]
        options = [v for v, _ in known] if kind not in NUMBERS else []
        every = [*now, *(value for value in options if value not in now)]
        st.multiselect(
            "Values",
            every,
            default=now,
            format_func=lambda v: with_share(v, shares),
            key=self.key(*way),
            label_visibility="collapsed",
            accept_new_options=True,
            width=WIDE + 90,
            on_change=_take_many,
            args=(self, way, self.key(*way), kind),
        )


def row(form: Form | None = None) -> Any:
    """Begin a line of fields; the first line of a condition says if its opposite is meant."""
    line = st.container(horizontal=True, vertical_alignment="center", gap="xsmall")
    if form is not None and form.negated:
        line.markdown(":red-badge[not]", width="content")
    return line


def word(text: str) -> None:
    """Put a word between fields."""
    st.markdown(text, width="content")


def _usual(quantiles: Sequence[float]) -> None:
    """Say how the values of everybody lie, as a measure for the one that is asked for."""
    if quantiles:
        half, tenth = number(quantiles[2]), number(quantiles[3])
        word(f":small[:gray[half have over {half}, a tenth over {tenth}]]")


@edit
def _take(form: Form, way: Way, key: str) -> None:
    value = st.session_state[key]
    if value is not None:
        form.set(way, value)


@edit
def _take_number(form: Form, way: Way, key: str) -> None:
    value = st.session_state[key]
    if value is not None:
        form.set(way, int(value) if float(value).is_integer() else float(value))


@edit
def _take_many(form: Form, way: Way, key: str, kind: TraitType) -> None:
    values = st.session_state[key]
    if kind in NUMBERS:
        values = [one for one in map(number_in, values) if one is not None]
    form.set(way, tuple(values))


@edit
def _take_length(form: Form, way: Way, number: str, unit: str) -> None:
    amount = st.session_state[number]
    if amount:
        form.set(way, length(int(amount), st.session_state[unit]))


@edit
def _take_day(form: Form, way: Way, key: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        form.set(way, chosen.isoformat())
