"""Explore with a million people, against an empty Streamlit page, in a real Chromium.

Run as ``python -m tests.benchmarks.bench_explore [--people N]``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from data.store import open_store
from data.workspace import workspace_at
from tests.services import browser as chromium
from tests.services.dashboard import ROOT, served
from tests.support.synthetic_map import build

LOADS = 5
FRAMES = """() => {
  window.frames_ = []; window.going_ = true;
  let last = performance.now();
  const tick = (now) => {
    window.frames_.push(now - last); last = now;
    if (window.going_) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
WATCH = """() => {
  window.told_ = {};
  const before = document.querySelector('.kindred-group')?.textContent;
  addEventListener('pointerup', () => { window.told_.up = performance.now(); }, true);
  const look = () => {
    const told = window.told_, head = document.querySelector('.kindred-group')?.textContent;
    const state = document.querySelector('[data-test-script-state]')?.dataset.testScriptState;
    if (told.up && !told.head && head !== before) told.head = performance.now();
    if (told.head && state !== 'running') { told.done = performance.now(); return; }
    requestAnimationFrame(look);
  };
  look();
}"""


EMPTY = """
import streamlit as st

@st.fragment(key="told")
def told():
    st.html(f"<p class='kindred-group'>{st.session_state.get('n', 0)}</p>")

def again():
    st.session_state.n = st.session_state.get("n", 0) + 1
    st.rerun("told")

told()
st.button("again", on_click=again)
"""


def load(browser: Browser, url: str, sign: str) -> tuple[float, Page]:
    """Open a page in a browser that has seen nothing; seconds until `sign` is on screen."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(sign, timeout=60_000)
    return time.perf_counter() - began, page


def median_load(browser: Browser, url: str, sign: str) -> float:
    """Give the median of several loads, after one that warms the server."""
    seconds = []
    for _ in range(LOADS):
        took, page = load(browser, url, sign)
        seconds.append(took)
        page.context.close()
    return statistics.median(seconds)


def pan(page: Page) -> list[float]:
    """Drag the map about; milliseconds between frames."""
    x, y = _middle(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(FRAMES)
    for step in range(120):
        page.mouse.move(x + 90 * math.sin(step / 12), y + 60 * math.sin(step / 9))
        time.sleep(0.008)
    frames: list[float] = page.evaluate("() => { window.going_ = false; return window.frames_; }")
    page.mouse.up()
    return sorted(frames[3:])


def lasso(page: Page, reach: float) -> dict[str, float]:
    """Draw a lasso of 60 corners; milliseconds until the panel says how many, and is all there."""
    x, y = _middle(page)
    page.click("button[data-mode=lasso]")
    page.evaluate(WATCH)
    page.mouse.move(x + reach, y)
    page.mouse.down()
    for step in range(60):
        turn = 2 * math.pi * step / 60
        page.mouse.move(x + reach * math.cos(turn), y + 0.8 * reach * math.sin(turn))
    page.mouse.up()
    page.wait_for_function("() => window.told_.done", timeout=30_000)
    told = page.evaluate("() => window.told_")
    return {"head": told["head"] - told["up"], "panel": told["done"] - told["up"]}


def round_trip(browser: Browser, url: str) -> float:
    """Milliseconds from a press to an empty fragment's answer: what Streamlit itself takes."""
    _, page = load(browser, url, ".kindred-group")
    told: list[float] = []
    for _ in range(LOADS):
        time.sleep(0.5)
        page.evaluate(WATCH)
        page.get_by_role("button", name="again").click()
        page.wait_for_function("() => window.told_.done", timeout=30_000)
        told.append(float(page.evaluate("() => window.told_.done - window.told_.up")))
    page.context.close()
    return statistics.median(told)


def _middle(page: Page) -> tuple[float, float]:
    box = page.locator(".stage").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def measure(people: int, entry: Path) -> dict[str, float]:
    """Build a workspace and measure; seconds, milliseconds and bytes."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        workspace = workspace_at(home)
        build(workspace, open_store(workspace), people)
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        with served(empty) as nothing, served(entry, home) as full, sync_playwright() as play:
            browser = play.chromium.launch(
                executable_path=chromium.executable(), args=list(chromium.ARGUMENTS)
            )
            explore, painted = f"{full}/explore", ".stage[data-painted]"
            load(browser, nothing, ".kindred-group")
            cold, page = load(browser, explore, painted)
            page.context.close()
            found = {
                "empty": median_load(browser, nothing, ".kindred-group"),
                "cold": cold,
                "warm": median_load(browser, explore, painted),
                "round_trip": round_trip(browser, nothing),
            }
            _, page = load(browser, explore, painted)
            page.wait_for_function(
                "() => document.querySelector('[data-test-script-state]')"
                "?.dataset.testScriptState !== 'running'"
            )
            time.sleep(2)
            frames = pan(page)
            time.sleep(1)
            lassos = []
            for reach in (140, 170, 200, 230, 120):
                lassos.append(lasso(page, reach))
                time.sleep(1)
            browser.close()
    return found | {
        "frame": statistics.median(frames),
        "frame_95": frames[int(0.95 * len(frames))],
        "head": statistics.median(told["head"] for told in lassos),
        "panel": statistics.median(told["panel"] for told in lassos),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--entry", type=Path, default=ROOT / "streamlit_app.py")
    asked = parser.parse_args()
    found = measure(asked.people, asked.entry.resolve())
    allowed = 1.3 * found["empty"] + 1.0
    rows = [
        ("empty Streamlit page", f"{found['empty']:.2f} s", ""),
        ("Explore, first paint", f"{found['warm']:.2f} s", f"≤ {allowed:.2f} s"),
        ("Explore, first paint, cold caches", f"{found['cold']:.2f} s", ""),
        ("frame while panning, median", f"{found['frame']:.1f} ms", "≤ 33 ms"),
        ("frame while panning, 95 %", f"{found['frame_95']:.1f} ms", ""),
        ("empty fragment, press → answer", f"{found['round_trip']:.0f} ms", ""),
        ("lasso → how many are picked", f"{found['head']:.0f} ms", ""),
        ("lasso → whole panel", f"{found['panel']:.0f} ms", "≤ 500 ms"),
    ]
    print(f"Explore with {asked.people:,} people")
    for name, value, limit in rows:
        print(f"  {name:<36}{value:>10}  {limit}")
    print(f"  lasso / empty fragment: {found['panel'] / found['round_trip']:.2f}")
    print(f"  first paint / empty page: {found['warm'] / found['empty']:.2f}")
    print(json.dumps({"bench": "explore", "people": asked.people, **found}))


if __name__ == "__main__":
    main()
