"""What is live, of every kind: since when, by whom, on which terms; and what was live before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from dashboard.format import ago, count, verbatim
from dashboard.publication_words import state, validity, words
from dashboard.store import reading
from dashboard.version_view import versions_panel
from data.definitions import publication_history
from data.publications import Live, standing

EVERY: Final = "all"
SHOWN: Final = 200  # acts in the history
LINES: Final = 3  # of a cell; reasons and names are sentences, and a phone can't show a whole one
_LINE: Final = 22  # pixels
_WHY: Final = 260
_A_LINE: Final = 28  # letters of a column that wide
_ENDED: Final = {"superseded": "superseded", "withdrawn": "withdrawn", None: "stands"}


@dataclass(frozen=True)
class Board:
    """What stands, and the newest acts, the newest first."""

    standing: Sequence[Live]
    acts: Sequence[Row[Any]]
    now: datetime

    def of(self, kind: str) -> Board:
        """Keep one kind, or all."""
        if kind == EVERY:
            return self
        kept = [live for live in self.standing if live.kind == kind]
        return Board(kept, [act for act in self.acts if act.kind == kind], self.now)

    @property
    def kinds(self) -> list[str]:
        """The kinds of which anything was ever published."""
        return sorted({act.kind for act in self.acts} | {live.kind for live in self.standing})

    @property
    def withdrawn(self) -> list[tuple[str, str, str]]:
        """What was live once and is no more, as kind, key and name."""
        stand = {(live.kind, live.key) for live in self.standing}
        gone = {(act.kind, act.key): act.name for act in self.acts}
        return [(*which, name) for which, name in gone.items() if which not in stand]


def read_board() -> Board:
    """Read what stands and what was."""
    with reading() as conn:
        return Board(standing(conn), publication_history(conn, limit=SHOWN), datetime.now(UTC))


def verdict(board: Board) -> str:
    """Say how much is live, and what happened last."""
    live = [found for found in board.standing if state(found, board.now) == "Live"]
    kinds = Counter(found.kind for found in live)
    parts = [_counted(kind, number) for kind, number in sorted(kinds.items())]
    told = f"**{' and '.join(parts)} live now.**" if parts else "**Nothing is live now.**"
    waiting = len(board.standing) - len(live)
    if waiting:
        told += f" {count(waiting)} more stand outside the time for which they are valid."
    last = board.acts[0]
    if last.ended_at is not None:
        by, at, did = last.ended_by, last.ended_at, "withdrew"
    else:
        by, at = last.actor, last.at
        did = "rolled back" if last.action == "rolled_back" else "published"
    return f"{told} Last, {verbatim(by)} {did} “{verbatim(last.name)}” {ago(at, board.now)}."


def _counted(kind: str, number: int) -> str:
    named = words(kind)
    return f"{count(number)} {named.one if number == 1 else named.many.lower()}"


def choose_kind(board: Board) -> Board:
    """Let one kind be chosen, where there are several."""
    if len(board.kinds) < 2:
        return board
    kind = st.segmented_control(
        "Kind",
        [EVERY, *board.kinds],
        default=EVERY,
        required=True,
        format_func=lambda k: "All" if k == EVERY else words(k).many,
        key="kind",
        bind="query-params",
        label_visibility="collapsed",
    )
    return board.of(str(kind or EVERY))


def live_table(board: Board) -> tuple[str, str] | None:
    """List what stands; gives kind and key of what is picked."""
    if not board.standing:
        st.info("Nothing of this kind stands. What was live before is below.")
        return None
    rows = [
        {
            "Name": found.name,
            "Kind": words(found.kind).one,
            "Version": found.number,
            "State": state(found, board.now),
            "Since": found.since,
            "By": found.actor,
            "What it says": found.sentence,
            "Why": found.why,
            "Valid": validity(found.terms),
            "Browsers": found.terms.browser,
        }
        for found in board.standing
    ]
    event = st.dataframe(
        _without_kind(board, rows),
        hide_index=True,
        row_height=_height(rows),
        key="publications_live",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{len(rows)} publications that stand",
        column_config={
            "Name": st.column_config.TextColumn(width=140),
            "Kind": st.column_config.TextColumn(width=90),
            "State": st.column_config.TextColumn(width=70),
            "Version": st.column_config.NumberColumn(width=70),
            "Since": _times("Since (UTC)"),
            "By": st.column_config.TextColumn(width=90),
            "Valid": st.column_config.TextColumn(width=150),
            "Browsers": st.column_config.CheckboxColumn("Told to browsers", width=110),
            "What it says": st.column_config.TextColumn(width=280),
            "Why": st.column_config.TextColumn(width=180),
        },
    )
    picked = event["selection"]["rows"]
    if picked and picked[0] < len(board.standing):
        found = board.standing[picked[0]]
        return found.kind, found.key
    return None


def _height(rows: Sequence[Mapping[str, Any]]) -> int:
    """Choose the rows' height, in pixels, by the longest text that should be read whole."""
    texts = [str(row.get(name) or "") for row in rows for name in ("Name", "Why", "Ended because")]
    lines = -(-max(map(len, texts), default=0) // _A_LINE)
    return 14 + _LINE * min(max(lines, 1), LINES)


def _without_kind(board: Board, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table; the kind is left out where there is one only."""
    table = pd.DataFrame(rows)
    return table if len(board.kinds) > 1 else table.drop(columns="Kind")


def _times(label: str) -> Any:
    return st.column_config.DatetimeColumn(
        label, format="D MMM YYYY, HH:mm", timezone="UTC", width=150
    )


def one(kind: str, key: str, name: str) -> None:
    """Show one definition: its versions, the way back, and where it opens."""
    named = words(kind)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(verbatim(name), icon=named.icon, anchor=False, width="stretch")
            if named.page is not None:
                st.page_link(
                    named.page,
                    label=f"Open this {named.one}" if named.parameter else f"Go to {named.many}",
                    icon=":material/arrow_forward:",
                    query_params={named.parameter: key} if named.parameter else None,
                )
        versions_panel(kind, key)


def choose_withdrawn(board: Board) -> tuple[str, str] | None:
    """Let what is live no more be picked, to look at it or roll back to it."""
    gone = board.withdrawn
    if not gone:
        return None
    chosen = st.pills(
        "Withdrawn",
        [(kind, key) for kind, key, _ in gone],
        format_func={(kind, key): name for kind, key, name in gone}.__getitem__,
        key="publications_withdrawn",
        help="Pick one to look at its versions, or to roll back to one.",
    )
    return chosen if chosen else None


def history(board: Board) -> None:
    """List the newest acts: what became live, by whom and why, and how it ended."""
    st.subheader("History", anchor=False)
    rows = [
        {
            "When": act.at,
            "What": "rolled back to" if act.action == "rolled_back" else "published",
            "Name": act.name,
            "Kind": words(act.kind).one,
            "Version": act.number,
            "By": act.actor,
            "Why": act.why,
            "Now": _ENDED[act.ended_as],
            "Ended": act.ended_at,
            "Ended by": act.ended_by,
            "Ended because": act.ended_why,
        }
        for act in board.acts
    ]
    st.dataframe(
        _without_kind(board, rows),
        hide_index=True,
        row_height=_height(rows),
        key="publications_history",
        placeholder="",
        alt=f"The {len(rows)} newest publications",
        column_config={
            "When": _times("When (UTC)"),
            "What": st.column_config.TextColumn(width=110),
            "Name": st.column_config.TextColumn(width="medium"),
            "Kind": st.column_config.TextColumn(width=90),
            "Version": st.column_config.NumberColumn(width=70),
            "By": st.column_config.TextColumn(width=90),
            "Why": st.column_config.TextColumn(width=_WHY),
            "Now": st.column_config.TextColumn(width=100),
            "Ended": _times("Ended (UTC)"),
            "Ended by": st.column_config.TextColumn(width=90),
            "Ended because": st.column_config.TextColumn(width=_WHY),
        },
    )
    if len(board.acts) == SHOWN:
        st.caption(f"The {SHOWN} newest. The audit log in the store keeps all.")
