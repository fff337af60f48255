"""The people themselves: a few of those picked, all of them as a file, one who was pressed."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import streamlit as st
from numpy.typing import NDArray

from dashboard.explore_data import MAX_DOWNLOAD, MapView, some_people
from dashboard.explore_state import current
from dashboard.format import count, number

Rows = NDArray[np.intp]


def people_words(number_of: int) -> str:
    """Say how many people."""
    return "1 person" if number_of == 1 else f"{count(number_of)} people"


def sample_of(view: MapView, rows: Rows) -> None:
    """Show a few of some people, and offer them all as a file."""
    few = rows[np.unique(np.linspace(0, len(rows) - 1, 8).astype(np.intp))]
    table = some_people(view, few, ["monetary", "frequency", "recency"]).to_pandas()
    table["person_id"] = [f"/person?person={quote(who)}" for who in table["person_id"]]
    st.dataframe(
        table,
        hide_index=True,
        key="explore_sample",
        column_config={
            "person_id": st.column_config.LinkColumn("Person", display_text=r"person=(.*)$"),
            **{
                name: st.column_config.NumberColumn(view.label_of(name), format="%.0f")
                for name in ("monetary", "frequency", "recency")
            },
        },
    )
    many = min(len(rows), MAX_DOWNLOAD)
    label = f"Download {people_words(many)} as CSV"
    if many < len(rows):
        label = f"Download the first {people_words(many)} as CSV"
    st.download_button(
        label,
        data=lambda: _csv(view, rows[:MAX_DOWNLOAD]),
        file_name=f"kindred-people-run-{view.run.id}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _csv(view: MapView, rows: Rows) -> bytes:
    table = some_people(view, rows, list(view.traits))
    names = pa.array([c.name for c in view.clusters]).take(
        pa.array(view.label[rows].astype(np.int64))
    )
    out = BytesIO()
    pa_csv.write_csv(table.add_column(1, "cluster", names), out)
    return out.getvalue()


def person_at(view: MapView, row: int | None) -> None:
    """Tell of the person who was clicked."""
    if row is None or row >= view.run.people:
        return
    rows = np.array([row], dtype=np.intp)
    person = some_people(view, rows, ["monetary", "frequency", "recency"]).to_pylist()[0]
    told = [
        f"{view.label_of(name)}: {number(float(value), view.unit_of(name))}"
        for name, value in person.items()
        if name != "person_id" and value is not None
    ]
    with st.container(border=True):
        columns = st.columns([5, 1], vertical_alignment="center")
        name = view.clusters[int(view.label[row])].name
        columns[0].markdown(
            f"**[{person['person_id']}](/person?person={quote(person['person_id'])})** · {name}  \n"
            f"<small>{' · '.join(told)}</small>",
            unsafe_allow_html=True,
        )
        if columns[1].button(
            "", icon=":material/close:", help="Close", type="tertiary", key="explore_person_close"
        ):
            current().person = None
            st.rerun(scope="fragment")
