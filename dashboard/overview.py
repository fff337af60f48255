"""What Overview is made of: the numbers, the trends, what changed, the clusters, where to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from dashboard.charts import draw_trend
from dashboard.format import ago, count, day, money, percent
from dashboard.run_board import status_word
from dashboard.store import reading
from dashboard.trends import MEASURES, Trend, periods, tell, trend
from data import runs
from data.job_names import job_name
from data.map_reads import MapCluster, MapRun, map_clusters, map_runs
from data.summaries import daily, latest_summaries
from data.workspace import facts


@dataclass(frozen=True)
class Overview:
    """All that the page shows, read at once; a handful of small queries."""

    facts: Row[Any] | None
    summaries: Sequence[Row[Any]]  # the newest first, two at most
    days: Sequence[Row[Any]]
    map_runs: Sequence[MapRun]  # the newest first, two at most
    clusters: Sequence[Sequence[MapCluster]]  # of each of them
    last_run: Row[Any] | None
    queued: int


def read_overview() -> Overview:
    """Read the newest summary and cluster run, and those before them."""
    with reading() as conn:
        kept = latest_summaries(conn)
        found = map_runs(conn, 2)
        return Overview(
            facts(conn),
            kept,
            daily(conn, kept[0].id) if kept else [],
            found,
            [map_clusters(conn, run.id) for run in found],
            runs.latest(conn),
            runs.queued(conn),
        )


def week_trends(seen: Overview, by: str) -> dict[str, Trend]:
    """Bring the daily counts to days or weeks, by measure."""
    newest = seen.summaries[0]
    table = periods(seen.days, by, newest.first_event_at, newest.as_of)
    currency = seen.facts.currency if seen.facts else None
    return {name: trend(table, name, by, currency) for name in MEASURES}


def verdict(seen: Overview, weeks: dict[str, Trend]) -> str:
    """Say in a sentence or two what the page shows."""
    newest, currency = seen.summaries[0], seen.facts.currency if seen.facts else None
    named = [c for c in (seen.clusters[0] if seen.clusters else ()) if c.id is not None]
    told = (
        f"**{count(newest.people)} people** placed **{count(newest.orders)} orders** worth "
        f"**{money(newest.revenue, currency)}**"
    )
    if named:
        told += f" and fall into **{len(named)} clusters**, “{named[0].name}” the largest"
    told += "."
    last = weeks["revenue"]
    if last.last_start is not None and last.changed is not None:
        week = f"{day(last.last_start.replace(tzinfo=UTC))}"
        told += (
            f" In the last full week (from {week}), revenue was {money(last.last, currency)}: "
            f"{_against(last.changed)} the week before."
        )
    return told


def _against(changed: str) -> str:
    if changed.startswith("+"):
        return f"{changed[1:]} more than in"
    if changed.startswith("−"):
        return f"{changed[1:]} less than in"
    return "the same as in"


_WEEK = "In a week: the last full week, Monday to Sunday, against the one before."


def numbers(seen: Overview, weeks: dict[str, Trend]) -> None:
    """Show the workspace in five numbers, each with its formula and source."""
    newest, currency = seen.summaries[0], seen.facts.currency if seen.facts else None
    source = (
        f"before {day(newest.as_of)} UTC. Source: events of data set version "
        f"{newest.dataset_version}, summary {newest.id}."
    )
    new, orders, revenue = weeks["new_people"], weeks["orders"], weeks["revenue"]
    with st.grid(5, min_column_width=170, gap="small"):
        _metric(
            "People",
            count(newest.people),
            f"Distinct people (user id, else anonymous id) with at least one event {source}",
            None if pd.isna(new.last) else f"+{count(new.last)}",
            "new in a week",
        )
        _metric(
            "Orders",
            count(newest.orders),
            f"Count of “Order Completed” events {source} {_WEEK}",
            orders.changed,
            "in a week",
        )
        _metric(
            "Revenue",
            money(newest.revenue, currency),
            f"Sum of `revenue` over “Order Completed” events {source} "
            f"Exactly {newest.revenue:,.2f} {currency or ''}. {_WEEK}",
            revenue.changed,
            "in a week",
        )
        _clusters_metric(seen)
        _run_metric(seen)


def _metric(label: str, value: str, told: str, delta: str | None, against: str) -> None:
    # Said by us: Streamlit tells a fall by a hyphen, and a hyphen is no minus.
    up, down = (delta or "").startswith("+"), (delta or "").startswith("−")
    st.metric(
        label,
        value,
        delta,
        delta_color="green" if up else "red" if down else "gray",
        delta_arrow="up" if up else "down" if down else "off",
        delta_description=against if delta else None,
        help=told,
        border=True,
        height="stretch",
    )


def _clusters_metric(seen: Overview) -> None:
    clusters = seen.clusters[0] if seen.clusters else ()
    named = [c for c in clusters if c.id is not None]
    noise = sum(c.share for c in clusters if c.id is None)
    st.metric(
        "Clusters",
        len(named) if seen.map_runs else "none yet",
        f"{percent(noise)} in none" if seen.map_runs else "Run “clusters” on Runs",
        delta_color="off",
        delta_arrow="off",
        help="Groups of people who are alike, as the newest cluster run"
        f"{f' ({seen.map_runs[0].id})' if seen.map_runs else ''} found them. "
        "Source: table cluster_members.",
        border=True,
        height="stretch",
    )


def _run_metric(seen: Overview) -> None:
    last, now = seen.last_run, datetime.now(UTC)
    waiting = f", {seen.queued} waiting" if seen.queued else ""
    named = f", run {last.id}: {job_name(last.job)}" if last else ""
    st.metric(
        "Last run",
        ago(last.finished_at or last.queued_at, now).replace("minute", "min").replace("mins", "min")
        if last
        else "none yet",
        f"{status_word(last.status)}{waiting}" if last else None,
        delta_color="inverse" if last and last.status in {"failed", "crashed"} else "off",
        delta_arrow="off",
        help=f"The newest run that is over, whatever its job{named}. Source: table pipeline_runs.",
        border=True,
        height="stretch",
    )


_AXES = {"revenue": "Revenue", "orders": "Orders", "people": "People a day"}


def trend_cards(found: dict[str, Trend], by: str, currency: str | None, theme: str) -> None:
    """Draw the four measures, each under a title that says how it last moved."""
    with st.grid(2, min_column_width=300, gap="small"):
        for name, shown in found.items():
            title, subtitle = _AXES.get(name, "New people"), f"No full {by} yet"
            if shown.last_start is not None:
                title = tell(name, shown.last, currency)
                subtitle = f"Last full {by}"
                if shown.changed is not None:
                    subtitle += f", {shown.changed} on the one before"
            axis = _AXES.get(name, "New people")
            with st.container(border=True):
                draw_trend(
                    shown,
                    title=title,
                    subtitle=subtitle,
                    axis=f"{axis} ({currency})" if name == "revenue" and currency else axis,
                    theme=theme,
                    key=f"overview_{name}",
                )


def what_changed(seen: Overview) -> None:
    """Compare the newest summary and cluster run with those before."""
    st.subheader("What changed since the last run", anchor=False)
    lines = [*_changed_numbers(seen), *_changed_clusters(seen)]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _changed_numbers(seen: Overview) -> list[str]:
    if len(seen.summaries) < 2:
        return ["These are the first counts: once new events come in, the difference stands here."]
    now, before = seen.summaries[:2]
    currency = seen.facts.currency if seen.facts else None
    if now.dataset_version == before.dataset_version and now.as_of == before.as_of:
        return [f"No new events since {ago(before.at, datetime.now(UTC))}."]
    more = now.revenue - before.revenue
    told = [
        f"{_signed(now.people - before.people)} people",
        f"{_signed(now.orders - before.orders)} orders",
        f"{'+' if more >= 0 else ''}{money(more, currency)}",
    ]
    return [f"{', '.join(told)} since {day(before.as_of)}."]


def _signed(difference: int) -> str:
    return f"+{count(difference)}" if difference >= 0 else f"−{count(-difference)}"


def _changed_clusters(seen: Overview) -> list[str]:
    if len(seen.clusters) < 2:
        return ["Clusters were found once so far: the next run is matched with this one."]
    now, before = ({c.id: c for c in found if c.id is not None} for found in seen.clusters[:2])
    new = [now[key].name for key in now.keys() - before.keys()]
    gone = [before[key].name for key in before.keys() - now.keys()]
    told = [
        f"{what} since the run before: {_listed(names)}."
        for what, names in (("New", new), ("Gone", gone))
        if names
    ]
    moved = [
        (now[key].share - before[key].share, now[key].name) for key in now.keys() & before.keys()
    ]
    for difference, name in sorted(moved, key=lambda one: -abs(one[0]))[:2]:
        if abs(difference) >= 0.001:
            way = "grew" if difference > 0 else "shrank"
            told.append(f"“{name}” {way} by {abs(difference) * 100:.1f} points of all people.")
    return told or ["The clusters are as they were."]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in sorted(names)[:2])
    return f"{shown} and {len(names) - 2} more" if len(names) > 2 else shown


def where_next(seen: Overview) -> None:
    """Lead on to the map, a person, the runs."""
    st.subheader("Where to go next", anchor=False)
    named = [c for c in (seen.clusters[0] if seen.clusters else ()) if c.id is not None]
    with st.container(gap="xxsmall"):
        st.page_link(
            "pages/explore.py",
            label=f"See the {len(named)} clusters on the map" if named else "See the map",
            icon=":material/scatter_plot:",
        )
        st.page_link("pages/person.py", label="Look somebody up", icon=":material/person_search:")
        st.page_link(
            "pages/runs.py",
            label="Refresh, or find clusters anew" if named else "Find clusters",
            icon=":material/manufacturing:",
        )
