"""What imports brought, and the rows they set aside with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from sqlalchemy import Row

from dashboard.count_table import count_table
from dashboard.format import instant
from dashboard.store import reading
from data.imports import recent_imports, rejections


def imports() -> None:
    """Show what imports brought, and the rows they set aside with the reason."""
    with reading() as conn:
        brought, aside = recent_imports(conn), rejections(conn)
    if not brought:
        return
    st.subheader("Imports", anchor=False)
    if not any(found.rejected for found in brought):
        st.caption("No row was set aside: all that was read is in the lake.")
    _brought(brought)
    if aside:
        st.markdown("**Rows that were set aside**, by reason, each with one example as it came:")
        _set_aside(aside)


def _brought(rows: Sequence[Row[Any]]) -> None:
    count_table(
        [
            {
                "Source": found.source,
                "Imported (UTC)": found.at,
                "Rows read": found.rows_read,
                "Events added": found.events_added,
                "Known already": found.duplicates,
                "Set aside": found.rejected,
            }
            for found in rows
        ],
        key="data_imports",
        alt="The newest imports",
        counts=("Rows read", "Events added", "Known already", "Set aside"),
        times=("Imported (UTC)",),
    )


def _set_aside(rows: Sequence[Row[Any]]) -> None:
    count_table(
        [
            {
                "Reason": found.reason,
                "Rows": found.count,
                "Import": f"{found.source}, {instant(found.at)}",
                "Example": found.example,
            }
            for found in rows
        ],
        key="data_rejections",
        alt="Rows set aside, by reason",
        counts=("Rows",),
        long=("Example",),
    )
