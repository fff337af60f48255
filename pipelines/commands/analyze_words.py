"""A report in words, for a terminal."""

from __future__ import annotations

from typing import Any

from kindred.experiments.bayes import Prior


def in_words(output: dict[str, Any]) -> str:
    """Say the health of the data first, then each result, then what to mind."""
    lines = [_health(output)]
    for one in output.get("checkpoints", []) if len(output.get("checkpoints", [])) > 1 else []:
        lines.append(f"{_place(one)}{_health(one)}")
    if output.get("prior"):
        lines.append(_believed(output["prior"]))
    lines += ["", *_results(output)]
    for segment in output["segments"]:
        lines += ["", *_segment(segment)]
    if output["warnings"]:
        lines.append("")
    lines += [f"! {w['where']}: {w['message']}".replace("! : ", "! ") for w in output["warnings"]]
    return "\n".join(lines).replace("\n\n\n", "\n\n").strip()


def _health(output: dict[str, Any]) -> str:
    arms = ", ".join(f"{arm} {n:,}" for arm, n in output["arms"].items())
    p_value = output["srm"]["p_value"]
    tested = f"; split as planned: p = {p_value:.3g}" if p_value is not None else ""
    return f"arms: {arms}{tested}" if arms else ""


def _believed(prior: dict[str, Any]) -> str:
    told = Prior(prior["mean"], prior["standard_deviation"], prior["relative"]).in_words()
    return f"Bayesian readings: {told}"


def _results(output: dict[str, Any]) -> list[str]:
    lines = []
    for row in output["results"]:
        lines.append(f"{_place(row)}{row['metric']} · {row['variation']} against {row['control']}: "
                     f"{_reading(row)}")  # fmt: skip
        if row["cuped"] is not None:
            explained = row["cuped"]["variance_explained"] or 0.0
            lines.append(f"    less what was known before ({explained:.0%} of the variance): "
                         f"{_reading(row['cuped'])}")  # fmt: skip
        if row["guardrail"] is not None:
            kept = row["guardrail"]
            lines.append(
                f"    guardrail {_kept(kept)}: at worst {kept['worst']:+.3g}, margin "
                f"{kept['margin']:g}, p = {kept['p_value']:.3g}{_every_day(kept)}"
            )
        looks = row.get("sequential")
        if looks is not None and looks["ci_so_far"]:
            low, high = looks["ci_so_far"]
            at = looks["decided_at"]
            when = "undecided" if at is None else f"decided at {at or 'this checkpoint'}"
            lines.append(f"    all looks so far: {low:+.4g} to {high:+.4g}, {when}")
    return lines


def _segment(segment: dict[str, Any]) -> list[str]:
    test = segment["interaction"]
    p_value = test["p_value_adjusted"]
    always = test["sequential_p_value_adjusted"]
    word = f"do levels differ? p = {p_value:.3g}" if p_value is not None else "levels not tested"
    if always is not None:
        word += f"; looked at every day: p = {always:.3g}"
    head = f"{segment['segment']} · {segment['metric']} · {segment['variation']}: {word}"
    return [head, *(f"    {row['level']}: {_reading(row)}" for row in segment["levels"])]


def _reading(row: dict[str, Any]) -> str:
    sizes = f"n = {row['n']:,} and {row['n_control']:,}"
    if row["lift"] is None:
        return f"no result, {sizes}"
    relative = row["relative_lift"]
    shown = f"{row['lift']:+.4g}" + (f" ({relative:+.2%})" if relative is not None else "")
    if row["p_value"] is None:
        return f"{shown}, no test, {sizes}"
    low, high = row["lift_ci"]
    return (
        f"{shown}, {low:+.4g} to {high:+.4g}, p = {row['p_value']:.3g}"
        f" (corrected: {_short(row['p_value_adjusted'])}), {sizes}"
    )


def _kept(guardrail: dict[str, Any]) -> str:
    if guardrail["holds"]:
        return "holds"
    return "broken" if guardrail["broken"] else "not shown to hold"


def _every_day(guardrail: dict[str, Any]) -> str:
    """Say what holds for who looks every day."""
    always = guardrail.get("sequential")
    if always is None:
        return ""
    return f"; looked at every day: {_kept(always)}, at worst {always['worst']:+.3g}"


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def _place(row: dict[str, Any]) -> str:
    label = " · ".join(row[key] for key in ("experiment", "checkpoint") if row.get(key))
    return f"{label}: " if label else ""
