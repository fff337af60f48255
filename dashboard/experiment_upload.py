"""An experiment in a file: upload it, say which column means what, read the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard.actor import acting
from dashboard.experiment_data import Shown, shown_file
from dashboard.experiment_opened import Opened
from dashboard.experiment_prior import believe
from dashboard.experiment_words import METHODS
from dashboard.format import count, verbatim
from dashboard.store import engine
from data.audit import Actor
from data.experiment_analyses import keep_analysis
from data.experiment_file import FileMetric, Layout, Summary, summarise_file
from kindred.errors import UserError
from kindred.experiments.analysis import Metric
from kindred.experiments.definition import Method
from kindred.experiments.estimates import MetricKind
from kindred.experiments.file_plan import FilePlan
from kindred.experiments.guardrails import Better, Guardrail

KINDS: Final[Mapping[str, MetricKind]] = {
    "Mean": MetricKind.MEAN,
    "Proportion": MetricKind.PROPORTION,
    "Ratio": MetricKind.RATIO,
}
_LABELS: Final = {kind: label for label, kind in KINDS.items()}
EACH_ROW: Final = "Each row is a unit"
GUESSES: Final = ("variation", "variation_id", "variant", "arm", "group", "treatment", "segment")


def choose_columns(file: Opened) -> tuple[Layout, FilePlan] | None:
    """Ask which column means what; gives nothing until it can be analysed."""
    few = [column for column in file.columns if 2 <= len(file.values.get(column, ())) <= 20]
    if not few:
        st.warning(
            "No column can be the variation: none has two to twenty different values.",
            icon=":material/help:",
        )
        return None
    variation, control, unit = _randomised(file, few)
    rest = [column for column in file.columns if column not in {variation, unit}]
    metrics = _metrics(file, rest)
    segments, method, alpha = _judged_by(file, rest)
    split = _split(file.values[variation])
    prior = believe(None, "file_prior")
    if not metrics:
        st.info("Name at least one metric.", icon=":material/straighten:")
        return None
    layout = Layout(variation, tuple(metrics), unit, segments)
    declared = tuple(metric.metric for metric in metrics)
    return layout, FilePlan(control, declared, split, alpha, method, unit or "row", prior=prior)


def _randomised(file: Opened, few: Sequence[str]) -> tuple[str, str, str | None]:
    """Ask which column is the variation, which value the control, and who was randomised."""
    left, middle, right = st.columns(3, gap="medium")
    named = [column for column in few if column.lower() in GUESSES]
    variation = left.selectbox(
        "Variation", few, index=few.index(named[0]) if named else 0, key="file_variation"
    )
    arms = file.values[variation]
    control = middle.selectbox(
        "Control", arms, index=_control(arms), key=f"file_control_{variation}"
    )
    unit = right.selectbox(
        "Unit",
        [EACH_ROW, *(column for column in file.columns if column != variation)],
        key="file_unit",
        help="Who was randomised. With a column, rows of one unit are added up.",
    )
    return variation, control, None if unit == EACH_ROW else unit


def _judged_by(file: Opened, rest: Sequence[str]) -> tuple[tuple[str, ...], Method, float]:
    left, middle, right = st.columns(3, gap="medium")
    segments = left.multiselect(
        "Results by",
        [c for c in rest if c in file.values and len(file.values[c]) <= 30],
        key="file_segments",
        help="Known before the experiment, so the variation can't have changed it.",
    )
    methods = list(METHODS)
    method: Method = middle.selectbox(
        "Judged by",
        methods,
        index=methods.index("fixed"),
        format_func=lambda one: METHODS[one],
        key="file_method",
        help="A file of a finished experiment may be read by a fixed test.",
    )
    alpha = right.select_slider(
        "Chance of a false positive", [0.01, 0.05, 0.1], value=0.05, key="file_alpha"
    )
    return tuple(segments), method, alpha


def _control(arms: Sequence[str]) -> int:
    wanted = ("control", "a", "0", "false", "off", "baseline", "no e-mail", "old")
    return next((i for i, arm in enumerate(arms) if arm.lower() in wanted), 0)


def _metrics(file: Opened, columns: Sequence[str]) -> list[FileMetric]:
    """Let metrics be named, the primary one first."""
    numbers = [column for column in file.numbers if column in columns]
    st.markdown("**Metrics**; the first decides")
    first = next((column for column in file.rates if column in columns), None)
    first = first or (numbers[0] if numbers else None)
    kind = MetricKind.PROPORTION if first in file.rates else MetricKind.MEAN
    column = st.column_config
    start = pd.DataFrame(
        [
            {
                "Column": first,
                "Kind": _LABELS[kind],
                "Divided by": None,
                "Known before": None,
                "Better": "higher",
                "Worse by %": None,
            }
        ]
    ).astype({"Divided by": "object", "Known before": "object", "Worse by %": "float64"})
    edited = st.data_editor(
        start,
        key=f"file_metrics_{file.path.name}",
        num_rows="dynamic",
        placeholder="",
        hide_index=True,
        column_config={
            "Column": column.SelectboxColumn(options=numbers, required=True, width=150),
            "Kind": column.SelectboxColumn(options=list(KINDS), default="Mean", width=110),
            "Divided by": column.SelectboxColumn(options=numbers, width=130, help="Of a ratio"),
            "Known before": column.SelectboxColumn(
                options=numbers,
                width=140,
                help="A number from before the experiment: CUPED takes what it foretells away",
            ),
            "Better": column.SelectboxColumn(options=["higher", "lower"], default="higher"),
            "Worse by %": column.NumberColumn(
                min_value=0.0, help="A guardrail: how much worse is still fine"
            ),
        },
    )
    return [found for row in edited.to_dict("records") if (found := _metric(row)) is not None]


def _metric(row: Mapping[Any, Any]) -> FileMetric | None:
    name = _given(row["Column"])
    if name is None:
        return None
    kind = KINDS[_given(row["Kind"]) or "Mean"]
    below, before = _given(row["Divided by"]), _given(row["Known before"])
    if (kind is MetricKind.RATIO) != (below is not None):
        st.warning(
            f"“{verbatim(name)}”: a ratio, and only a ratio, is divided by a column.",
            icon=":material/percent:",
        )
        return None
    margin = row["Worse by %"]
    guardrail = None if margin is None or pd.isna(margin) else Guardrail(float(margin) / 100)
    better: Better = "lower" if _given(row["Better"]) == "lower" else "higher"
    covariates = (f"covariate {before}",) if before else ()
    metric = Metric(name, kind, covariates, better, guardrail)
    columns = [one for one in (name, below, before) if one is not None]
    return FileMetric(metric, tuple(columns))


def _given(value: Any) -> str | None:
    return None if value is None or pd.isna(value) or not str(value) else str(value)


def _split(arms: Sequence[str]) -> dict[str, float]:
    """Ask for the planned split; equal unless said."""
    with st.expander("Planned split: equal", key="file_split", on_change="rerun") as box:
        if not box.open:
            return {}
        st.caption("As planned, in any unit: 1 and 1, or 50 and 50.")
        places = st.columns(min(len(arms), 4))
        return {
            arm: float(
                places[i % len(places)].number_input(arm, 0.0, None, 1.0, key=f"file_share_{arm}")
            )
            for i, arm in enumerate(arms)
        }


@st.cache_data(max_entries=8, show_spinner="Adding up", hash_funcs={Layout: repr})
def _summary(path: str, layout: Layout) -> Summary:
    return summarise_file(Path(path), layout)


def judged(file: Opened, layout: Layout, plan: FilePlan) -> tuple[Summary, Shown]:
    """Add the file up and judge it."""
    summary = _summary(str(file.path), layout)
    told = f"{file.name} · {count(file.rows)} rows · nothing of it is kept yet"
    return summary, shown_file(Path(file.name).stem, summary, plan, told)


def offer_keeping(file: Opened, summary: Summary, plan: FilePlan) -> None:
    """Let the analysis be kept under a name."""
    with st.container(border=True):
        st.markdown("**Keep it** among the experiments: its sums, not its rows")
        name = st.text_input(
            "Name", value=Path(file.name).stem, max_chars=120, key="file_name", width=420
        )
        simulated = st.checkbox("The data are simulated", key="file_simulated")
        if st.button("Keep", icon=":material/bookmark_add:", key="file_keep"):
            kind = "simulated" if simulated else "real"
            acting(lambda who: _keep(file, name or "", kind, summary, plan, who))


def _keep(file: Opened, name: str, kind: str, summary: Summary, plan: FilePlan, who: Actor) -> None:
    try:
        with engine().begin() as conn:
            number = keep_analysis(
                conn, name, summary, plan,
                source=file.name, actor=who, at=datetime.now(UTC), kind=kind,
            )  # fmt: skip
    except UserError as error:
        st.error(f"{verbatim(error.what)} {verbatim(error.fix)}", icon=":material/error:")
        return
    st.toast("It is kept.", icon=":material/check:")
    st.switch_page("pages/experiment.py", query_params={"analysis": str(number)})
