"""Draw the people and the catalogue of a simulated world, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kindred.events import CATALOGUE_SCHEMA
from kindred.simulation.micro_segments import CATEGORIES, DEVICES, MICRO_SEGMENTS, REGIONS

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

FROM_THE_START, ANONYMOUS = 0.85, 0.10  # the rest make themselves known on the way
NEVER: Final = np.iinfo(np.int32).max
AGES: Final = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
INCOMES: Final = ("low", "middle", "high")
LIKED: Final = 0.75  # share of attention that goes to the liked categories


@dataclass(frozen=True)
class World:
    """What a world is drawn from: the same values give the same bytes."""

    people: int
    days: int
    seed: int
    events_per_person: float = 50.0
    items: int = 20_000

    def rng(self, *place: int) -> np.random.Generator:
        """Give a generator of its own for each place in the world."""
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *place])))


@dataclass(frozen=True)
class People:
    """N people, one value each; arrays of shape (N,), or (N, 16) for `taste`.

    Parameters
    ----------
    visits : ndarray
        Expected visits on an average day.
    known_from : ndarray
        Day from which events carry their ``userId``.
    arrives, leaves : ndarray
        First day, and the first day on which they are gone.
    taste : ndarray
        Cumulative chances of the categories.
    """

    segment: NDArray[np.int8]
    visits: Floats
    hour: Floats
    hour_spread: Floats
    weekend: Floats
    price: Floats
    discount: Floats
    mobile: Floats
    clicks: Floats
    buys: Floats
    arrives: Ints
    leaves: Ints
    known_from: Ints
    region: NDArray[np.int8]
    age: NDArray[np.int8]
    income: NDArray[np.int8]
    taste: Floats

    def part(self, rows: slice) -> People:
        """Take a range of people."""
        return People(**{name: value[rows] for name, value in vars(self).items()})


def draw_people(world: World, mean_season: float = 1.0) -> People:
    """Draw everybody around their micro-segment, with heavy tails of activity and spending.

    Parameters
    ----------
    mean_season : float
        Mean of :func:`kindred.simulation.days.season` over the world's days; visits are scaled by
        it, so that `events_per_person` is met whatever time of the year the world covers.
    """
    rng = world.rng(1)
    shares = np.array([s.share for s in MICRO_SEGMENTS])
    drawn = rng.choice(len(MICRO_SEGMENTS), size=world.people, p=shares / shares.sum())
    segment = drawn.astype(np.int8)
    activity = rng.gamma(1.6, 1 / 1.6, world.people)
    arrives, leaves, known_from = _presence(rng, world, segment)
    people = _characters(rng, segment, activity, arrives, leaves, known_from)
    present = np.minimum(people.leaves, world.days) - np.minimum(people.arrives, world.days)
    expected = float((people.visits * present).sum()) * mean_season
    scale = world.events_per_person * world.people / EVENTS_PER_VISIT / max(expected, 1e-9)
    people.visits[:] = people.visits * np.float32(scale)
    return people


def _of(segment: NDArray[np.int8], name: str) -> Floats:
    """Give what each person's micro-segment has under a name."""
    return np.array([getattr(s, name) for s in MICRO_SEGMENTS], dtype=np.float32)[segment]


def _presence(
    rng: np.random.Generator, world: World, segment: NDArray[np.int8]
) -> tuple[Ints, Ints, Ints]:
    """Draw on which day each arrives, is gone, and is known by their id."""
    n = world.people
    new = rng.random(n) < _of(segment, "new")
    arrives = np.where(new, rng.integers(0, world.days, n), 0).astype(np.int32)
    life = rng.exponential(_of(segment, "stay") / np.log(2))
    known = rng.random(n)
    later = rng.integers(0, max(world.days, 1), n)
    known_from = np.where(
        known < FROM_THE_START, 0, np.where(known < FROM_THE_START + ANONYMOUS, NEVER, later)
    )
    leaves = np.minimum(arrives + 1 + life, NEVER - 1).astype(np.int32)
    return arrives, leaves, known_from.astype(np.int32)


def _characters(
    rng: np.random.Generator,
    segment: NDArray[np.int8],
    activity: NDArray[np.float64],
    arrives: Ints,
    leaves: Ints,
    known_from: Ints,
) -> People:
    """Draw what each is like, around their micro-segment; the order of draws is part of a seed."""
    n = len(segment)

    def of(name: str) -> Floats:
        return _of(segment, name)

    def around(name: str, concentration: float) -> Floats:
        """Draw a share near the segment's: Beta(cp, c(1 − p))."""
        p = of(name)
        drawn: Floats = rng.beta(concentration * p, concentration * (1 - p)).astype(np.float32)
        return drawn

    return People(
        segment=segment,
        visits=(of("visits") * activity).astype(np.float32),
        hour=(of("hour") + rng.normal(0, 0.7, n)).astype(np.float32),
        hour_spread=of("hour_spread"),
        weekend=(of("weekend") * rng.lognormal(0, 0.15, n)).astype(np.float32),
        price=(of("price") * rng.lognormal(0, 0.25, n)).astype(np.float32),
        discount=around("discount", 20),
        mobile=around("mobile", 8),
        clicks=around("clicks", 25),
        buys=around("buys", 15),
        arrives=arrives,
        leaves=leaves,
        known_from=known_from,
        region=rng.choice(len(REGIONS), n, p=[0.2, 0.2, 0.2, 0.2, 0.15, 0.05]).astype(np.int8),
        age=rng.integers(0, len(AGES), n).astype(np.int8),
        income=np.digitize(of("price") * rng.lognormal(0, 0.3, n), [0.9, 1.5]).astype(np.int8),
        taste=_tastes(rng, segment),
    )


EVENTS_PER_VISIT: Final = 4.9  # on average, as the chances below in days.py have it


def _tastes(rng: np.random.Generator, segment: NDArray[np.int8]) -> Floats:
    base = np.full((len(MICRO_SEGMENTS), len(CATEGORIES)), 0.0, dtype=np.float32)
    for row, micro in enumerate(MICRO_SEGMENTS):
        base[row] = (1 - LIKED) / len(CATEGORIES)
        for place, name in enumerate(micro.likes):
            base[row, CATEGORIES.index(name)] += LIKED * (0.5, 0.3, 0.2)[place]
    weights = base[segment] * rng.gamma(6.0, 1 / 6.0, (len(segment), len(CATEGORIES)))
    chances = np.cumsum(weights, axis=1, dtype=np.float32)
    result: Floats = chances / chances[:, -1:]
    return result


@dataclass(frozen=True)
class Catalogue:
    """M items, sorted by category; within one, popularity falls as 1/rank (Zipf).

    Parameters
    ----------
    first : ndarray, shape (17,)
        Where each category begins.
    """

    category: NDArray[np.int8]
    price: Floats
    first: NDArray[np.int64]

    def pick(self, rng: np.random.Generator, categories: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pick an item of each given category by its popularity.

        The inverse of the continuous 1/rank law on [1, m + 1): rank = (m + 1)^u.
        """
        size = (self.first[1:] - self.first[:-1])[categories]
        rank = np.power(size + 1.0, rng.random(len(categories))).astype(np.int64) - 1
        picked: NDArray[np.int64] = self.first[categories] + np.minimum(rank, size - 1)
        return picked


def draw_catalogue(world: World) -> Catalogue:
    """Draw the items."""
    rng = world.rng(2)
    items = max(world.items, len(CATEGORIES))
    category = np.sort(np.arange(items) % len(CATEGORIES)).astype(np.int8)
    level = rng.lognormal(2.5, 0.5, len(CATEGORIES))[category]
    price = np.round(level * rng.lognormal(0, 0.5, items), 2).astype(np.float32)
    first = np.searchsorted(category, np.arange(len(CATEGORIES) + 1))
    return Catalogue(category, np.maximum(price, 0.5), first.astype(np.int64))


_KINDS: Final = ("Classic", "Fresh", "Little", "Grand", "Daily", "Fine", "Bright", "Honest")
_FORMS: Final = ("set", "box", "selection", "pack", "edition", "bundle", "choice", "favourite")
_BRANDS: Final = tuple(
    a + b for a in ("Al", "Bo", "Cer", "Dan", "El", "Fjor") for b in ("ora", "wick", "mark", "ny")
)


def brand_of(item: NDArray[np.int64]) -> list[str]:
    """Name each item's brand."""
    return [_BRANDS[i % len(_BRANDS)] for i in item.tolist()]


def catalogue_table(catalogue: Catalogue) -> pa.Table:
    """Write the catalogue as items."""
    n = len(catalogue.price)
    place = np.arange(n)
    names = [
        f"{_KINDS[i % len(_KINDS)]} {CATEGORIES[c]} {_FORMS[i // len(_KINDS) % len(_FORMS)]} {i}"
        for i, c in zip(place.tolist(), catalogue.category.tolist(), strict=True)
    ]
    return pa.table(
        {
            "item_id": item_ids(n),
            "name": names,
            "category": [CATEGORIES[c] for c in catalogue.category],
            "subcategory": pa.nulls(n, pa.string()),
            "brand": brand_of(place),
            "price": catalogue.price.astype(np.float64),
            "attributes": pa.nulls(n, pa.string()),
        },
        schema=CATALOGUE_SCHEMA,
    )


def item_ids(n: int) -> pa.Array:
    """Name the items by their place, in hexadecimal as events do."""
    return pa.array([f"i{i:05x}" for i in range(n)])


def truth_table(people: People, ids: pa.Array, variations: NDArray[np.int8]) -> pa.Table:
    """Say who everybody truly is; never imported."""
    return pa.table(
        {
            "person_id": ids,
            "micro_segment": pa.array([s.name for s in MICRO_SEGMENTS]).take(
                pa.array(people.segment)
            ),
            "arrives_on_day": people.arrives,
            "leaves_on_day": people.leaves,
            "variation": variations,
        }
    )


def devices(mobile: Floats, chance: Floats) -> NDArray[np.int8]:
    """Choose a device: mobile with its chance, else desktop four times in five."""
    rest = np.where(chance < mobile + (1 - mobile) * 0.8, 1, 2)
    return np.where(chance < mobile, 0, rest).astype(np.int8)


assert DEVICES[0] == "mobile"
