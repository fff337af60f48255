"""A workspace to measure evaluation in: many people in live state, twenty segments published."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.live_places import NOW, Now, Shelf
from data.live_store import META, open_live_store
from data.store import open_store
from data.workspace import Workspace
from kindred.segments import rules as r
from kindred.segments.durations import micros
from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType
from tests.support.served import ACTOR, Town

PLANS: Final = ("free", "silver", "gold", "platinum")
NUMBERS: Final = tuple(f"number_{n}" for n in range(30))
TEXTS: Final = ("plan", *(f"text_{n}" for n in range(9)))
EVENTS: Final = ("Product Viewed", "Product Added", "Order Completed")
EPOCH_DAYS: Final = 30


def rules() -> dict[str, Rule]:
    """Give twenty rules as people write them: traits, windows, groups, sequences."""
    made: dict[str, Rule] = {}
    for n in range(8):
        spends = r.TraitRule(f"number_{n}", "gte", 40 + 5 * n)
        made[f"traits-{n}"] = r.AllRule((spends, r.TraitRule("plan", "in", PLANS[n % 3 :])))
    for n in range(6):
        viewed = r.EventRule("Product Viewed", "count", "gte", n + 1, within=f"P{n + 1}D")
        made[f"events-{n}"] = r.AllRule((viewed, r.TraitRule("plan", "ne", "free")))
    for n in range(3):
        total = r.EventRule("Order Completed", "sum", "gt", 50 * n, "revenue", within="P14D")
        made[f"sums-{n}"] = r.AnyRule((total, r.TraitRule("number_9", "gt", 90)))
    for n in range(3):
        steps = (r.Step("Product Added"), r.Step("Order Completed", within="P1D"))
        cart = r.SequenceRule(steps, within=f"P{7 + n}D")
        made[f"carts-{n}"] = r.AllRule((r.NotRule(cart), r.SegmentRule(f"traits-{n}")))
    return made


def make(workspace: Workspace, people: int) -> str:
    """Fill live state and publish; gives an API key that may evaluate."""
    engine: Engine = open_store(workspace)
    town = Town(workspace, engine)
    types = dict.fromkeys(NUMBERS, TraitType.NUMBER) | dict.fromkeys(TEXTS, TraitType.CATEGORY)
    town.compute_traits(types, {})
    for key, rule in rules().items():
        town.publish(key, rule)
    _fill(workspace, people)
    with engine.begin() as conn:
        _, token = create_key(
            conn,
            "bench",
            [Scope.EVALUATE],
            actor=ACTOR,
            at=datetime.now(UTC),
            rate=10_000_000,
        )
    engine.dispose()
    return token


def _fill(workspace: Workspace, people: int) -> None:
    store = open_live_store(workspace)
    now = datetime.now(UTC)
    since = now - timedelta(days=EPOCH_DAYS)
    kinds = (*("number",) * len(NUMBERS), *("category",) * len(TEXTS))
    shelves = Now(
        traits=Shelf("a", 1, since, (*NUMBERS, *TEXTS), kinds),
        members=Shelf("a", 1, since),
        events=Shelf("a", 0, since),
    )
    keys = sorted(b"u%d" % n for n in range(people))
    store.fill("traits-a", _traits(keys))
    store.fill("events-a", _events(keys, micros(now)))
    store.write([(META, NOW, msgspec.msgpack.encode(shelves))])
    store.close()


def _traits(keys: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    dice, encode = random.Random(1), msgspec.msgpack.encode
    for key in keys:
        numbers: list[Any] = [round(dice.random() * 100, 2) for _ in NUMBERS]
        yield key, encode([*numbers, dice.choice(PLANS), *("some text",) * (len(TEXTS) - 1)])


def _events(keys: list[bytes], now: int) -> Iterator[tuple[bytes, bytes]]:
    """Give everybody about a dozen events of the last days, and three traits that they told."""
    dice, encode = random.Random(2), msgspec.msgpack.encode
    span = EPOCH_DAYS * 86_400_000_000
    for key in keys:
        tracks = {
            name: (
                sorted(now - int(dice.random() * span) for _ in range(count)),
                [{"product_id": "p7", "category": "Cheese", "revenue": 19.9}] * count,
            )
            for name, count in zip(EVENTS, (8, 3, 1), strict=True)
        }
        told = {"plan": dice.choice(PLANS), "text_0": "Rome", "text_1": "en-GB"}
        yield key, encode([tracks, {name: [now, value] for name, value in told.items()}, 0])
