"""Set an experiment up: what is asked, who takes part, what is measured, how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st
from sqlalchemy import Connection

from dashboard.actor import acting
from dashboard.experiment_data import shown_experiment
from dashboard.experiment_fields import edit_metrics, read_variations, variation_rows
from dashboard.experiment_filters import edit_filters, seen
from dashboard.experiment_power import plan
from dashboard.experiment_prior import believe
from dashboard.experiment_who import who
from dashboard.experiment_words import METHODS
from dashboard.format import verbatim
from dashboard.publishing import Proposal, publish_dialog
from dashboard.store import engine, reading
from dashboard.version_differences import told
from data.audit import Actor
from data.experiment_analyses import remove_analysis
from data.experiments import (
    KIND,
    Kept,
    create_experiment,
    experiment_body,
    publish_experiment,
    save_experiment,
)
from data.publications import Act, Terms
from kindred.errors import UserError
from kindred.events import (
    CONTENT_CLICKED,
    CONTENT_VIEWED,
    COUPON_APPLIED,
    ORDER_COMPLETED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
)
from kindred.experiments.definition import Experiment, Limit, Variation, checked, document
from kindred.experiments.metrics import ConversionMetric, Declared, RevenueMetric, sentence

EVENTS: Final = (
    ORDER_COMPLETED,
    PRODUCT_VIEWED,
    PRODUCT_ADDED,
    CONTENT_VIEWED,
    CONTENT_CLICKED,
    COUPON_APPLIED,
)


def blank() -> Experiment:
    """Give what a new experiment begins with."""
    return Experiment(
        hypothesis="",
        variations=(Variation("control", "Control", 0.5), Variation("variation", "New", 0.5)),
        primary="Orders",
        metrics=(
            ConversionMetric(name="Orders", before="P28D"),
            RevenueMetric(name="Revenue", before="P28D"),
        ),
        effect=0.1,
    )


def editor(kept: Kept | None) -> None:
    """Edit an experiment, or begin one; save it, publish it."""
    before = blank()
    if kept is not None:
        with reading() as conn:
            before = experiment_body(conn, kept.definition.key)
    name = st.text_input(
        "Name",
        value=kept.definition.name if kept else "",
        max_chars=120,
        key="setup_name",
        placeholder="Warm hero banner",
    )
    try:
        wanted = _fields(before, kept)
        checked(wanted)
    except UserError as error:
        where = f"{verbatim(error.where)}: " if error.where else ""
        st.error(f"{where}{verbatim(error.what)} {verbatim(error.fix)}", icon=":material/error:")
        return
    st.caption(" · ".join(verbatim(sentence(metric)) for metric in wanted.metrics))
    _actions(kept, (name or "").strip(), before, wanted)


def _fields(before: Experiment, kept: Kept | None) -> Experiment:
    hypothesis = st.text_area(
        "Hypothesis",
        value=before.hypothesis,
        key="setup_hypothesis",
        height=80,
        placeholder="If we …, then … will …, because …",
    )
    variations = _variations(before)
    part = who(before)
    metrics, guardrails = _metrics(before, kept)
    judged = _judged_by(before, [metric.name for metric in metrics])
    planned = plan(
        _base(kept), before.effect, _shares(variations), part["coverage"], judged["alpha"]
    )
    days = st.number_input(
        "Planned days",
        1,
        365,
        before.days if kept else min(planned.days, 365),
        key="setup_days",
        help="Fixed tests are read after them; nothing ends by itself.",
    )
    return replace(
        before,
        hypothesis=(hypothesis or "").strip(),
        variations=variations,
        metrics=metrics,
        guardrails=guardrails,
        days=days,
        effect=planned.effect,
        **part,
        **judged,
    )


def _variations(before: Experiment) -> tuple[Variation, ...]:
    st.markdown("**Variations**; the first is the control")
    rows = st.data_editor(
        variation_rows(before.variations),
        key="setup_variations",
        num_rows="dynamic",
        placeholder="",
        hide_index=True,
        column_config={
            "Key": st.column_config.TextColumn(required=True, help="As events name it"),
            "Share %": st.column_config.NumberColumn(min_value=0.0, max_value=100.0),
        },
    )
    return read_variations(rows)


def _metrics(
    before: Experiment, kept: Kept | None
) -> tuple[tuple[Declared, ...], tuple[Limit, ...]]:
    """Let metrics be edited, and below them which of their events count."""
    there = seen()
    events = list(dict.fromkeys([*EVENTS, *(there.events if there else ())]))
    st.markdown("**What is measured**")
    metrics, guardrails = edit_metrics(before.metrics, before.guardrails, events, "setup_metrics")
    saved = f"{kept.definition.key}_{kept.definition.revision}" if kept else "new"
    return edit_filters(metrics, before.metrics, there, saved), guardrails


def _judged_by(before: Experiment, names: Sequence[str]) -> dict[str, Any]:
    names = list(names) or [before.primary]
    left, middle, right = st.columns(3, gap="medium")
    primary = left.selectbox(
        "Primary metric",
        names,
        index=names.index(before.primary) if before.primary in names else 0,
        key="setup_primary",
        help="The one that decides; chosen before the first person is exposed.",
    )
    methods = list(METHODS)
    method = middle.selectbox(
        "Judged by",
        methods,
        index=methods.index(before.method),
        format_func=lambda one: METHODS[one],
        key="setup_method",
        help="Sequential may be looked at every day.",
    )
    alpha = right.select_slider(
        "Chance of a false positive", [0.01, 0.05, 0.1], value=before.alpha, key="setup_alpha"
    )
    prior = believe(before.prior, "setup_prior")
    return {"primary": primary, "method": method, "alpha": alpha, "prior": prior}


def _shares(variations: tuple[Variation, ...]) -> tuple[float, float]:
    weights = [variation.weight for variation in variations]
    rest = [weight for weight in weights[1:] if weight > 0]
    return (weights[0] if weights else 0.5, min(rest, default=0.5))


def _base(kept: Kept | None) -> float:
    """Take the primary metric's value in the control, where it is known and a rate."""
    shown = shown_experiment(kept) if kept else None
    for result in shown.report.results if shown else ():
        if result.metric == (shown.primary if shown else None) and result.plain.counts:
            return result.plain.control.unadjusted
    return 0.1


def _actions(kept: Kept | None, name: str, before: Experiment, wanted: Experiment) -> None:
    changed = kept is None or wanted != before or name != kept.definition.name
    with st.container(horizontal=True):
        if st.button("Save draft", icon=":material/save:", key="setup_save", disabled=not changed):
            acting(lambda who: _save(kept, name, wanted, who))
        publishable = kept is not None and kept.definition.draft is not None and not changed
        if st.button(
            "Publish",
            icon=":material/publish:",
            type="primary",
            key="setup_publish",
            disabled=not publishable,
            help="Save it first; then it can hand out its variations.",
        ):
            assert kept is not None
            _publish(kept, wanted)


def _save(kept: Kept | None, name: str, wanted: Experiment, who: Actor) -> None:
    now = datetime.now(UTC)
    try:
        with engine().begin() as conn:
            if kept is None:
                made = create_experiment(conn, name, wanted, actor=who, at=now)
            else:
                known = kept.definition
                made = save_experiment(
                    conn,
                    known.key,
                    wanted,
                    revision=known.revision,
                    actor=who,
                    at=now,
                    name=name or known.name,
                )
    except UserError as error:
        st.error(f"{verbatim(error.what)} {verbatim(error.fix)}", icon=":material/error:")
        return
    st.toast(f"“{made.name}” is saved.", icon=":material/check:")
    st.query_params["experiment"] = made.key
    st.rerun()


def _publish(kept: Kept, wanted: Experiment) -> None:
    def carry_out(conn: Connection, act: Act, terms: Terms) -> int:
        known = kept.definition
        return publish_experiment(conn, known.key, act, revision=known.revision, terms=terms)

    shares = ", ".join(f"{v.label} {v.weight * 100:g} %" for v in wanted.variations)
    who = f"members of {wanted.cohort}" if wanted.cohort else "everybody"
    part = f"{wanted.coverage * 100:g} % of {who}"
    publish_dialog(
        Proposal(
            KIND,
            kept.definition.name,
            f"**{verbatim(part)} take part: {verbatim(shares)}.** Each stays with their variation.",
            carry_out,
            told(KIND, kept.live.body, document(wanted)) if kept.live else (),
            kept.live,
        )
    )


def offer_removal(number: int, name: str) -> None:
    """Let a kept file be taken from the list, after asking once."""
    with st.popover("Take it from the list", icon=":material/delete:", type="tertiary"):
        st.markdown(f"“{verbatim(name)}” goes from everybody's list. The file itself is not kept.")
        if st.button("Take it away", key="analysis_remove"):
            acting(lambda who: _remove(number, who))


def _remove(number: int, who: Actor) -> None:
    with engine().begin() as conn:
        remove_analysis(conn, number, actor=who, at=datetime.now(UTC))
    st.switch_page("pages/experiments.py")
