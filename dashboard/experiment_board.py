"""The list of experiments: what each says, whether it is healthy, and how to begin another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.experiment_data import Board, Shown, shown_analysis, shown_experiment
from dashboard.experiment_words import BADGES, STATUS
from dashboard.format import count
from kindred.experiments.verdict import FATAL, Act


def begin() -> None:
    """Offer to define an experiment, or to analyse a file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("New experiment", icon=":material/add:", type="primary", key="experiment_new"):
            st.switch_page("pages/experiment.py", query_params={"tab": "Set-up"})
        if st.button("Analyse a file", icon=":material/upload:", key="experiment_upload"):
            st.switch_page("pages/experiment_file.py")


def rows(board: Board) -> list[dict[str, Any]]:
    """Give a row for each experiment, with its verdict."""
    found: list[dict[str, Any]] = []
    for kept in board.kept:
        shown = shown_experiment(kept)
        row = _row(shown) | {"experiment": kept.definition.key, "analysis": None}
        row["Experiment"] = kept.definition.name
        row["Status"] = STATUS[kept.status(board.at)]
        if shown is None:
            row["Verdict"] = "Nobody was exposed yet"
        found.append(row)
    for analysis in board.analyses:
        row = _row(shown_analysis(analysis.id)) | {"experiment": None, "analysis": analysis.id}
        simulated = ", simulated" if analysis.kind == "simulated" else ""
        row |= {"Experiment": analysis.name, "Status": f"From a file{simulated}"}
        found.append(row)
    return found


def _row(shown: Shown | None) -> dict[str, Any]:
    empty = {"Experiment": "", "Status": "", "Verdict": "", "Why": "", "Health": "", "Units": 0}
    if shown is None:
        return empty | {"act": None}
    decision = shown.decision(shown.method)
    bad = [c for c in shown.report.caveats if c.code in FATAL]
    minded = f"{len(shown.report.caveats)} to mind" if shown.report.caveats else "healthy"
    return empty | {
        "act": decision.act,
        "Verdict": BADGES[decision.act][0],
        "Why": short(decision.headline),
        "Health": "not to be trusted" if bad else minded,
        "Units": sum(shown.report.arms.values()),
    }


def short(headline: str) -> str:
    """Say a verdict's sentence beside its word: what the word says already is left out.

    Examples
    --------
    >>> short("Ship Warm banner: it lifts orders by 12 %, and it is not chance.")
    'Warm banner: it lifts orders by 12 %.'
    >>> short("Don't ship: no effect of New on orders is shown.")
    'No effect of New on orders is shown.'
    """
    told = headline.removeprefix("Don't ship: ").removeprefix("Don't ship ").removeprefix("Ship ")
    told = told.replace(", and it is not chance.", ".")
    return f"{told[:1].upper()}{told[1:]}"


def verdict(found: Sequence[dict[str, Any]]) -> str:
    """Say what all of them come to."""
    ready = [row for row in found if row["act"] in {Act.SHIP, Act.DONT, Act.WEIGH}]
    going = [row for row in found if row["act"] is Act.KEEP]
    told = f"**{count(len(found))} experiment{'s' if len(found) != 1 else ''}: "
    told += f"{count(len(ready))} ready to decide, {count(len(going))} to keep running.**"
    mend = [row["Experiment"] for row in found if row["act"] is Act.MEND]
    return f"{told} Mend first: {', '.join(mend)}." if mend else told


def table(found: Sequence[dict[str, Any]]) -> None:
    """List them; a row opens its experiment."""
    frame = pd.DataFrame(found)
    chosen = st.dataframe(
        frame[["Experiment", "Verdict", "Why", "Status", "Health", "Units"]],
        hide_index=True,
        key="experiment_board",
        on_select="rerun",
        selection_mode="single-row",
        row_height=40,
        placeholder="",
        alt="; ".join(f"{row['Experiment']}: {row['Why'] or row['Verdict']}" for row in found),
        column_config={
            "Experiment": st.column_config.TextColumn(width=160),
            "Status": st.column_config.TextColumn(width=140),
            "Verdict": st.column_config.TextColumn(width=95),
            "Why": st.column_config.TextColumn(width=400),
            "Health": st.column_config.TextColumn(width=90),
            "Units": st.column_config.NumberColumn(format="localized", width=70),
        },
    )
    st.caption("Press a row to open its experiment.")
    picked = chosen["selection"]["rows"]
    if picked and picked[0] < len(found):
        row = found[picked[0]]
        name = "experiment" if row["experiment"] else "analysis"
        st.switch_page("pages/experiment.py", query_params={name: str(row[name])})
