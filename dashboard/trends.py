"""Daily counts brought to days or weeks, the incomplete ones marked; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard.format import change, count, day, money

MEASURES = ("revenue", "orders", "people", "new_people")


@dataclass(frozen=True)
class Trend:
    """One measure over periods, and the last complete one against the one before.

    Parameters
    ----------
    frame : DataFrame
        ``start`` (naive, UTC), ``value``, ``complete`` and ``told``, a row a period.
    last, before : float
        NaN where there is no such period.
    """

    measure: str
    frame: pd.DataFrame
    last: float
    before: float
    last_start: datetime | None

    @property
    def changed(self) -> str | None:
        """The last complete period's change, in words; none where it cannot be said."""
        return change(self.last, self.before)


def periods(days: Sequence[Any], by: str, first: datetime | None, as_of: datetime) -> pd.DataFrame:
    """Sum daily counts to periods; people are averaged over the period's days.

    Parameters
    ----------
    days : sequence of rows
        With ``day`` (``YYYY-MM-DD``), ``people``, ``new_people``, ``orders``, ``revenue``.
    by : {"day", "week"}
        Weeks begin on Monday.
    first, as_of : datetime
        When data begins and ends: a period that reaches beyond either is incomplete.

    Returns
    -------
    DataFrame
        ``start``, the four measures and ``complete``, a row a period, none left out between.
    """
    if not days:
        return pd.DataFrame(columns=["start", *MEASURES, "complete"])
    frame = pd.DataFrame(
        [(row.day, *(getattr(row, name) for name in MEASURES)) for row in days],
        columns=["start", *MEASURES],
    )
    frame["start"] = pd.to_datetime(frame["start"])
    frame = frame.set_index("start").astype(float)
    begins = frame.index.min() if first is None else _naive(first).normalize()
    length = pd.Timedelta(days=7 if by == "week" else 1)
    last_day = max(frame.index.max(), (_naive(as_of) - pd.Timedelta("1us")).normalize())
    whole = frame.reindex(pd.date_range(frame.index.min(), last_day, freq="D"), fill_value=0.0)
    summed = whole.resample("W-MON" if by == "week" else "D", label="left", closed="left").sum()
    seen = (
        whole["people"]
        .resample("W-MON" if by == "week" else "D", label="left", closed="left")
        .count()
    )
    summed["people"] = summed["people"] / seen
    summed["complete"] = (summed.index >= begins) & (summed.index <= _naive(as_of) - length)
    return summed.rename_axis("start").reset_index()


def trend(table: pd.DataFrame, measure: str, by: str, currency: str | None) -> Trend:
    """Take one measure out of `periods`, from the first period in which it is not nothing."""
    frame = table[["start", measure, "complete"]].rename(columns={measure: "value"})
    if frame.empty:
        return Trend(measure, frame.assign(told=[]), float("nan"), float("nan"), None)
    frame = frame[frame["value"].ne(0).cummax().astype(bool)].reset_index(drop=True)
    frame["told"] = [
        f"{'Week of ' if by == 'week' else ''}{day(start.tz_localize('UTC'))}: "
        f"{tell(measure, value, currency)}{'' if complete else ', not complete'}"
        for start, value, complete in frame[["start", "value", "complete"]].itertuples(index=False)
    ]
    done = frame[frame["complete"]]
    last, before = ([float("nan")] * 2 + done["value"].tolist())[-1:-3:-1]
    start = done["start"].iloc[-1].to_pydatetime() if len(done) else None
    return Trend(measure, frame, last, before, start)


def tell(measure: str, value: float, currency: str | None) -> str:
    """Write a measure's value of one period with its unit."""
    if measure == "revenue":
        return f"{money(value, currency)} of revenue"
    one, many = {
        "orders": ("order", "orders"),
        "people": ("active person", "active people"),
        "new_people": ("new person", "new people"),
    }[measure]
    each = " a day" if measure == "people" else ""
    return f"{count(value)} {one if round(value) == 1 else many}{each}"


def _naive(at: datetime) -> pd.Timestamp:
    return pd.Timestamp(at).tz_convert("UTC").tz_localize(None)
