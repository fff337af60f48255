"""How Person says who one is: the head, what stands out among everyone, attributes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import draw, over, told_in_words
from dashboard.format import count, day, instant, money, number, percent, quantity
from dashboard.person_data import Everyone, Person, Place, suggestions
from dashboard.theme import ACCENT, GROUND, INK
from data.people import Rank
from kindred.traits.trait import Trait

STANDING_OUT: Final = 12
FAMILIES: Final = ("value", "rhythm", "taste", "browsing", "about")


def suggest(people: Everyone, asked: str) -> None:
    """Offer people whose id begins as asked, else say that there is none."""
    found = suggestions(people.path, asked)
    if asked and not found:
        st.warning(
            f"There is nobody whose id is or begins with “{asked}”. Ids are matched letter by "
            f"letter; {count(people.people)} people were known on {day(people.as_of)} (UTC).",
            icon=":material/person_off:",
        )
        found = suggestions(people.path, "")
    st.caption("Ids that begin so:" if asked else "Type an id, or begin with one of these:")
    _links(found)


def suggest_others(people: Everyone, person: str) -> None:
    """Offer those whose id only begins with the one that was found."""
    others = [who for who in suggestions(people.path, person) if who != person]
    if others:
        st.caption("Other ids that begin so:")
        _links(others)


def _links(people: Sequence[str]) -> None:
    with st.container(horizontal=True, gap="small"):
        for who in people:
            link_to(who, "suggested")


def link_to(person: str, where: str) -> None:
    """Offer to show a person on this page.

    A button and not a link: Streamlit leaves the address as it was where a link leads to the page
    that it is on.
    """
    st.button(
        person,
        key=f"person_{where}_{person}",
        icon=":material/person:",
        on_click=_show,
        args=(person,),
    )


def _show(person: str) -> None:
    st.session_state["person"] = person


def in_words(rank: Rank) -> str:
    """Say where a value stands: “more than 93 % of people”."""
    more = 1 - rank.less - rank.same
    if rank.same > 0.5:
        return "as most people"
    if rank.less >= 0.5:
        return f"more than {percent(rank.less)} of people"
    if more >= 0.5:
        return f"less than {percent(more)} of people"
    return "about the middle"


def verdict(person: Person, place: Place | None, currency: str | None, as_of: datetime) -> str:
    """Say in a sentence or two who the person is."""
    told = []
    spent, ordered = person.ranks.get("monetary"), person.ranks.get("frequency")
    if spent is not None and ordered is not None:
        times = f"{count(ordered.value)} order{'' if ordered.value == 1 else 's'}"
        told.append(f"Spent {money(spent.value, currency)} in {times}: {in_words(spent)}")
    recency = person.ranks.get("recency")
    if recency is not None:
        ago = f"{recency.value:.0f} day{'' if round(recency.value) == 1 else 's'}"
        told.append(f"last ordered {ago} before {day(as_of)}")
    if person.values.get("rfm_group"):
        told.append(f"RFM group **{person.values['rfm_group']}**")
    if place is not None and place.cluster is not None:
        told.append(f"cluster **{place.cluster.name}**")
    return ", ".join(told) + "." if told else "Nothing is known of this person but the id."


def head(person: Person, currency: str | None) -> None:
    """Show the person's main numbers, each with where it stands among everyone."""
    cards = (
        ("monetary", "Revenue", "currency"),
        ("frequency", "Orders", ""),
        ("mean_basket", "Mean basket", "currency"),
        ("recency", "Last order", "days ago"),
    )
    with st.grid(5, min_column_width=170, gap="small"):
        for name, label, unit in cards:
            rank = person.ranks.get(name)
            st.metric(
                label,
                "unknown" if rank is None else _value(rank.value, unit, currency),
                None if rank is None else _against_others(name, rank),
                delta_color="off",
                delta_arrow="off",
                help=f"Trait `{name}`, ranked among everyone whose value is known.",
                border=True,
                height="stretch",
            )
        group = person.values.get("rfm_group") or "none"
        scores = [person.values.get(f"rfm_{n}") for n in ("recency", "frequency", "monetary")]
        st.metric(
            "RFM group",
            group,
            f"scores {'-'.join(str(s) for s in scores)}" if all(scores) else None,
            delta_color="off",
            delta_arrow="off",
            help="Named by recency and frequency scores, each from 1 to 5 (best); the third is "
            "the monetary score.",
            border=True,
            height="stretch",
        )


def _against_others(name: str, rank: Rank) -> str:
    if name == "recency":  # fewer days are more recent
        mirrored = Rank(rank.value, 1 - rank.less - rank.same, rank.same)
        told = in_words(mirrored).replace("more than", "sooner than")
        return told.replace("less than", "longer ago than").replace(" of people", "")
    return in_words(rank).replace(" of people", "")


def _value(value: float, unit: str, currency: str | None) -> str:
    return number(round(value), unit) if unit == "days ago" else quantity(value, unit, currency)


def standing_out(person: Person, traits: Sequence[Trait], currency: str | None, theme: str) -> None:
    """Draw the traits furthest from the middle, each on a track from least to most."""
    by_name = {trait.name: trait for trait in traits}
    found = [
        (by_name[name], rank)
        for name, rank in person.ranks.items()
        if rank.same < 0.5 and not name.startswith("rfm_")
    ]
    found.sort(key=lambda one: -abs(one[1].middle - 0.5))
    if not found:
        st.caption("No trait of this person is known well enough to compare.")
        return
    rows = pd.DataFrame(
        {
            "trait": [trait.label for trait, _ in found[:STANDING_OUT]],
            "rank": [rank.middle for _, rank in found[:STANDING_OUT]],
            "value": [_short(t, r.value, currency) for t, r in found[:STANDING_OUT]],
            "told": [
                f"{trait.sentence} {quantity(rank.value, trait.unit, currency)}, {in_words(rank)}"
                for trait, rank in found[:STANDING_OUT]
            ],
        }
    )
    draw(
        _ranks,
        {"rows": rows},
        theme,
        len(rows),
        key="person_ranks",
        alt_text="; ".join(rows["told"]),
        title=f"{found[0][0].label}: {in_words(found[0][1])}",
    )


def _short(trait: Trait, value: float, currency: str | None) -> str:
    """Write a value without its unit where the trait's name says it."""
    said = trait.unit != "share" and trait.unit.rstrip("s") in trait.label.lower()
    return quantity(value, "" if said else trait.unit, currency)


def _ranks(theme: str, length: int) -> Any:
    """Draw ranks 0 … 1 as dots on tracks, the value in words at the right."""
    names = alt.Y("trait:N", sort=None, title=None, axis=alt.Axis(labelLimit=170))
    base = over("rows").encode(y=names, tooltip=told_in_words())
    track = base.mark_bar(height=6, cornerRadius=3, color=GROUND[theme])
    axis = alt.Axis(
        values=[0, 0.5, 1],
        labelExpr="datum.value == 0 ? 'least' : datum.value == 1 ? 'most' : 'middle'",
        grid=False,
    )
    scale = alt.Scale(domain=[0, 1.36], nice=False)
    x = alt.X("rank:Q", title="Percentile among everyone", scale=scale, axis=axis)
    line = base.mark_bar(height=6, cornerRadius=3, color=ACCENT[theme])
    words = base.mark_text(align="left", dx=8, color=INK[theme])
    return alt.layer(
        track.encode(x=alt.datum(0), x2=alt.datum(1)),
        line.encode(x=x, x2=alt.datum(0.5)),
        base.mark_circle(size=130, color=ACCENT[theme], opacity=1).encode(x=x),
        words.encode(x=alt.datum(1.02), text="value:N"),
    ).properties(height=26 * length + 60)


def all_traits(person: Person, traits: Sequence[Trait], currency: str | None) -> None:
    """List every trait by family, its value and where it stands."""
    ordered = sorted(
        (t for t in traits if t.name in person.ranks),
        key=lambda t: FAMILIES.index(t.family) if t.family in FAMILIES else len(FAMILIES),
    )
    rows = [
        {
            "Trait": trait.label,
            "Value": quantity(rank.value, trait.unit, currency),
            "Percentile": rank.middle * 100,
            "In words": in_words(rank),
            "Meaning": trait.sentence,
        }
        for trait in ordered
        for rank in (person.ranks[trait.name],)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        key="person_traits",
        alt=f"{len(rows)} traits with their percentiles",
        column_config={
            "Percentile": st.column_config.ProgressColumn(
                format="%.0f", min_value=0, max_value=100, width=120
            ),
            "Meaning": st.column_config.TextColumn(width="large"),
        },
    )


def attributes(person: Person, traits: Sequence[Trait]) -> None:
    """List what is known in words: categories and times."""
    lines = []
    for trait in traits:
        value = person.values.get(trait.name)
        if trait.numeric or value is None or trait.name == "rfm_group":
            continue
        told = instant(value) if isinstance(value, datetime) else str(value)
        lines.append({"Attribute": trait.label, "Value": told})
    if not lines:
        st.caption("No attribute was told of this person.")
        return
    st.dataframe(
        pd.DataFrame(lines),
        hide_index=True,
        height="content",
        key="person_attributes",
        alt="Attributes of the person",
    )
