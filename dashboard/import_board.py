"""What imports brought, and the rows they set aside with the reason."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.format import instant
from dashboard.store import reading
from data.imports import recent_imports, rejections


def set_aside() -> None:
    """Show what imports brought, and the rows they set aside with the reason."""
    with reading() as conn:
        brought, aside = recent_imports(conn), rejections(conn)
    if not brought:
        return
    st.subheader("Imports", anchor=False)
    total = sum(found.rejected for found in brought)
    if not total:
        st.caption("No row was set aside: all that was read is in the lake.")
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Source": found.source,
                    "Imported (UTC)": found.at,
                    "Rows read": found.rows_read,
                    "Events added": found.events_added,
                    "Known already": found.duplicates,
                    "Set aside": found.rejected,
                }
                for found in brought
            ]
        ),
        hide_index=True,
        key="data_imports",
        alt="The newest imports",
        column_config={
            "Imported (UTC)": st.column_config.DatetimeColumn(
                format="D MMM YYYY, HH:mm", timezone="UTC"
            ),
            **{
                name: st.column_config.NumberColumn(format="localized")
                for name in ("Rows read", "Events added", "Known already", "Set aside")
            },
        },
    )
    if aside:
        st.markdown("**Rows that were set aside**, by reason, each with one example as it came:")
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Reason": found.reason,
                        "Rows": found.count,
                        "Import": f"{found.source}, {instant(found.at)}",
                        "Example": found.example,
                    }
                    for found in aside
                ]
            ),
            hide_index=True,
            key="data_rejections",
            alt="Rows set aside, by reason",
            column_config={
                "Rows": st.column_config.NumberColumn(format="localized"),
                "Example": st.column_config.TextColumn(width="large"),
            },
        )
