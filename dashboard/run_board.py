"""What Runs is made of: asking for runs, those under way, and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from dashboard.actor import actor
from dashboard.format import ago, count, duration, instant
from dashboard.furniture import command
from dashboard.store import engine, reading
from data import runs
from data.job_names import job_name
from data.runs import OVER, Status

LIVE: Final = "runs_live"  # the fragment that follows what goes on
JOBS: Final[Mapping[str, str]] = {
    "refresh": "All of these, in their order, and the import before them; skips what is fresh.",
    "summaries": "Counts people, orders and revenue, in all and by day.",
    "traits": "Computes every person's traits.",
    "clusters": "Finds who is alike, and draws the map.",
    "train_recommender": "Fits, compares and tracks recommenders.",
    "precompute": "Computes everybody's list by the live model.",
    "memberships": "Works out who is in which published segment.",
    "experiment_results": "Brings every experiment's results up to date.",
}
_BADGES: Final = {
    Status.QUEUED: ("waiting", "gray", ":material/schedule:"),
    Status.RUNNING: ("running", "blue", ":material/sync:"),
    Status.SUCCEEDED: ("succeeded", "green", ":material/check_circle:"),
    Status.FAILED: ("failed", "red", ":material/error:"),
    Status.CRASHED: ("crashed", "red", ":material/bolt:"),
    Status.CANCELLED: ("cancelled", "orange", ":material/cancel:"),
}


@dataclass(frozen=True)
class Board:
    """The newest runs, the steps of those under way, and whether anybody works on them."""

    recent: Sequence[Row[Any]]
    steps: Mapping[int, Sequence[Row[Any]]]
    unattended: bool
    now: datetime

    @property
    def going(self) -> list[Row[Any]]:
        """Runs that wait or go on, the one that began first at the top."""
        found = [run for run in self.recent if run.status in (Status.RUNNING, Status.QUEUED)]
        return sorted(found, key=lambda run: (run.status != Status.RUNNING, run.id))

    @property
    def over(self) -> list[int]:
        """The ids of the runs that are over."""
        return [run.id for run in self.recent if run.status in OVER]


def read_board() -> Board:
    """Read the newest runs and the steps of those that go on."""
    now = datetime.now(UTC)
    with reading() as conn:
        recent = runs.recent(conn)
        going = [run.id for run in recent if run.status == Status.RUNNING]
        steps: dict[int, list[Row[Any]]] = {run_id: [] for run_id in going}
        for step in runs.steps(conn, going) if going else ():
            steps[step.run_id].append(step)
        return Board(recent, steps, runs.is_unattended(conn, at=now), now)


def ask_for_runs() -> None:
    """Offer each job; asking twice adds nothing while the first still waits or goes on."""
    with st.container(horizontal=True, gap="small"):
        for job, told in JOBS.items():
            st.button(
                job_name(job),
                key=f"run_{job}",
                type="primary" if job == "refresh" else "secondary",
                icon=":material/play_arrow:" if job == "refresh" else None,
                help=told,
                on_click=_enqueue,
                args=(job,),
            )


def _enqueue(job: str) -> None:
    with engine().begin() as conn:
        if runs.is_waiting(conn, job):
            st.toast(f"“{job_name(job)}” waits or goes on already.", icon=":material/info:")
            return
        run_id = runs.enqueue(conn, job, {}, actor=actor(), at=datetime.now(UTC))
    st.toast(f"Run {run_id} is queued.", icon=":material/schedule:")


def under_way(board: Board) -> None:
    """Show what goes on and what waits, each with its progress, steps and a way to end it."""
    if board.unattended:
        st.warning(
            "**No worker is running**, so what waits does not begin. Start one in a terminal; "
            "`make run` does so, too:",
            icon=":material/engineering:",
        )
        st.code(command("python -m pipelines work"), language=None)
    if not board.going:
        st.caption("Nothing is running, and nothing waits.")
    for run in board.going:
        _card(run, board)


def _card(run: Row[Any], board: Board) -> None:
    waits = run.status == Status.QUEUED
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title(run)}** {badge(run)}", width="stretch")
            st.button(
                "Ending …" if run.cancel_requested else "Cancel",
                key=f"cancel_{run.id}",
                icon=":material/stop_circle:",
                disabled=bool(run.cancel_requested),
                on_click=_cancel,
                args=(run.id,),
            )
        if waits:
            st.caption(f"Asked for {ago(run.queued_at, board.now)} by {run.requested_by}.")
            return
        since = duration(board.now - run.started_at)
        st.progress(run.progress, text=run.message or "Starting")
        st.caption(f"Running for {since}, asked for by {run.requested_by}.")
        _steps(board.steps.get(run.id, ()), board.now)


def _cancel(run_id: int) -> None:
    with engine().begin() as conn:
        runs.request_cancel(conn, run_id, at=datetime.now(UTC))
    st.toast(f"Run {run_id} is asked to end.", icon=":material/stop_circle:")


def _retry(run_id: int) -> None:
    with engine().begin() as conn:
        again = runs.retry(conn, run_id, actor=actor(), at=datetime.now(UTC))
    st.toast(f"Run {again} is queued.", icon=":material/schedule:")


def title(run: Row[Any]) -> str:
    """Name a run for people."""
    label = job_name(run.job)
    source = run.params.get("source") if isinstance(run.params, Mapping) else None
    again = f" · attempt {run.attempt}" if run.attempt > 1 else ""
    return f"Run {run.id} · {label}{f' ({source})' if source else ''}{again}"


def status_word(status: str) -> str:
    """Say how a run stands, in a word."""
    return _BADGES[Status(status)][0]


def badge(run: Row[Any]) -> str:
    """Give a run's status as a badge with a word."""
    word, colour, icon = _BADGES[Status(run.status)]
    return f":{colour}-badge[{icon} {word}]"


def _steps(steps: Sequence[Row[Any]], now: datetime) -> None:
    lines = []
    for step in steps:
        _, colour, icon = _BADGES[Status(step.status)]
        facts = [duration((step.finished_at or now) - step.started_at)]
        if step.rows is not None:
            facts.append(f"{count(step.rows)} rows")
        if step.message and step.status != Status.RUNNING:
            facts.append(step.message.replace("[", "\\["))
        lines.append(f":{colour}[{icon}] {_words(step.name)} :gray[{' · '.join(facts)}]")
    st.markdown("  \n".join(lines))


def _words(name: str) -> str:
    """Write a step's name for people, with nothing in it that Markdown takes as its own."""
    return name.replace("_", " ").replace("[", "\\[")


def history(board: Board) -> int | None:
    """List the runs that are over; gives the id of the one picked, else of the newest."""
    over = [run for run in board.recent if run.status in OVER]
    if not over:
        st.caption("No run is over yet.")
        return None
    longest = max(_seconds(run) for run in over)
    rows = [
        {
            "Run": run.id,
            "Job": title(run).split(" · ", 1)[1],
            "Status": status_word(run.status),
            "Finished": run.finished_at,
            "Seconds": _seconds(run),
            "Rows": run.rows,
            "Asked for by": run.requested_by,
            "What came of it": outcome(run),
        }
        for run in over
    ]
    st.caption("Pick a run to see its steps below.")
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="runs_history",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"The {len(rows)} newest runs that are over",
        column_config={
            "Run": st.column_config.NumberColumn(width=60),
            "Job": st.column_config.TextColumn(width=230),
            "Status": st.column_config.TextColumn(width=90),
            "Finished": st.column_config.DatetimeColumn(
                "Finished (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=150
            ),
            "Seconds": st.column_config.ProgressColumn(
                "Took (s)", format="%.1f", min_value=0, max_value=max(longest, 0.1), width=110
            ),
            "Rows": st.column_config.NumberColumn(format="localized", width=90),
            "Asked for by": st.column_config.TextColumn(width=95),
            "What came of it": st.column_config.TextColumn(width=260),
        },
    )
    picked = event["selection"]["rows"]
    return int(over[picked[0] if picked and picked[0] < len(over) else 0].id)


def _seconds(run: Row[Any]) -> float:
    if run.started_at is None or run.finished_at is None:
        return 0.0
    return float((run.finished_at - run.started_at).total_seconds())


def outcome(run: Row[Any]) -> str:
    """Say in words what came of a run."""
    if run.error:
        return str(run.error)
    if run.status == Status.CANCELLED:
        return "Ended on request; what was there before stands."
    result = run.result or {}
    if result.get("fresh"):
        return "Everything was up to date; nothing was computed."
    if "events_added" in result:
        told = f"{count(result['events_added'])} events added"
        aside = result.get("rejected", 0)
        return f"{told}, {count(aside)} rows set aside." if aside else f"{told}, none set aside."
    parts = result.get("parts")
    if isinstance(parts, Mapping):
        done = [job_name(name).lower() for name, part in parts.items() if not part.get("fresh")]
        return f"Computed {', '.join(done)}; the rest was up to date." if done else "Up to date."
    return f"{count(run.rows)} rows written." if run.rows is not None else ""


def one_run(run_id: int) -> None:
    """Show one run that is over: what came of it, step by step, and a way to try again."""
    with reading() as conn:
        run, steps = runs.run(conn, run_id), runs.steps(conn, [run_id])
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title(run)}** {badge(run)}", width="stretch")
            if run.status in (Status.FAILED, Status.CRASHED, Status.CANCELLED):
                st.button(
                    "Try again",
                    key=f"retry_{run_id}",
                    icon=":material/replay:",
                    on_click=_retry,
                    args=(run_id,),
                )
        if run.error:
            st.error(run.error, icon=":material/error:")
        facts = [f"Queued {instant(run.queued_at)} by {run.requested_by}"]
        if run.as_of is not None:
            facts.append(f"as of {instant(run.as_of)}, data set version {run.dataset_version}")
        st.caption(" · ".join(facts))
        _steps(steps, run.finished_at or datetime.now(UTC))
