"""Write drawn events as Arrow columns in the canonical schema, without a loop over rows."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kindred import events as canonical
from kindred.simulation.micro_segments import CATEGORIES, DEVICES, REGIONS
from kindred.simulation.population import AGES, INCOMES, Catalogue, People, World, brand_of

if TYPE_CHECKING:
    from kindred.simulation.days import Lines, Rows, Visits

NAMES: Final = pa.array(
    [
        None,
        canonical.CONTENT_VIEWED,
        canonical.CONTENT_CLICKED,
        canonical.PRODUCT_VIEWED,
        canonical.PRODUCT_ADDED,
        canonical.ORDER_COMPLETED,
        None,
        canonical.EXPERIMENT_VIEWED,
    ]
)
TYPES: Final = pa.array(["page", "track", "track", "track", "track", "track", "identify", "track"])
PAGE, CONTENT_VIEW, CONTENT_CLICK, PRODUCT_VIEW, PRODUCT_ADD, ORDER, IDENTIFY, EXPOSURE = range(8)
CURRENCY: Final = "EUR"
EXPERIMENT: Final = "hero-banner"
ARMS: Final = ("control", "variation")
DIGITS: Final = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)


def hex_strings(prefix: str, numbers: NDArray[np.int64], width: int) -> pa.Array:
    """Write numbers as fixed-width hexadecimal strings behind a prefix."""
    head = prefix.encode()
    size = len(head) + width
    text = np.empty((len(numbers), size), dtype=np.uint8)
    text[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    shifted = numbers.astype(np.uint64)
    for place in range(width):
        text[:, size - 1 - place] = DIGITS[(shifted & np.uint64(15)).astype(np.int64)]
        shifted = shifted >> np.uint64(4)
    offsets = np.arange(0, (len(numbers) + 1) * size, size, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.StringArray.from_buffers(len(numbers), buffers[1], buffers[2])


def user_ids(first: int, count: int) -> pa.Array:
    """Name people: u0000000 …, by their place in the world."""
    return hex_strings("u", np.arange(first, first + count), 7)


def anonymous_ids(seed: int, first: int, count: int) -> pa.Array:
    """Name browsers, unlike their owners' names: an invertible mix of the same numbers."""
    mixed = (np.arange(first, first + count, dtype=np.uint64) + np.uint64(seed + 1)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    return hex_strings("a", (mixed >> np.uint64(4)).astype(np.int64), 15)


def event_table(
    world: World,
    people: People,
    catalogue: Catalogue,
    visits: Visits,
    rows: Rows,
    lines: Lines,
    variation: NDArray[np.int8],
    day: int,
    date: datetime,
    first_person: int,
    chunk: int,
) -> pa.Table:
    """Turn a day's rows into a table in the canonical schema."""
    n, size = len(rows.person), len(people.segment)
    known = people.known_from[rows.person] <= day
    ids = user_ids(first_person, size).take(pa.array(rows.person))
    start = int(date.timestamp()) * 1_000_000
    numbers = np.arange(n, dtype=np.int64) | (np.int64(chunk) << 32) | (np.int64(day) << 44)
    kind = pa.array(rows.kind)
    at = pa.array(start + rows.at).cast(canonical.TIMESTAMP)
    columns = {
        "messageId": hex_strings(f"s{world.seed:x}-", numbers, 15),
        "type": TYPES.take(kind),
        "userId": _where(known, ids),
        "anonymousId": anonymous_ids(world.seed, first_person, size).take(pa.array(rows.person)),
        "timestamp": at,
        "receivedAt": at,
        "event": NAMES.take(kind),
        "properties": _properties(rows, lines, catalogue, variation),
        "traits": _told(people, rows),
        "context": _context(people, visits, rows),
    }
    return pa.table(columns, schema=canonical.EVENT_SCHEMA)


def _where(mask: NDArray[np.bool_], values: pa.Array) -> pa.Array:
    return pa.compute.if_else(pa.array(mask), values, pa.scalar(None, values.type))


def _struct(kind: pa.StructType, columns: dict[str, pa.Array], n: int) -> pa.Array:
    members = [
        columns[member.name].cast(member.type)
        if member.name in columns
        else pa.nulls(n, member.type)
        for member in kind
    ]
    return pa.StructArray.from_arrays(members, fields=list(kind))


def _properties(
    rows: Rows, lines: Lines, catalogue: Catalogue, variation: NDArray[np.int8]
) -> pa.Array:
    n = len(rows.person)
    product = (rows.kind == PRODUCT_VIEW) | (rows.kind == PRODUCT_ADD)
    content = (rows.kind == CONTENT_VIEW) | (rows.kind == CONTENT_CLICK)
    order, exposure = rows.kind == ORDER, rows.kind == EXPOSURE
    item = np.maximum(rows.item, 0)
    names = hex_strings("i", np.arange(len(catalogue.price)), 5)
    item_names = names.take(pa.array(item))
    categories = pa.array(CATEGORIES).take(pa.array(catalogue.category[item]))
    orders = _orders(rows, lines, catalogue, names)
    arms = pa.array(ARMS).take(pa.array(np.maximum(variation[rows.person], 0)))
    one = pa.array(np.ones(n))
    return _struct(
        canonical.PROPERTIES,
        {
            **orders,
            "currency": _where(order, pa.array([CURRENCY]).take(pa.array(np.zeros(n, np.int8)))),
            "product_id": _where(product, item_names),
            "content_id": _where(content, item_names),
            "category": _where(product | content, categories),
            "price": _where(product, pa.array(catalogue.price[item].astype(np.float64))),
            "quantity": _where(rows.kind == PRODUCT_ADD, one),
            "position": _where(content, pa.array((rows.at // 1_000_000 % 8).astype(np.int32))),
            "experiment_id": _where(
                exposure, pa.array([EXPERIMENT]).take(pa.array(np.zeros(n, np.int8)))
            ),
            "variation_id": _where(exposure, arms),
        },
        n,
    )


def _orders(rows: Rows, lines: Lines, catalogue: Catalogue, names: pa.Array) -> dict[str, pa.Array]:
    """Put each order's lines in the place where its event stands after sorting."""
    n = len(rows.person)
    places = np.flatnonzero(rows.kind == ORDER)
    count = len(places)
    # Orders were drawn in the order of visits; `turn` is that of the events.
    turn = np.argsort(rows.visit[places], kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[turn] = np.arange(count)
    sizes = np.bincount(lines.order, minlength=count)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    lengths = sizes[rank]
    offsets = np.zeros(n + 1, dtype=np.int32)
    offsets[places + 1] = lengths
    offsets = np.cumsum(offsets, dtype=np.int32)
    within = np.arange(len(lines.order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    take = np.repeat(starts[rank], lengths) + within
    paid = np.round(lines.price * lines.quantity, 2)
    revenue = np.round(np.bincount(lines.order, paid, minlength=count), 2)[rank]
    discount = np.round(np.bincount(lines.order, lines.discount, minlength=count), 2)[rank]
    item = lines.item[take]
    products = _struct(
        canonical.PRODUCT,
        {
            "product_id": names.take(pa.array(item)),
            "category": pa.array(CATEGORIES).take(pa.array(catalogue.category[item])),
            "brand": pa.array(brand_of(np.arange(24))).take(pa.array(item % 24)),
            "quantity": pa.array(lines.quantity[take].astype(np.float64)),
            "price": pa.array(lines.price[take]),
            "revenue": pa.array(paid[take]),
            "discount": pa.array(lines.discount[take]),
        },
        len(take),
    )
    order = rows.kind == ORDER
    listed = pa.ListArray.from_arrays(pa.array(offsets), products, mask=pa.array(~order))
    spread_revenue, spread_discount = np.zeros(n), np.zeros(n)
    spread_revenue[places], spread_discount[places] = revenue, discount
    numbers = np.arange(n) | (rows.at << 20)
    return {
        "order_id": _where(order, hex_strings("o", numbers, 15)),
        "revenue": _where(order, pa.array(spread_revenue)),
        "discount": _where(order, pa.array(spread_discount)),
        "products": listed,
    }


def _told(people: People, rows: Rows) -> pa.Array:
    """What people tell when they make themselves known: age and income, by a dictionary."""
    texts = pa.array(
        [json.dumps({"age": age, "income": income}) for age in AGES for income in INCOMES]
    )
    code = people.age[rows.person].astype(np.int64) * len(INCOMES) + people.income[rows.person]
    return _where(rows.kind == IDENTIFY, texts.take(pa.array(code)))


def _context(people: People, visits: Visits, rows: Rows) -> pa.Array:
    return _struct(
        canonical.CONTEXT,
        {
            "device": pa.array(DEVICES).take(pa.array(visits.device[rows.visit])),
            "region": pa.array(REGIONS).take(pa.array(people.region[rows.person])),
        },
        len(rows.person),
    )
