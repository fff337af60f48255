"""What Models is made of: the verdict, what to look at, tables of models and trainings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import model_charts as charts
from dashboard.actor import acting
from dashboard.format import ago, count, duration
from dashboard.model_data import Models, ndcg
from dashboard.model_words import GROUPS, MEASURES, measure, model_label
from dashboard.store import engine
from data import runs
from data.audit import Actor

BASELINE = "popularity"
JOB = "train_recommender"
MODES = ("Also what was bought before", "Only what was not")  # repeats, or none


def verdict(seen: Models) -> str:
    """Say which model is live, which is best here, and by how much it beats the simple one."""
    told = []
    if seen.live is None:
        told.append("**No model is live yet.**")
    else:
        since = ago(seen.live.live.since, seen.now)
        named = model_label(seen.live.name)
        told.append(f"**{named}** of training {seen.live.training} is live, since {since}.")
    best = seen.models[0] if seen.models else None
    if best is None:
        return " ".join(told)
    value = measure("ndcg").written(ndcg(best))
    told.append(f"In this training **{model_label(best.name)}** leads with NDCG@10 {value}")
    simple = seen.model(BASELINE)
    if simple is not None and simple.id != best.id and ndcg(simple) > 0:
        told[-1] += f", {ndcg(best) / ndcg(simple):.3g} times popularity"
        difference = seen.against(best.name, BASELINE)
        if difference is not None:
            chance = "and that is not chance" if difference[1] > 0 else "which may be chance"
            told[-1] += f", {chance} (n = {count(seen.shown.people)})"
    if len(seen.models) > 1:
        told[-1] += _second(seen)
    return " ".join(told) + "."


def _second(seen: Models) -> str:
    first, second = seen.models[:2]
    pair = seen.against(first.name, second.name)
    if pair is None:
        return ""
    clear = pair[1] > 0
    how = "is clearly behind" if clear else "is as good, as far as these people can tell"
    return f"; {model_label(second.name)} {how}"


def choose_training(seen: Models) -> None:
    """Let the mode be chosen, and a training of it."""
    modes = sorted({row.repeats for row in seen.trainings}, reverse=True)
    if len(modes) > 1:
        st.segmented_control(
            "What may be recommended",
            MODES,
            default=MODES[0] if seen.shown.repeats else MODES[1],
            required=True,
            key="mode",
            bind="query-params",
            on_change=_forget_training,
        )


def _forget_training() -> None:
    st.session_state.pop("training", None)
    st.session_state.pop("models_trainings", None)


def facts(seen: Models) -> None:
    """Say what the training stood on, and what it warned of."""
    shown = seen.shown
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("People", count(shown.people), border=True, help="Who have events before the "
                  "training's clock and in its test.")  # fmt: skip
        st.metric("Items", count(shown.items), border=True, help="In the catalogue of candidates.")
        st.metric(
            "Interactions",
            count(shown.interactions),
            border=True,
            help="Person, item and day, views, additions and orders weighted.",
        )
        st.metric("Took", duration(shown.seconds), border=True, help="The whole training.")
    for warning in shown.warnings:
        st.warning(warning, icon=":material/warning:")


def quality(seen: Models, theme: str) -> None:
    """Draw the leaderboard in the measure that is chosen."""
    known = [name for name in MEASURES if any(name in m.metrics for m in seen.models)]
    if not known:
        st.caption("No figure was kept of this training.")
        return
    metric = st.selectbox(
        "Measure",
        known,
        format_func=lambda name: measure(name).label,
        key="measure",
        bind="query-params",
        label_visibility="collapsed",
        width=260,
    )
    charts.leaderboard(seen, str(metric or known[0]), theme)
    st.caption(measure(str(metric or known[0])).told)


def table(seen: Models) -> str | None:
    """List the models with all measures; gives the name of the one picked."""
    known = [name for name in MEASURES if any(name in m.metrics for m in seen.models)]
    rows = [_row(seen, model, known) for model in seen.models]
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="models_table",
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{len(rows)} models with their quality, the best first",
        column_config={
            "Model": st.column_config.TextColumn(width=190, pinned=True),
            "State": st.column_config.TextColumn(width=90),
            "Fit (s)": st.column_config.NumberColumn(format="%.1f", width=70),
            "Parameters": st.column_config.TextColumn(width="large"),
            **{
                measure(name).label: st.column_config.NumberColumn(
                    format=_written_as(name),
                    help=measure(name).told,
                    width=100,
                )
                for name in known
            },
        },
    )
    picked = event["selection"]["rows"] if event else []
    return str(seen.models[picked[0]].name) if picked and picked[0] < len(rows) else None


def _row(seen: Models, model: Any, known: list[str]) -> dict[str, Any]:
    live = seen.live is not None and seen.live.id == model.id
    kept = "kept" if model.path else "figures only"
    values = {measure(name).label: _value(model, name) for name in known}
    return {
        "Model": model_label(model.name),
        "State": "live" if live else kept,
        **values,
        "Fit (s)": model.seconds,
        "Covers": model.scope or "the whole catalogue",
        "Parameters": _params(model.params),
    }


def _written_as(name: str) -> str:
    """Give a measure's format; of a large catalogue little is covered, so that has more places."""
    if not measure(name).share:
        return "%.3f"
    return "%.2f %%" if name == "coverage" else "%.1f %%"


def _value(model: Any, name: str) -> float | None:
    """Give a measure as the table writes it: shares in per cent."""
    value = (model.metrics.get(name) or {}).get("value")
    return value * 100 if value is not None and measure(name).share else value


def _params(params: Mapping[str, Any]) -> str:
    parts = []
    for name, value in params.items():
        written = f"{value:.3g}" if isinstance(value, float) else str(value)
        parts.append(f"{name.replace('_', ' ')} {written}")
    return ", ".join(parts)


def groups(seen: Models, theme: str) -> None:
    """Draw the two best models, or the best and the simple one, for each group of people."""
    kinds = [kind for kind in GROUPS if any(row.kind == kind for row in seen.groups)]
    if not kinds:
        st.caption("Quality was not measured per group in this training.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Groups",
            kinds,
            default=kinds[0],
            required=True,
            format_func=lambda k: GROUPS[k],
            key="groups",
            bind="query-params",
        )
        names = [model.name for model in seen.models]
        against = BASELINE if BASELINE in names[1:] else names[-1]
        other = st.selectbox(
            f"{model_label(names[0])} beside",
            names[1:] or names,
            index=names[1:].index(against) if against in names[1:] else 0,
            format_func=model_label,
            key="beside",
            width=260,
        )
    charts.by_group(seen, str(kind or kinds[0]), (names[0], str(other)), theme)
    st.caption(
        f"Dots are NDCG@10 with 95 % intervals: {model_label(names[0])} above, "
        f"{model_label(str(other))} below. In brackets, how many people were tested."
    )


def trainings_table(seen: Models) -> int | None:
    """List the trainings; gives the id of the one picked."""
    rows = [
        {
            "Training": row.id,
            "Finished": row.at,
            "Recommends": "also bought before" if row.repeats else "only new",
            "Data until": row.as_of,
            "People": row.people,
            "Interactions": row.interactions,
            "Took": duration(row.seconds),
            "Warnings": len(row.warnings),
            "Run": row.run_id,
            "Data set": row.dataset_version,
            "Code": row.code_version[:10],  # tells versions apart, and fits
        }
        for row in seen.trainings
    ]
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="models_trainings",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{len(rows)} trainings, the newest first",
        column_config={
            "Training": st.column_config.NumberColumn(width=65),
            "Finished": st.column_config.DatetimeColumn(
                "Finished (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=140
            ),
            "Recommends": st.column_config.TextColumn(width=130),
            "Data until": st.column_config.DatetimeColumn(
                "Data until (UTC)", format="D MMM YYYY", timezone="UTC", width=115
            ),
            "People": st.column_config.NumberColumn(format="localized", width=65),
            "Interactions": st.column_config.NumberColumn(format="localized", width=90),
            "Took": st.column_config.TextColumn(width=85),
            "Warnings": st.column_config.NumberColumn(width=70),
            "Run": st.column_config.NumberColumn(width=45),
            "Data set": st.column_config.NumberColumn(width=65, help="The data set version."),
            "Code": st.column_config.TextColumn(
                width=100, help="A hash of the recommenders' code."
            ),
        },
    )
    picked = event["selection"]["rows"] if event else []
    return int(rows[picked[0]]["Training"]) if picked and picked[0] < len(rows) else None


def ask_for_training(*, again: bool) -> None:
    """Offer a training; asking twice adds nothing while the first still waits or goes on."""
    st.button(
        "Train again" if again else "Train models",
        icon=":material/model_training:",
        key="train",
        help="Reads the newest interactions, fits and compares every model, and lets the best be "
        "live unless it is worse than the one that is.",
        on_click=lambda: acting(_enqueue),
    )


def _enqueue(who: Actor) -> None:
    with engine().begin() as conn:
        if runs.is_waiting(conn, JOB):
            st.toast("A training waits or goes on already: see Runs.", icon=":material/info:")
            return
        run_id = runs.enqueue(conn, JOB, {}, actor=who, at=datetime.now(UTC))
    st.toast(f"Run {run_id} is queued: see Runs.", icon=":material/schedule:")
