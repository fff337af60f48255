"""What the screen Data tells: what was collected, how fresh it is, what was refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st
from sqlalchemy import Row

from dashboard.charts import draw, over
from dashboard.count_table import count_table
from dashboard.format import ago, count, day, instant, percent
from dashboard.store import reading, workspace
from dashboard.theme import ACCENT, NOISE
from data.collect_status import CollectStatus, collect_status, live_state
from data.imports import recent_imports
from data.live_profiles import LiveState
from data.summaries import latest_summaries
from data.workspace import facts

LATE: Final = timedelta(seconds=10)  # without a sign of the deliverer
_MEGABYTE: Final = 1_000_000
_OUTCOMES: Final = ("Added", "Sent before", "Refused")


@dataclass(frozen=True)
class Board:
    """What the screen draws."""

    now: datetime
    status: CollectStatus
    live: LiveState | None
    facts: Row[Any] | None
    summary: Row[Any] | None
    imported: bool

    @property
    def empty(self) -> bool:
        """Whether nothing ever came in."""
        came = self.status.waiting or self.status.lake_events or self.imported
        return self.facts is None and not came


def read_board() -> Board:
    """Read it all, a few bounded queries."""
    now = datetime.now(UTC)
    with reading() as conn:
        status = collect_status(conn, workspace(), now)
        known, newest = facts(conn), next(iter(latest_summaries(conn, 1)), None)
        imported = bool(recent_imports(conn, 1))
    return Board(now, status, live_state(workspace()), known, newest, imported)


def verdict(board: Board) -> str:
    """Say in a sentence or two how it stands."""
    last, status = board.status.last_day, board.status
    told = [f"**{count(status.lake_events)} events** are in the lake."]
    if last.received:
        share = percent(last.rejected / last.received)
        refused = (
            f", of which {count(last.rejected)} ({share}) were refused"
            if last.rejected
            else ", and none was refused"
        )
        told.append(f"**{count(last.received)}** came through the API in 24 hours{refused}.")
    elif status.last_hour is not None:
        told.append(
            f"Through the API none came in 24 hours; the last {ago(status.last_hour, board.now)}."
        )
    else:
        told.append("None has come through the API yet.")
    if board.live is not None and _is_late(board) and status.waiting:
        told.append("**The deliverer does not answer**: events are kept, but wait in the log.")
    return " ".join(told)


def numbers(board: Board) -> None:
    """Show the last day's numbers, which add up."""
    last = board.status.last_day
    with st.container(horizontal=True):
        for label, value, told in (
            ("Received, 24 h", last.received, "Through the API. It is the sum of the next three."),
            ("Added", last.added, "New events, which are in the lake."),
            ("Sent before", last.duplicates, "Same messageId as an event that was there already."),
            ("Refused", last.rejected, "They lack what an event needs; the reasons stand below."),
        ):
            st.metric(label, count(value), help=told, border=True)


def by_hour(board: Board, theme: str) -> None:
    """Draw what came by the hour, by what became of it."""
    rows = board.status.by_hour
    if not rows:
        st.markdown("**What came by the hour**")
        st.caption("Nothing came through the API in the last 24 hours.")
        return
    frame = _stacked(rows, board.now)
    most = max(rows, key=lambda row: row.received)
    draw(
        _hours,
        {"hours": frame},
        theme,
        key="data_hours",
        title=f"At most {count(most.received)} an hour, from {most.hour.astimezone(UTC):%H:%M}",
        subtitle="Events an hour (UTC), by what became of them",
        alt_text=f"Events by hour over 24 hours; {verdict(board)}",
    )


def _stacked(rows: Sequence[Row[Any]], now: datetime) -> pd.DataFrame:
    """Stack each hour's outcomes; the first row keeps the axis at a whole day."""
    first = now.replace(minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(hours=24)
    drawn: list[dict[str, Any]] = [
        {"hour": first, "until": first, "what": _OUTCOMES[0], "low": 0, "high": 0, "told": ""}
    ]
    for row in rows:
        low, start = 0, row.hour.astimezone(UTC).replace(tzinfo=None)
        outcomes = (row.added, row.duplicates, row.rejected)
        for what, value in zip(_OUTCOMES, outcomes, strict=True):
            told = f"{instant(row.hour)}, the hour from then: {count(value)} {what.lower()}"
            until, high = start + timedelta(minutes=55), low + int(value)
            drawn.append(
                {
                    "hour": start,
                    "until": until,
                    "what": what,
                    "low": low,
                    "high": high,
                    "told": told,
                }
            )
            low = high
    return pd.DataFrame(drawn)


def _hours(theme: str) -> Any:
    colours = alt.Scale(domain=list(_OUTCOMES), range=[ACCENT[theme], NOISE[theme], "#d1495b"])
    return (
        over("hours")
        .mark_rect()
        .encode(
            x=alt.X("hour:T", title=None, axis=alt.Axis(format="%H:%M", tickCount=8)),
            x2="until:T",
            y=alt.Y("low:Q", title="Events", axis=alt.Axis(tickCount=4)),
            y2="high:Q",
            color=alt.Color(
                "what:N", title=None, scale=colours, legend=alt.Legend(orient="top", offset=4)
            ),
            tooltip=[alt.Tooltip("told:N", title=" ")],
        )
        .properties(height=220)
    )


def freshness(board: Board) -> None:
    """Say how old each thing is that others look at."""
    st.markdown("**How fresh**")
    status, live = board.status, board.live
    lines = []
    if live is not None and live.delivered_at is not None:
        told = f"Live state: all delivered {ago(live.delivered_at, board.now)}"
        if _is_late(board):
            told = (
                f":orange[:material/warning:] {told}, and no sign of the deliverer since; "
                "it runs with `make serve`"
            )
        lines.append(told)
    else:
        lines.append("Live state: none yet; it begins with `python -m pipelines deliver`")
    waits = status.waiting / _MEGABYTE
    lines.append(
        f"Log: {waits:,.1f} MB on the way to the lake" if status.waiting else "Log: nothing waits"
    )
    if status.first_day and status.last_day_in_lake:
        lines.append(
            f"Lake: {day(status.first_day)} to {day(status.last_day_in_lake)}, "
            f"{count(status.lake_files)} {'file' if status.lake_files == 1 else 'files'}"
        )
    if live is not None and live.traits_as_of is not None:
        lines.append(f"Traits served: as of {instant(live.traits_as_of)}")
    if live is not None and live.memberships_as_of is not None:
        lines.append(f"Memberships served: as of {instant(live.memberships_as_of)}")
    if board.summary is not None:
        lines.append(f"Screens: computed {ago(board.summary.at, board.now)}")
    st.markdown("\n".join(f"- {line}" for line in lines))
    fixed = board.facts.clock_fixed_at if board.facts is not None else None
    if fixed is not None:
        st.caption(
            f"The workspace's clock stands at {instant(fixed)}. Events that happen after it are "
            "kept, but no rule looks at them."
        )


def by_key(board: Board) -> None:
    """Show what came with which API key."""
    rows = board.status.by_key
    if not rows:
        return
    st.subheader("By API key, 24 hours", anchor=False)
    count_table(
        [
            {
                "Key": board.status.names.get(row.key_id, row.key_id),
                "Id": row.key_id,
                "Received": row.received,
                "Added": row.added,
                "Sent before": row.duplicates,
                "Refused": row.rejected,
                "Last hour (UTC)": row.last_hour,
            }
            for row in rows
        ],
        key="data_keys",
        alt="What came with which key",
        counts=("Received", "Added", "Sent before", "Refused"),
        times=("Last hour (UTC)",),
    )


def refusals(board: Board) -> None:
    """Show why events were refused, with one example of each."""
    rows = board.status.refusals
    if not rows:
        return
    st.subheader("Refused events, 7 days", anchor=False)
    st.caption("By reason, day and key; each with how the last one began. All are in the lake.")
    count_table(
        [
            {
                "Reason": row.reason,
                "Events": row._mapping["count"],
                "Key": board.status.names.get(row.key_id, row.key_id),
                "Last (UTC)": row.last_at,
                "Example": row.example,
            }
            for row in rows
        ],
        key="data_refusals",
        alt="Refused events, by reason",
        counts=("Events",),
        times=("Last (UTC)",),
        long=("Example",),
    )


def _is_late(board: Board) -> bool:
    delivered = board.live.delivered_at if board.live is not None else None
    return delivered is None or board.now - delivered > LATE
