"""Tables of what was counted: numbers with separators, times in UTC, one example at length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st


def count_table(
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str,
    alt: str,
    counts: Sequence[str],
    times: Sequence[str] = (),
    long: Sequence[str] = (),
) -> None:
    """Show rows whose columns `counts` are numbers, `times` are instants and `long` long texts."""
    column = st.column_config
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        alt=alt,
        column_config={
            **{name: column.NumberColumn(format="localized") for name in counts},
            **{
                name: column.DatetimeColumn(format="D MMM YYYY, HH:mm", timezone="UTC")
                for name in times
            },
            **{name: column.TextColumn(width="large") for name in long},
        },
    )
