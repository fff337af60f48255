"""How a list of recommendations is drawn: ranks, scores, reasons and what steering moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.format import percent, verbatim
from dashboard.model_words import model_label
from data.recommendation_types import Answer, Reason, Recommended

ROUTES: Mapping[str, str] = {
    "history": "from what this person did",
    "metadata": "from what is known of this person, who has no history",
    "unknown": "as for somebody of whom nothing is known",
    "segment": "for everybody in it together",
}
_ROW = 35  # pixels


def draw_list(
    answer: Answer,
    key: str,
    *,
    moves: Mapping[str, int] | None = None,
    pressable: bool = False,
) -> str | None:
    """Draw an answer as a table; gives the item of the row that is pressed.

    Parameters
    ----------
    moves : mapping of item to int, optional
        Places by which each item rose since the list before; new ones are not in it. Without it
        moves are those that steering made.
    """
    if not answer.items:
        st.info("Nothing is left to recommend. Loosen the rules, or take another person.")
        return None
    top = max(abs(item.score) for item in answer.items) or 1.0
    low = min(item.score for item in answer.items)
    rows = [
        {
            "#": rank,
            "Item": item.name.title() if item.name.isupper() else item.name,
            "Moved": _moved(item, rank, moves),
            "Score": item.score,
            "Why": why(item),
            "What it is": item.described.title(),
        }
        for rank, item in enumerate(answer.items, 1)
    ]
    way: Any = {"on_select": "rerun", "selection_mode": "single-row"} if pressable else {}
    event: Any = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        height=_ROW * (len(rows) + 1) + 2,
        row_height=_ROW,
        **way,
        alt="; ".join(f"{row['#']}. {row['Item']}" for row in rows),
        column_config={
            "#": st.column_config.NumberColumn(width=36),
            "Item": st.column_config.TextColumn(width=190),
            "Moved": st.column_config.TextColumn(
                width=80, help="Places up or down, against the list without rules or the one before"
            ),
            "Score": st.column_config.ProgressColumn(
                format="%.3g", min_value=min(0.0, low), max_value=top, width=90
            ),
            "Why": st.column_config.TextColumn(width=300),
            "What it is": st.column_config.TextColumn(width=230),
        },
    )
    picked = event["selection"]["rows"] if pressable and event else []
    return answer.items[picked[0]].item if picked and picked[0] < len(rows) else None


def _moved(item: Recommended, rank: int, moves: Mapping[str, int] | None) -> str:
    if moves is None:
        up = item.before - rank
    elif item.item not in moves:
        return "new"
    else:
        up = moves[item.item]
    return f"▲ {up}" if up > 0 else f"▼ {-up}" if up < 0 else "–"


def why(item: Recommended) -> str:
    """Say what carried an item's score, and what steering did to it.

    Examples
    --------
    >>> print(why(Recommended("1", "Milk", "", 1.0, 1, ("pinned",),
    ...       (Reason("history", "Bread", 0.6),))))
    Pinned. Bread 60 %
    """
    steered = "; ".join(item.moved)
    told = ", ".join(f"{reason_label(r)} {percent(r.share)}" for r in item.reasons[:3])
    parts = [f"{steered[:1].upper()}{steered[1:]}."] if steered else []
    return " ".join([*parts, told] if told else parts)


def reason_label(reason: Reason) -> str:
    """Say what carried a score."""
    label = reason.label
    return label.title() if label.isupper() else label


def heading(answer: Answer, *, live: bool) -> None:
    """Say which model made the list, and from what."""
    badge = " :green-badge[live]" if live else " :gray-badge[not live]"
    steered = ""
    if answer.steering is not None:
        steered = " · steered" + (f" by version {answer.steering}" if answer.steering else "")
    st.markdown(f"**{model_label(answer.model)}**{badge}")
    st.caption(f"{ROUTES[answer.route].capitalize()}{steered}")


def left_out(answer: Answer) -> None:
    """List what steering took out, with the reasons."""
    if not answer.left_out:
        return
    with st.expander(f"What the rules took out ({len(answer.left_out)})"):
        lines = [
            f"- {gone.before}. **{verbatim(gone.name.title())}**: {verbatim(gone.reason)}"
            for gone in answer.left_out
        ]
        st.markdown("\n".join(lines))


def in_common(one: Sequence[Recommended], other: Sequence[Recommended]) -> int:
    """Count the items that two lists share."""
    return len({item.item for item in one} & {item.item for item in other})
