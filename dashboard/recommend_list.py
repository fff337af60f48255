"""How a list of recommendations is drawn: ranks, scores, reasons and what steering moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from dashboard.format import percent, verbatim
from dashboard.model_words import model_label
from dashboard.theme import ACCENT, FAINT_INK, GROUND, theme_now
from data.recommendation_types import Answer, Reason, Recommended

ROUTES: Final[Mapping[str, str]] = {
    "history": "from what they did",
    "metadata": "from what is known of them: there is no history",
    "unknown": "as for somebody of whom nothing is known",
    "clicks": "from what somebody new did or answered: nothing is trained anew",
    "segment": "for everybody in it together",
}
_UP: Final = {"light": "#1c7d4d", "dark": "#5fce93"}
_LINE: Final = "overflow-wrap:anywhere"
_DOWN: Final = {"light": "#a85a08", "dark": "#ffae5c"}


def draw_list(
    answer: Answer,
    *,
    moves: Mapping[str, int] | None = None,
    press: Callable[[str], None] | None = None,
    pressed: Collection[str] = (),
    key: str = "",
) -> None:
    """Draw an answer, a row an item.

    Parameters
    ----------
    moves : mapping of item to int, optional
        Places by which each item rose since the list before; new ones are not in it. Without it
        moves are those that steering made.
    press : callable, optional
        What a row's button does with the item.
    pressed : collection of item
        Those without a button any more.
    """
    if not answer.items:
        st.info("Nothing is left to recommend. Loosen the rules, or take another person.")
        return
    theme = theme_now()
    apart = told_apart([(each.item, each.name, each.described) for each in answer.items])
    rows = [
        _row(item, apart[item.item], rank, _risen(item, rank, moves), _width(answer, item), theme)
        for rank, item in enumerate(answer.items, 1)
    ]
    if press is None:
        st.html(f'<div role="list" aria-label="Recommended items">{"".join(rows)}</div>')
        return
    with st.container(gap=None):
        for item, row in zip(answer.items, rows, strict=True):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(width="stretch"):
                    st.html(row)
                if item.item in pressed:
                    continue
                st.button(
                    "Click",
                    key=f"{key}_{item.item}",
                    icon=":material/touch_app:",
                    type="tertiary",
                    help=f"The visitor clicks {titled(item.item, item.name)}",
                    on_click=press,
                    args=(item.item,),
                )


def _width(answer: Answer, item: Recommended) -> float:
    """Give a score's bar, 0 … 100: against the best, from zero or the least."""
    low = min(0.0, *(each.score for each in answer.items))
    top = max(each.score for each in answer.items)
    return 100.0 if top <= low else 100.0 * (item.score - low) / (top - low)


def _row(
    item: Recommended, apart: str, rank: int, risen: int | None, width: float, theme: str
) -> str:
    faint = f"color:{FAINT_INK[theme]};font-size:.86em"
    told = escape(why(item))
    name, described = escape(titled(item.item, item.name)), worded(item.described)
    if apart.startswith("item "):  # nothing else tells it from another of its name
        described = f"{described} · {apart}" if described else apart
    described = escape(described)
    return (
        f'<div role="listitem" style="display:grid;align-items:center;column-gap:.6rem;'
        f"grid-template-columns:1.4rem minmax(0,1fr) auto;padding:.35rem 0;"
        f'border-bottom:1px solid {GROUND[theme]}">'
        f'<div style="{faint};text-align:right">{rank}</div><div>'
        f'<div style="{_LINE}"><b>{name}</b> <span style="{faint}">{described}</span></div>'
        f'<div style="{faint};{_LINE}">{told}</div></div>'
        f'<div style="display:grid;justify-items:end;row-gap:.2rem">'
        f'<span style="font-variant-numeric:tabular-nums">{_badge(risen, theme)}'
        f"{item.score:.3f}</span>{_bar(width, theme)}</div></div>"
    )


def _bar(width: float, theme: str) -> str:
    return (
        f'<div style="width:72px;height:6px;border-radius:3px;background:{GROUND[theme]}">'
        f'<div style="width:{width:.0f}%;height:6px;border-radius:3px;background:{ACCENT[theme]}">'
        "</div></div>"
    )


def _badge(risen: int | None, theme: str) -> str:
    """Mark an item that is new or moved; nothing where it stayed."""
    if risen == 0:
        return ""
    if risen is None:
        text, said, fill = "new", "new in the list", ACCENT[theme]
    else:
        text = f"▲ {risen}" if risen > 0 else f"▼ {-risen}"
        said, fill = f"{risen:+d} places", (_UP if risen > 0 else _DOWN)[theme]
    mark = f"color:{fill};font-weight:600;margin-right:.6rem"
    return f'<span style="{mark}" title="{said}">{text}</span>'


def _risen(item: Recommended, rank: int, moves: Mapping[str, int] | None) -> int | None:
    """Say by how many places an item rose; None where it is new."""
    return item.before - rank if moves is None else moves.get(item.item)


def why(item: Recommended) -> str:
    """Say what carried an item's score, and what steering did to it.

    Examples
    --------
    >>> print(why(Recommended("1", "Milk", "", 1.0, 1, ("pinned",),
    ...       (Reason("history", "Bread", 0.6), Reason("feature", "kids_count 0", 0.03)))))
    Pinned. 60 % Bread, 3.0 % kids count 0
    """
    steered = "; ".join(item.moved)
    told = ", ".join(f"{percent(r.share)} {reason_label(r)}" for r in item.reasons[:3])
    parts = [f"{steered[:1].upper()}{steered[1:]}."] if steered else []
    return " ".join([*parts, told] if told else parts)


def called(name: str) -> str:
    """Write a name that is all in capitals as other names are.

    Examples
    --------
    >>> called("EGGS - LARGE"), called("iPhone")
    ('Eggs - Large', 'iPhone')
    """
    return name.title() if name.isupper() else name


def titled(item: str, name: str) -> str:
    """Write what an item is called; one without a name by its id, said to be one.

    Examples
    --------
    >>> titled("82", "EGGS - LARGE"), titled("5978656", "5978656")
    ('Eggs - Large', 'Item 5978656')
    """
    return f"Item {item}" if name == item else called(name)


def worded(described: str) -> str:
    """Write what describes an item as names are written.

    Examples
    --------
    >>> worded("EGGS · GROCERY · Private · 1 DZ"), worded("not in the catalogue")
    ('Eggs · Grocery · Private · 1 Dz', 'not in the catalogue')
    """
    return " · ".join(called(part) for part in described.split(" · "))


def told_apart(items: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Say what tells items of one name apart: what only some of them are, else their ids.

    Parameters
    ----------
    items : sequence of (id, name, description)

    Returns
    -------
    dict of id to str
        Empty where nothing else has the name.

    Examples
    --------
    >>> told_apart([("1", "MILK", "DAIRY · 1 GA"), ("2", "MILK", "DAIRY · 2 GA"), ("3", "TEA", "")])
    {'1': '1 Ga', '2': '2 Ga', '3': ''}
    >>> told_apart([("1", "MILK", "DAIRY"), ("2", "MILK", "DAIRY"), ("3", "MILK", "DAIRY · 1 GA")])
    {'1': 'item 1', '2': 'item 2', '3': '1 Ga'}
    """
    named: dict[str, list[tuple[str, list[str]]]] = {}
    for item, name, described in items:
        named.setdefault(name, []).append((item, described.split(" · ")))
    found: dict[str, str] = {item: "" for item, _, _ in items}
    for alike in named.values():
        if len(alike) == 1:
            continue
        shared = set(alike[0][1]).intersection(*(parts for _, parts in alike))
        own = {item: " · ".join(p for p in parts if p not in shared) for item, parts in alike}
        times = Counter(own.values())
        for item, words in own.items():
            found[item] = worded(words) if words and times[words] == 1 else f"item {item}"
    return found


def reason_label(reason: Reason) -> str:
    """Say what carried a score."""
    return called(reason.label.replace("_", " ") if reason.kind == "feature" else reason.label)


def heading(answer: Answer, *, live: bool) -> None:
    """Say which model made the list, and from what."""
    badge = ":green-badge[live]" if live else ":gray-badge[not live]"
    steered = " · steered" if answer.steering is not None else ""
    told = f"{ROUTES[answer.route].capitalize()}{steered}"
    st.markdown(f"**{model_label(answer.model)}** {badge}  \n:gray[:small[{told}]]")


def left_out(answer: Answer) -> None:
    """List what steering took out, with the reasons."""
    if not answer.left_out:
        return
    with st.expander(f"What the rules took out ({len(answer.left_out)})"):
        lines = [
            f"- {gone.before}. **{verbatim(titled(gone.item, gone.name))}**: "
            f"{verbatim(gone.reason)}"
            for gone in answer.left_out
        ]
        st.markdown("\n".join(lines))


def in_common(one: Sequence[Recommended], other: Sequence[Recommended]) -> int:
    """Count the items that two lists share."""
    return len({item.item for item in one} & {item.item for item in other})
