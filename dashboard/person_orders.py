"""A person's orders over time, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import draw, over, told_in_words
from dashboard.format import count, day, instant, money
from dashboard.theme import ACCENT
from data.people import Order


def timeline(orders: Sequence[Order], currency: str | None, theme: str) -> None:
    """Draw orders over time, and list them."""
    if not orders:
        st.caption("There is no order before the workspace's clock.")
        return
    table = pd.DataFrame(
        {
            "at": [order.at.astimezone(UTC).replace(tzinfo=None) for order in orders],
            "revenue": [order.revenue for order in orders],
            "told": [
                f"{instant(order.at)}: {money(order.revenue, currency)}, {order.lines} lines"
                for order in orders
            ],
        }
    )
    mean = float(table["revenue"].mean())
    title = f"{count(len(orders))} orders, {money(mean, currency)} on average"
    draw(
        _stems,
        {"orders": table},
        theme,
        currency,
        key="person_orders",
        alt_text=f"{title}; the newest on {day(orders[0].at)}",
        title=title,
    )
    with st.expander("The orders as a table", key="person_orders_open", on_change="rerun") as shown:
        if shown.open:
            _order_table(orders, currency)


def _stems(theme: str, currency: str | None) -> Any:
    unit = f" ({currency})" if currency else ""
    base = over("orders").encode(
        x=alt.X("at:T", title=None, axis=alt.Axis(format="%-d %b %Y", tickCount=5)),
        y=alt.Y("revenue:Q", title=f"Order{unit}", axis=alt.Axis(tickCount=4)),
        tooltip=told_in_words(),
    )
    stems = base.mark_rule(color=ACCENT[theme], opacity=0.35).encode(y2=alt.datum(0))
    dots = base.mark_circle(color=ACCENT[theme], size=45, opacity=0.9)
    return (stems + dots).properties(height=200)


def _order_table(orders: Sequence[Order], currency: str | None) -> None:
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "At (UTC)": order.at,
                    "Order": order.order_id,
                    "Revenue": order.revenue,
                    "Discount": order.discount,
                    "Lines": order.lines,
                    "Products": ", ".join(
                        str(p.get("name") or p.get("product_id") or "") for p in order.products[:8]
                    ),
                }
                for order in orders
            ]
        ),
        hide_index=True,
        key="person_order_table",
        alt=f"{len(orders)} orders, the newest first",
        column_config={
            "At (UTC)": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC"),
            "Revenue": st.column_config.NumberColumn(f"Revenue {currency or ''}", format="%.2f"),
            "Discount": st.column_config.NumberColumn(f"Discount {currency or ''}", format="%.2f"),
            "Products": st.column_config.TextColumn(width="large"),
        },
    )
