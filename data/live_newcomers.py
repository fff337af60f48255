"""People who came after the training, by their live state: folded in while they are answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from data.interactions import WEIGHTS
from data.live_profiles import LiveProfiles
from data.live_views import Wants
from data.recommendation_types import Newcomer
from data.recommendations import Recommender
from kindred.events import ORDER_COMPLETED
from kindred.recommend.dataset import DAY
from kindred.recommend.forms import Who
from kindred.recommend.material import Material
from kindred.segments.profile import Profile

MOST: Final = 500  # items, the weightiest: each makes folding in a little longer
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Dealt(NamedTuple):
    """What somebody did with an item on a day: its last time, its weight, whether it was bought."""

    item: str
    at: datetime
    weight: float
    ordered: bool


def gathered(
    recommender: Recommender, rows: Iterable[Dealt], told: Mapping[str, str], as_of: datetime
) -> Newcomer:
    """Weigh what somebody did as a training weighs it; items that the model lacks say nothing."""
    counted: dict[int, float] = {}
    bought: dict[int, float] = {}
    for row in rows:
        place = recommender.place.get(row.item)
        if place is None:  # what is newer than the model has no score, either
            continue
        back = max(0.0, (as_of - row.at).total_seconds() / DAY)
        weight = row.weight * 2.0 ** (-back / Material.half_life)
        counted[place] = counted.get(place, 0.0) + weight
        if row.ordered:
            bought[place] = min(back, bought.get(place, back))
    kept = sorted(counted, key=lambda place: (-counted[place], place))[:MOST]
    weights = np.array([counted[place] for place in kept])
    return Newcomer(Who(None, np.array(kept, dtype=np.int64), weights, told), bought)


def live_newcomer(
    live: LiveProfiles, recommender: Recommender, person: str, as_of: datetime
) -> Newcomer | None:
    """Gather what live state knows of somebody without a row in the model, within milliseconds.

    None for somebody whom the model knows, and for somebody of whom nothing helps to recommend.
    Live events may be newer than a clock that stands still: they count as of today.
    """
    if recommender.model.row(person) is not None:
        return None
    names = frozenset(recommender.contexts())
    found = live.glance(person, Wants(names, events=True))
    if found is None:
        return None
    traits = found.profile.traits
    told = {name: str(traits[name]) for name in names if traits.get(name) is not None}
    came = gathered(recommender, _dealt(found.profile), told, as_of)
    return came if told or len(came.who.places) else None


def _dealt(profile: Profile) -> Iterator[Dealt]:
    """Sum up by item and UTC day, as :func:`data.interactions.read_interactions` does."""
    summed: dict[tuple[str, int], Dealt] = {}
    for name, weight in WEIGHTS.items():
        track = profile.events.get(name)
        if track is None:
            continue
        for time, properties in zip(track.times, track.properties, strict=True):
            at = _BEGINNING + timedelta(microseconds=time)
            for item in _items(name, properties):
                key = (item, (at - _BEGINNING).days)
                known = summed.get(key, Dealt(item, at, 0.0, False))
                ordered = known.ordered or name == ORDER_COMPLETED
                summed[key] = Dealt(item, max(at, known.at), known.weight + weight, ordered)
    yield from summed.values()


def _items(event: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Name the items of an event; sites send what they like, so whatever is no id is left out."""
    lines = properties.get("products") if event == ORDER_COMPLETED else [properties]
    for line in lines if isinstance(lines, list | tuple) else ():
        item = line.get("product_id") if isinstance(line, Mapping) else None
        if isinstance(item, str | int) and not isinstance(item, bool):
            yield str(item)
