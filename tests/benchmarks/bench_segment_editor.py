"""The segment builder over a million people: one edit, from the value typed to the screen redrawn.

Run as ``python -m tests.benchmarks.bench_segment_editor [--people N]``. What Streamlit's script
takes is measured in this process, with the whole page drawn anew; a browser adds its own.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from data.audit import Actor
from data.publications import Act
from data.segments import create_segment, publish_segment
from data.store import open_store
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, workspace_at
from kindred.segments.parse import read_rule
from tests.services.dashboard import ROOT
from tests.support.synthetic_map import build

EDITS = 40
SOMEBODY = Actor("bench")


def _trait(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "trait", "trait": name, "op": op, "value": value}


TEN_LEAVES: dict[str, Any] = {
    "kind": "all",
    "rules": [
        _trait("frequency", "gte", 3),
        _trait("region", "in", ["North", "South"]),
        {"kind": "percentile", "trait": "monetary", "end": "top", "percent": 60},
        {
            "kind": "any",
            "rules": [
                _trait("age", "lt", 60),
                _trait("recency", "lt", 30),
                _trait("favourite_category", "eq", "meat"),
            ],
        },
        {"kind": "not", "rule": _trait("mean_basket", "gt", 80)},
        _trait("tenure", "gt", 100),
        _trait("trend", "gt", -2),
        _trait("share_meat", "lt", 0.9),
    ],
}


def fill(home: Path, people: int) -> None:
    """Make people, a segment of ten leaves to edit, and six published ones beside it."""
    workspace, now = workspace_at(home), datetime.now(UTC)
    store = open_store(workspace)
    build(workspace, store, people, runs=1)
    with store.begin() as conn:
        rule = read_rule(TEN_LEAVES)
        create_segment(conn, "Ten leaves", rule, actor=SOMEBODY, at=now)
        for number in range(6):
            other = read_rule(_trait("frequency", "gte", 5 * number))
            made = create_segment(conn, f"Other {number}", other, actor=SOMEBODY, at=now)
            act = Act(SOMEBODY, now, "to compare with")
            publish_segment(conn, made.key, act, revision=made.revision)


def _timed(app: AppTest) -> float:
    begin = time.perf_counter()
    app.run()
    assert not app.exception
    return time.perf_counter() - begin


def measure(people: int) -> dict[str, float]:
    """Build a workspace and measure, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        os.environ[HOME_VARIABLE] = str(home)
        os.environ.pop(STORE_VARIABLE, None)
        fill(home, people)
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300).run()
        app.query_params["segment"] = "ten-leaves"
        opened = _timed(app.switch_page("pages/segment.py"))
        edits = []
        for edit in range(EDITS):
            app.number_input[0].set_value(4 + edit)
            edits.append(_timed(app))
        app.query_params["tab"] = "Who they are"
        first, again = _timed(app), _timed(app)
    return {
        "open": opened,
        "edit_p50": float(np.quantile(edits, 0.5)),
        "edit_p95": float(np.quantile(edits, 0.95)),
        "who_first": first,
        "who_again": again,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    found = measure(people)
    rows = (
        ("open a segment of ten leaves, cold", "open"),
        ("edit a value: the page drawn anew, p50", "edit_p50"),
        ("edit a value: the page drawn anew, p95", "edit_p95"),
        ("who they are, the first time", "who_first"),
        ("who they are, again", "who_again"),
    )
    print(f"Segment builder with {people:,} people")
    for name, key in rows:
        print(f"  {name:<42}{found[key] * 1000:>8.0f} ms")
    print(json.dumps({"bench": "segment_editor", "people": people, **found}))


if __name__ == "__main__":
    main()
