"""Everything that happened to a person, to be filtered by kind of event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.format import count
from dashboard.person_data import MOST_EVENTS
from data.people import Seen


def every_event(read: Callable[[], Sequence[Seen]]) -> None:
    """List what happened, the newest first, once it is asked for.

    Parameters
    ----------
    read : callable
        Called only while the list is open.
    """
    shown = st.expander("Everything that happened", key="person_events_open", on_change="rerun")
    if not shown.open:
        return
    with shown:
        _list(read())


def _list(events: Sequence[Seen]) -> None:
    if not events:
        st.caption("Nothing happened before the workspace's clock.")
        return
    kinds = Counter(event.name for event in events)
    picked = st.pills(
        "Only these events",
        list(kinds),
        selection_mode="multi",
        format_func=lambda name: f"{name} {count(kinds[name])}",
        key="person_event_kinds",
    )
    kept = [event for event in events if not picked or event.name in picked]
    if len(events) == MOST_EVENTS:
        st.caption(f"The newest {count(MOST_EVENTS)}; older ones are not listed.")
    st.dataframe(
        pd.DataFrame(
            [{"At (UTC)": e.at, "Event": e.name, "What was sent": in_words(e.told)} for e in kept]
        ),
        hide_index=True,
        key="person_events",
        alt=f"{len(kept)} events, the newest first",
        column_config={
            "At (UTC)": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm", timezone="UTC", width=140
            ),
            "Event": st.column_config.TextColumn(width=150),
            "What was sent": st.column_config.TextColumn(width="large"),
        },
    )


def in_words(told: Mapping[str, Any]) -> str:
    """Write what an event carried in a line.

    Examples
    --------
    >>> in_words({"campaign_id": "24", "revenue": 12.5, "products": 3})
    'campaign id 24 · revenue 12.5 · products 3'
    """
    parts = (
        f"{name.replace('_', ' ')} {value:,.6g}"
        if isinstance(value, int | float) and not isinstance(value, bool)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in told.items()
    )
    return " · ".join(parts)
