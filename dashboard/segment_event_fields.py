"""What conditions on events share: which event, when, and filters on its properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.format import percent
from dashboard.segment_data import Vocabulary
from dashboard.segment_fields import MIDDLE, WIDE, Form, Shares, row, word
from dashboard.segment_state import edit
from kindred.segments.defaults import DAYS, property_filter
from kindred.segments.fields import Way, part, with_item, without_item
from kindred.segments.rules import ProductFilter, PropertyFilter


def choose_event(form: Form, way: Way) -> None:
    """Ask which event, those of most people first."""

    def say(name: str) -> str:
        known = form.there.event(name)
        if known is None:
            return f"{name} · not seen"
        return f"{name} · {percent(known.people / max(form.there.people, 1))}"

    form.choose((*way, "event"), "Event", form.there.events, say, WIDE)


_WINDOWS: Final = {"ever": "at any time", "within": "in the last", "between": "between"}


def window(form: Form) -> None:
    """Ask when: at any time, in the last …, or between two days."""
    rule = form.leaf
    now = "within" if rule.within else "between" if rule.between else "ever"
    key = form.key("window")
    st.selectbox(
        "When",
        list(_WINDOWS),
        index=list(_WINDOWS).index(now),
        format_func=_WINDOWS.__getitem__,
        key=key,
        label_visibility="collapsed",
        width=MIDDLE - 10,
        on_change=_take_window,
        args=(form, key),
    )
    if now == "within":
        form.length(("within",), "Window")
    elif now == "between":
        for number, label in ((0, "From"), (1, "Until before")):
            if number:
                word("and before")
            back = rule.between[number].startswith("P")
            (form.length if back else form.day)(("between", number), label)
            if back:
                word("ago")


@edit
def _take_window(form: Form, key: str) -> None:
    chosen, today = st.session_state[key], form.there.today
    between = (f"{int(today[:4]) - 1}{today[4:]}".replace("-02-29", "-02-28"), today)
    form.put(
        replace(
            form.leaf,
            within=DAYS if chosen == "within" else None,
            between=between if chosen == "between" else None,
        )
    )


def optional_length(form: Form, way: Way, without: str, with_: str) -> None:
    """Ask whether a length of time counts, and if so for it."""
    key, now = form.key(*way, "is"), part(form.leaf, way)
    st.selectbox(
        "How long",
        [False, True],
        index=int(now is not None),
        format_func=lambda chosen: with_ if chosen else without,
        key=key,
        label_visibility="collapsed",
        width=210,
        on_change=_take_optional,
        args=(form, way, key),
    )
    if now is not None:
        form.length(way, "How long")


@edit
def _take_optional(form: Form, way: Way, key: str) -> None:
    form.set(way, DAYS if st.session_state[key] else None)
    form.bench.redraw()


def filters(form: Form, way: Way) -> None:
    """Show the filters of what `way` leads to, each with its removal, and offer another."""
    holder = part(form.leaf, way)
    for number, condition in enumerate(holder.where):
        here = (*way, "where", number)
        with row():
            if isinstance(condition, ProductFilter):
                word("with a product whose")
                for inner in range(len(condition.products)):
                    if inner:
                        word("and")
                    _filter(form, (*here, "products", inner), holder.event, of_products=True)
                _add_filter(form, here, holder.event, to_product=True)
            else:
                word("where")
                _filter(form, here, holder.event, of_products=False)
            st.button(
                "",
                icon=":material/close:",
                type="tertiary",
                help="Take this filter out",
                key=form.key(*here, "out"),
                on_click=_take_out,
                args=(form, here),
            )
            if number == len(holder.where) - 1:
                _add_filter(form, way, holder.event, to_product=False)


def first_filter(form: Form, way: Way) -> None:
    """Offer a filter at the end of a line, where there is none yet."""
    holder = part(form.leaf, way)
    if not holder.where:
        _add_filter(form, way, holder.event, to_product=False)


def _filter(form: Form, way: Way, event: str, *, of_products: bool) -> None:
    there = form.there
    name = part(form.leaf, way).property
    named = there.properties(event, of_products)
    form.choose((*way, "property"), "Property", named, _common(there, event, of_products), MIDDLE)
    known = there.known(event, name, of_products)
    shares: Shares = known.values if known else ()
    quantiles = known.quantiles if known else ()
    form.compared(way, there.property_type(event, name, of_products), shares, quantiles)


def _common(there: Vocabulary, event: str, of_products: bool) -> Callable[[str], str]:
    """Write a property with how many of the events, or of their products, have it."""

    def say(name: str) -> str:
        known = there.known(event, name, of_products)
        return f"{name} · {percent(known.share)}" if known else f"{name} · not seen"

    return say


def _add_filter(form: Form, way: Way, event: str, *, to_product: bool) -> None:
    there = form.there
    options = [("product", name) for name in there.properties(event, True)]
    if not to_product:
        options = [("event", name) for name in there.properties(event, False)] + options
    if not options:
        return

    def say(option: tuple[str, str]) -> str:
        of, name = option
        of_products = of == "product"
        return f"{'product: ' if of_products else ''}{_common(there, event, of_products)(name)}"

    key = form.key(*way, "add-filter")
    st.menu_button(
        "and" if to_product else "where …",
        options,
        format_func=say,
        key=key,
        type="tertiary",
        icon=":material/filter_alt:",
        on_click=_take_filter,
        args=(form, way, event, key, to_product),
    )


@edit
def _take_filter(form: Form, way: Way, event: str, key: str, to_product: bool) -> None:
    of, name = st.session_state[key]
    new: PropertyFilter = property_filter(event, name, form.there, of_products=of == "product")
    if to_product:
        form.put(with_item(form.leaf, (*way, "products"), new))
    else:
        item = ProductFilter((new,)) if of == "product" else new
        form.put(with_item(form.leaf, (*way, "where"), item))


@edit
def _take_out(form: Form, way: Way) -> None:
    form.put(without_item(form.leaf, way))
