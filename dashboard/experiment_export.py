"""Results to take along: CSV for a table, Markdown for a report, PNG for a slide."""

from __future__ import annotations

import csv
import io
from typing import Any

from dashboard.experiment_charts import forest_chart, forest_rows, forest_title
from dashboard.experiment_data import Shown
from dashboard.experiment_words import METHODS, interval, lift, sure, told, value
from dashboard.format import count
from dashboard.theme import INK, PAPER, styled
from kindred.experiments.analysis import Correction
from kindred.experiments.definition import Method
from kindred.experiments.readings import applies, read_all
from kindred.experiments.results import SegmentResult
from kindred.experiments.verdict import p_in_words


def as_csv(shown: Shown) -> str:
    """Write every result, at full precision, as ``analyze --json`` names its fields."""
    out = io.StringIO()
    rows = [_flat(result.as_json()) for result in shown.report.results]
    for segment in shown.report.segments:
        for level in segment.as_json()["levels"]:
            rows.append({"segment": segment.segment} | _flat(level))
    names = list(dict.fromkeys(["segment", "level", *(name for row in rows for name in row)]))
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, found in row.items():
        if isinstance(found, dict):
            flat |= _flat(found, f"{before}{name}_")
        elif isinstance(found, list):
            flat |= {f"{before}{name}_low": found[0], f"{before}{name}_high": found[1]}
        else:
            flat[f"{before}{name}"] = found
    return flat


def as_markdown(shown: Shown, method: Method) -> str:
    """Write the report: verdict, health, results, what to mind."""
    decision = shown.decision(method)
    lines = [f"# {shown.name}", "", f"**{decision.headline}**", ""]
    lines += [f"- {why}" for why in decision.why]
    lines += ["", f"Hypothesis: {shown.hypothesis}" if shown.hypothesis else "", ""]
    if shown.simulated:
        lines += ["These data are simulated.", ""]
    lines += [shown.told, "", *_health(shown), "", "## Results", ""]
    lines += [
        f"{METHODS[method]}: {applies(method, shown.settings.prior)}",
        "",
        *_table(shown, method),
    ]
    for segment in shown.report.segments:
        if segment.metric == shown.primary:
            p = p_in_words(segment.differ(peeking=method == "sequential"))
            lines += [
                "",
                f"## By {shown.dimension(segment.segment)}",
                "",
                f"Do levels differ? {p}, corrected",
                "",
            ]
            lines += _levels(segment, method, shown.settings.correction)
    return "\n".join(lines) + "\n"


def _health(shown: Shown) -> list[str]:
    arms = ", ".join(
        f"{shown.label(arm)} {count(shown.report.arms[arm])}" for arm in shown.report.arms
    )
    lines = ["## Health", "", f"- Arms ({shown.unit}s): {arms}"]
    lines.append(f"- Split as planned: p = {shown.report.ratio.p_value:.3g}")
    lines += [f"- {caveat.where}: {caveat.message}" for caveat in shown.report.caveats]
    return lines


def _table(shown: Shown, method: Method) -> list[str]:
    share = f"{(1 - shown.settings.alpha) * 100:g} %"
    lines = [
        f"| metric | variation | read | value | control | change | {share} interval | | n |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for adjusted in (False, True):
        for seen in shown.read(method, adjusted=adjusted):
            if adjusted and seen.result.cuped is None:
                continue
            one, way = seen.reading, "CUPED" if adjusted else "as measured"
            cells = [
                seen.result.metric,
                shown.label(seen.result.variation),
                way,
                value(one, one.arm.value),
                value(one, one.control.value),
                lift(seen.lift, seen.relative),
                interval(seen),
                sure(seen, method),
                f"{count(one.arm.n)} and {count(one.control.n)}",
            ]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _levels(segment: SegmentResult, method: Method, correction: Correction) -> list[str]:
    """Say each level's result, as the method reads it."""
    results = [result for _, result in segment.levels]
    read = read_all(results, method, correction, adjusted=False)
    names = [level for level, _ in segment.levels]
    return [f"- {told(seen, method, level)}" for level, seen in zip(names, read, strict=True)]


def as_png(shown: Shown, method: Method) -> bytes | None:
    """Draw the forest as a picture for light paper; none where there is nothing to draw."""
    import vl_convert  # noqa: PLC0415 - brings a browser's engine along, for this click alone

    rows = forest_rows(shown, method, "light")
    if not rows:
        return None
    names, ways = len({r["name"] for r in rows}), len({r["way"] for r in rows})
    chart = styled(forest_chart("light", names, ways).properties(width=640), "light").to_dict()
    title, subtitle = forest_title(shown)
    chart["title"] = {"text": f"{shown.name}: {title}", "subtitle": subtitle}
    chart["datasets"] = {"rows": rows, "zero": [{"zero": 0.0}]}
    chart["background"] = PAPER["light"]
    chart["config"]["text"] = {"color": INK["light"]}
    drawn: bytes = vl_convert.vegalite_to_png(chart, scale=2)
    return drawn
