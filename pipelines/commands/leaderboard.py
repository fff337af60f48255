"""``leaderboard``: all recommenders on plain files, judged and ranked; no store is touched."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any, Final

from data.interaction_file import read_files
from kindred.errors import UserError
from kindred.recommend.board import Board, Question
from kindred.recommend.leaderboard import leaderboard
from pipelines.cli import Invocation, subparser

_SHOWN: Final = ("ndcg", "precision", "recall", "map", "mrr", "auc", "coverage", "novelty")


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(
        commands, "leaderboard", run, "Rank all recommenders on files of interactions."
    )
    added.add_argument(
        "--interactions",
        type=Path,
        required=True,
        metavar="FILE",
        help="user_id, item_id, timestamp[, weight]; weight 0: seen but not wanted",
    )
    added.add_argument("--users", type=Path, metavar="FILE", help="user_id and features")
    added.add_argument("--items", type=Path, metavar="FILE", help="item_id and features")
    added.add_argument("--test", type=Path, metavar="FILE", help="held-out rows; else by time")
    added.add_argument("--k", type=int, default=10, help="how long lists are (10)")
    added.add_argument(
        "--repeats",
        choices=["auto", "yes", "no"],
        default="auto",
        help="may what a person knows be recommended? auto: as the data says",
    )
    added.add_argument(
        "--budget", type=float, default=60.0, metavar="SECONDS", help="for tuning (60)"
    )
    added.add_argument("--json", action="store_true", help="for programs")


def run(invocation: Invocation) -> None:
    """Draw up the board and print it."""
    given = invocation.arguments
    if not 1 <= given.k <= 1_000:
        raise UserError(f"Lists can't be {given.k} long.", "Give 1 to 1,000.", "--k")
    if not (math.isfinite(given.budget) and given.budget >= 0):
        raise UserError(f"{given.budget} is no time.", "Give seconds, 0 or more.", "--budget")
    files = read_files(given.interactions, given.users, given.items, given.test)
    asked = Question(
        files.rows,
        files.person_columns,
        files.item_columns,
        files.test,
        given.k,
        None if given.repeats == "auto" else given.repeats == "yes",
        given.budget,
    )
    board = leaderboard(asked, clock=time.monotonic, progress=_progress)
    told = board.as_json()
    told["notes"] = [*files.notes, *told["notes"]]
    print(json.dumps(_plain(told), allow_nan=False) if given.json else _in_words(board, told))


def _progress(share: float, text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{share:4.0%} {text}", end="", file=sys.stderr, flush=True)


def _plain(value: Any) -> Any:
    """Write what JSON knows: numbers of NumPy as Python's, what is no number as null."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _in_words(board: Board, told: dict[str, Any]) -> str:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    split = board.split
    again = "what people know may be recommended" if split["repeats"] else "only what is new"
    lines = [
        f"{split['test_people']:,} people judged by {split['test_positives']:,} items that they "
        f"wanted later ({split['kind']} split; {again}); {split['candidates']:,} candidates.",
        "",
        f"{'model':<20}" + "".join(f"{name:>11}" for name in _shown(split["k"])) + f"{'s':>8}",
    ]
    for entry in board.entries:
        cells = [entry.metrics[name].value for name in _SHOWN]
        values = "".join(f"{'–' if v is None else f'{v:.4f}':>11}" for v in cells)
        ndcg = entry.metrics["ndcg"]
        low, high = ndcg.low or 0.0, ndcg.high or 0.0
        lines.append(f"{entry.model:<20}{values}{entry.seconds:>8.1f}   ndcg {low:.4f}–{high:.4f}")
    lines += ["", *(f"! {note}" for note in told["notes"])]
    return "\n".join(lines).rstrip()


def _shown(k: int) -> list[str]:
    return [name if name in {"auc", "coverage", "novelty"} else f"{name}@{k}" for name in _SHOWN]
