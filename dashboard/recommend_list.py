"""How a list of recommendations is drawn: ranks, scores, reasons and what steering moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    "clicks": "from the clicks and answers of somebody new",
    "segment": "for everybody in it together",
}
_UP: Final = {"light": "#1c7d4d", "dark": "#5fce93"}
_LINE: Final = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"
_DOWN: Final = {"light": "#a85a08", "dark": "#ffae5c"}


def draw_list(
    answer: Answer,
    *,
    moves: Mapping[str, int] | None = None,
    press: Callable[[str], None] | None = None,
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
    """
    if not answer.items:
        st.info("Nothing is left to recommend. Loosen the rules, or take another person.")
        return
    theme = theme_now()
    rows = [
        _row(item, rank, _risen(item, rank, moves), _width(answer, item), theme)
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
                st.button(
                    "Click",
                    key=f"{key}_{item.item}",
                    icon=":material/touch_app:",
                    type="tertiary",
                    help=f"The visitor clicks {called(item.name)}",
                    on_click=press,
                    args=(item.item,),
                )


def _width(answer: Answer, item: Recommended) -> float:
    """Give a score's bar, 0 … 100: against the best, from zero or the least."""
    low = min(0.0, *(each.score for each in answer.items))
    top = max(each.score for each in answer.items)
    return 100.0 if top <= low else 100.0 * (item.score - low) / (top - low)


def _row(item: Recommended, rank: int, risen: int | None, width: float, theme: str) -> str:
    faint = f"color:{FAINT_INK[theme]};font-size:.86em"
    described, told = escape(item.described.title()), escape(why(item))
    name = escape(called(item.name))
    return (
        f'<div role="listitem" style="display:grid;align-items:center;column-gap:.6rem;'
        f"grid-template-columns:1.4rem minmax(0,1fr) auto;padding:.35rem 0;"
        f'border-bottom:1px solid {GROUND[theme]}">'
        f'<div style="{faint};text-align:right">{rank}</div><div>'
        f'<div style="{_LINE}"><b>{name}</b> <span style="{faint}">{described}</span></div>'
        f'<div style="{faint};{_LINE}" title="{told}">{told}</div></div>'
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
    ...       (Reason("history", "Bread", 0.6),))))
    Pinned. Bread 60 %
    """
    steered = "; ".join(item.moved)
    told = ", ".join(f"{called(r.label)} {percent(r.share)}" for r in item.reasons[:3])
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


def reason_label(reason: Reason) -> str:
    """Say what carried a score."""
    return called(reason.label)


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
            f"- {gone.before}. **{verbatim(called(gone.name))}**: {verbatim(gone.reason)}"
            for gone in answer.left_out
        ]
        st.markdown("\n".join(lines))


def in_common(one: Sequence[Recommended], other: Sequence[Recommended]) -> int:
    """Count the items that two lists share."""
    return len({item.item for item in one} & {item.item for item in other})
