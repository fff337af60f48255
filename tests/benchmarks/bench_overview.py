"""Overview with a million people in the store, against an empty Streamlit page, in Chromium.

Run as ``python -m tests.benchmarks.bench_overview [--people N]``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from data.store import open_store
from data.workspace import workspace_at
from tests.benchmarks.bench_explore import load
from tests.services import browser as chromium
from tests.services.dashboard import served
from tests.support.synthetic_map import build

ROUNDS = 8  # the first of them only warms
EMPTY = "import streamlit as st\n\nst.title('Empty')\n"
PAGES = {
    "overview": ("/", '[data-testid="stMetric"]'),
    "overview_charts": ("/", "svg.marks"),
    "person": ("/person?person=p0000007", '[data-testid="stMetric"]'),
    "runs": ("/runs", "h3"),
}


def measure(people: int) -> dict[str, float]:
    """Build a workspace and measure; seconds until the page's own content is on screen."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = workspace_at(Path(folder) / "workspace")
        build(workspace, open_store(workspace), people)
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        app = Path("streamlit_app.py")
        with served(empty) as nothing, served(app, workspace.home) as full, sync_playwright() as p:
            browser = p.chromium.launch(
                executable_path=chromium.executable(), args=list(chromium.ARGUMENTS)
            )
            load(browser, nothing, "h1")
            cold, page = load(browser, full, '[data-testid="stMetric"]')
            page.context.close()
            asked = {"empty": (nothing, "h1")}
            asked |= {name: (full + path, sign) for name, (path, sign) in PAGES.items()}
            took: dict[str, list[float]] = {name: [] for name in asked}
            for _ in range(ROUNDS):  # in turn, so that what else the machine does hits all alike
                for name, (url, sign) in asked.items():
                    seconds, page = load(browser, url, sign)
                    page.context.close()
                    took[name].append(seconds)
            browser.close()
    return {"cold": cold} | {name: statistics.median(found[1:]) for name, found in took.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    found = measure(people)
    allowed = 1.3 * found["empty"] + 0.5
    rows = [
        ("empty Streamlit page", found["empty"], ""),
        ("Overview, numbers", found["overview"], f"≤ {allowed:.2f} s"),
        ("Overview, first chart drawn", found["overview_charts"], f"≤ {allowed:.2f} s"),
        ("Overview, numbers, cold caches", found["cold"], ""),
        ("Person, numbers", found["person"], ""),
        ("Runs, history", found["runs"], ""),
    ]
    print(f"Overview with {people:,} people")
    for name, value, limit in rows:
        print(f"  {name:<34}{value:>8.2f} s  {value / found['empty']:>5.2f}×  {limit}")
    print(json.dumps({"bench": "overview", "people": people, **found}))


if __name__ == "__main__":
    main()
