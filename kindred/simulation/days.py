"""What a range of people does on one day, as a table of canonical events.

Everything is drawn in arrays, one row a visit and then one row an event; strings are put in only
at the end, from dictionaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kindred.simulation.columns import (
    CONTENT_CLICK,
    CONTENT_VIEW,
    EXPOSURE,
    IDENTIFY,
    ORDER,
    PAGE,
    PRODUCT_ADD,
    PRODUCT_VIEW,
    event_table,
)
from kindred.simulation.population import Catalogue, People, World, devices

VIEWS_CONTENT, VIEWS_PRODUCTS, ADDS, MORE_LINES = 1.3, 1.6, 0.28, 0.9  # expected, per visit
LIFT: Final = 0.10  # true relative effect of the variation on the chance to order
SECONDS: Final = 86_400


@dataclass(frozen=True)
class Rows:
    """Events before they are written: arrays of shape (E,).

    Parameters
    ----------
    person : ndarray
        Row in the range of people.
    at : ndarray
        Microseconds since the day began.
    item : ndarray
        Row in the catalogue; −1 where none.
    visit : ndarray
        Row of the visit.
    """

    person: NDArray[np.int64]
    at: NDArray[np.int64]
    kind: NDArray[np.int8]
    item: NDArray[np.int64]
    visit: NDArray[np.int64]

    def ordered(self) -> Rows:
        """Sort by person and time."""
        order = np.lexsort((self.kind, self.at, self.person))
        return Rows(**{name: value[order] for name, value in vars(self).items()})


@dataclass(frozen=True)
class Lines:
    """The lines of orders: arrays of shape (L,), grouped by order.

    Parameters
    ----------
    order : ndarray
        Which order each belongs to, in the order of visits.
    """

    order: NDArray[np.int64]
    item: NDArray[np.int64]
    quantity: NDArray[np.int64]
    price: NDArray[np.float64]
    discount: NDArray[np.float64]


@dataclass(frozen=True)
class Visits:
    """Visits of a day: arrays of shape (V,)."""

    person: NDArray[np.int64]
    start: NDArray[np.int64]
    device: NDArray[np.int8]
    orders: NDArray[np.bool_]


def season(day_of_year: int) -> float:
    """Give the year's rhythm: a fifth more before Christmas, a fifth less in summer."""
    return 1.0 + 0.2 * float(np.cos(2 * np.pi * (day_of_year - 340) / 365.25))


def mean_season(first_day_of_year: int, days: int) -> float:
    """Average the year's rhythm over a world's days."""
    return float(np.mean([season(first_day_of_year + day) for day in range(days)]))


def day_events(
    world: World,
    people: People,
    catalogue: Catalogue,
    variation: NDArray[np.int8],
    day: int,
    date: datetime,
    chunk: int,
    first_person: int,
    exposed: NDArray[np.bool_],
) -> pa.Table:
    """Draw one day of a range of people.

    Parameters
    ----------
    variation : ndarray, shape (n,)
        −1 where a person is not in the experiment.
    exposed : ndarray, shape (n,)
        Who has met the experiment before; brought up to date in place.
    """
    rng = world.rng(3, day, chunk)
    visits = _visits(rng, people, variation, day, date)
    rows, lines = _rows(rng, people, catalogue, visits, day, variation, exposed)
    return event_table(
        world, people, catalogue, visits, rows, lines, variation, day, date, first_person, chunk
    )


def _visits(
    rng: np.random.Generator,
    people: People,
    variation: NDArray[np.int8],
    day: int,
    date: datetime,
) -> Visits:
    here = (people.arrives <= day) & (day < people.leaves)
    expected = people.visits * here * season(date.timetuple().tm_yday)
    if date.weekday() >= 5:
        expected = expected * people.weekend * 7 / (5 + 2 * people.weekend)
    else:
        expected = expected * 7 / (5 + 2 * people.weekend)
    count = rng.poisson(expected)
    # Whoever arrives today is seen today.
    count = np.where(here & (people.arrives == day) & (day > 0), np.maximum(count, 1), count)
    person = np.repeat(np.arange(len(count)), count)
    hour = rng.normal(people.hour[person], people.hour_spread[person]) % 24
    start = (hour * 3600e6).astype(np.int64)
    mobile, chance = people.mobile[person], rng.random(len(person), dtype=np.float32)
    device = devices(mobile, chance)
    buys = people.buys[person] * np.where(variation[person] == 1, 1 + LIFT, 1.0)
    return Visits(person, start, device, rng.random(len(person)) < buys)


def _rows(
    rng: np.random.Generator,
    people: People,
    catalogue: Catalogue,
    visits: Visits,
    day: int,
    variation: NDArray[np.int8],
    exposed: NDArray[np.bool_],
) -> tuple[Rows, Lines]:
    v = len(visits.person)
    every = np.arange(v)
    content = np.repeat(every, rng.poisson(VIEWS_CONTENT, v))
    clicked = rng.random(len(content), dtype=np.float32) < people.clicks[visits.person[content]]
    viewed = np.repeat(every, rng.poisson(VIEWS_PRODUCTS, v))
    added = rng.random(len(viewed), dtype=np.float32) < ADDS
    shown = _items(rng, people, catalogue, visits.person[content])
    looked = _items(rng, people, catalogue, visits.person[viewed])
    carts = np.bincount(viewed[added], minlength=v) > 0
    orders = np.flatnonzero(carts & visits.orders)
    lines = _lines(rng, people, catalogue, visits, orders)
    met = np.flatnonzero((variation[visits.person] >= 0) & ~exposed[visits.person])
    met = met[np.unique(visits.person[met], return_index=True)[1]]
    exposed[visits.person[met]] = True
    first = np.unique(visits.person, return_index=True)[1]
    begins = np.maximum(people.known_from, people.arrives)[visits.person[first]]
    told = first[begins == day]
    none = np.array([-1])
    parts = [
        (every, PAGE, none.repeat(v)),
        (content, CONTENT_VIEW, shown),
        (content[clicked], CONTENT_CLICK, shown[clicked]),
        (viewed, PRODUCT_VIEW, looked),
        (viewed[added], PRODUCT_ADD, looked[added]),
        (orders, ORDER, none.repeat(len(orders))),
        (told, IDENTIFY, none.repeat(len(told))),
        (met, EXPOSURE, none.repeat(len(met))),
    ]
    visit = np.concatenate([p[0] for p in parts])
    kind = np.concatenate([np.full(len(p[0]), p[1], dtype=np.int8) for p in parts])
    # Within a visit: page, exposure, content, products, cart, order; some ten seconds apart.
    step = np.array([0, 10, 40, 60, 130, 300, 1, 2])[kind] * 1_000_000
    jitter = rng.integers(0, 1_000_000, len(visit)) * np.array([0, 25, 15, 60, 30, 60, 0, 0])[kind]
    at = np.minimum(visits.start[visit] + step + jitter, SECONDS * 1_000_000 - 1)
    item = np.concatenate([p[2] for p in parts])
    return Rows(visits.person[visit], at, kind, item, visit).ordered(), lines


def _items(
    rng: np.random.Generator,
    people: People,
    catalogue: Catalogue,
    person: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Pick an item by the person's taste and the item's popularity."""
    chance = rng.random(len(person), dtype=np.float32)
    category = (people.taste[person] < chance[:, None]).sum(axis=1)
    return catalogue.pick(rng, np.minimum(category, people.taste.shape[1] - 1))


def _lines(
    rng: np.random.Generator,
    people: People,
    catalogue: Catalogue,
    visits: Visits,
    orders: NDArray[np.int64],
) -> Lines:
    order = np.repeat(np.arange(len(orders)), 1 + rng.poisson(MORE_LINES, len(orders)))
    person = visits.person[orders][order]
    item = _items(rng, people, catalogue, person)
    full = catalogue.price[item].astype(np.float64) * people.price[person]
    off = np.where(rng.random(len(order)) < people.discount[person], 0.2, 0.0)
    quantity = 1 + rng.geometric(0.75, len(order)) - 1
    price = np.round(full * (1 - off), 2)
    discount = np.round((np.round(full, 2) - price) * quantity, 2)
    return Lines(order, item, quantity, price, np.maximum(discount, 0.0))
