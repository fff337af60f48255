"""How many people, how long: planned with sliders, from what the workspace sees."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.format import count, percent
from dashboard.store import reading
from data.summaries import daily, latest_summaries
from kindred.errors import UserError
from kindred.experiments.planning import duration, units_for_rate, units_when_peeking


@dataclass(frozen=True)
class Planned:
    """What was planned: days, and the relative effect that it is to find."""

    days: int
    effect: float


def people_a_day() -> int:
    """Say how many people come on a day, by the last summary."""
    with reading() as conn:
        newest = next(iter(latest_summaries(conn, 1)), None)
        if newest is None:
            return 1_000
        days = daily(conn, newest.id)[-28:]
    return max(round(sum(int(day.people) for day in days) / max(len(days), 1)), 1)


def plan(
    base: float, effect: float, shares: tuple[float, float], coverage: float, alpha: float
) -> Planned:
    """Move sliders; see people and days, read once at the end or every day.

    Parameters
    ----------
    base : float
        The rate to begin with.
    effect : float
        The relative change to begin with.
    shares : pair of float
        Of the control and the smallest other variation.
    """
    with st.container(border=True):
        st.markdown("**How long?** For a metric that is a rate")
        left, right = st.columns(2, gap="medium")
        with left:
            rate = st.slider(
                "Rate today (%)",
                0.5,
                95.0,
                min(max(round(base * 200) / 2, 0.5), 95.0),
                0.5,
                format="%.1f",
                key="power_rate",
            )
            change = st.slider(
                "Smallest change worth finding (%)",
                1.0,
                50.0,
                min(max(effect * 100, 1.0), 50.0),
                0.5,
                key="power_effect",
                help="Relative to the rate today: 10 % of 20 % is two points.",
            )
        with right:
            sure = st.slider("Chance to find it (%)", 50, 99, 80, 1, key="power_power")
            come = st.number_input(
                "New people a day", 1, 10_000_000, people_a_day(), key="power_people"
            )
        return _told(rate / 100, change / 100, sure / 100, come * coverage, shares, alpha)


def _told(
    rate: float,
    effect: float,
    sure: float,
    a_day: float,
    shares: tuple[float, float],
    alpha: float,
) -> Planned:
    change, both = rate * effect, sum(shares)
    control = shares[0] / both if both else 0.5
    try:
        fixed = units_for_rate(rate, change, control, alpha, sure)
        peeking = units_when_peeking(change, rate * (1 - rate), control, alpha, sure)
        once = duration(fixed, min(both, 1.0), a_day)
        daily_looks = duration(peeking, min(both, 1.0), a_day)
    except UserError as error:
        st.warning(f"{error.what} {error.fix}", icon=":material/tune:")
        return Planned(14, effect)
    first, second = st.columns(2)
    first.metric(
        "Read once, at the end", f"{count(once.days)} days", f"{count(once.units)} people",
        delta_color="off", delta_arrow="off",
    )  # fmt: skip
    second.metric(
        "Looked at every day", f"{count(daily_looks.days)} days",
        f"{count(daily_looks.units)} people", delta_color="off", delta_arrow="off",
        help="By the latest; a larger effect is decided earlier.",
    )  # fmt: skip
    st.caption(
        f"To find a change from {percent(rate)} to {percent(rate + change)}, in whole weeks, since"
        " days of the week differ."
    )
    return Planned(daily_looks.days, effect)
