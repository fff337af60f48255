"""Write cases.json: families of cases by hand, each with the reason for its answer.

Run ``python -m tests.kindred.segments.make_cases`` after changing a family. `expected` is written
here by whoever knows the language, never taken from an interpreter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

CASES: Final = Path(__file__).with_name("cases.json")
AS_OF: Final = "2026-11-01T00:00:00Z"
ORDER, ADDED, VIEWED = "Order Completed", "Product Added", "Product Viewed"

Row = tuple[Any, bool, str]  # what is given, is the person in, why
Json = dict[str, Any]


def trait(name: str, op: str, value: Any = None) -> Json:
    rule = {"kind": "trait", "trait": name, "op": op}
    return rule if value is None else {**rule, "value": value}


def event(name: str, **more: Any) -> Json:
    return {"kind": "event", "event": name, **more}


def did(name: str, at: str, **properties: Any) -> Json:
    return {"event": name, "at": at, "properties": properties}


def days(name: str, *on: str, **properties: Any) -> list[Json]:
    """Events at noon of days in October 2026, or at a time of one (`30T23:59:59Z`)."""
    return [
        did(name, f"2026-10-{day}" if "T" in day else f"2026-10-{day}T12:00:00Z", **properties)
        for day in on
    ]


def amounts(*revenue: float) -> list[Json]:
    return [did(ORDER, f"2026-10-{10 + i}T12:00:00Z", revenue=r) for i, r in enumerate(revenue)]


def of_traits(name: str, rule: Json, rows: list[Row]) -> list[Json]:
    """A rule tried on several values of one trait; ... means that it is unknown."""
    return [
        {
            "name": f"{name}: {why}",
            "rule": rule,
            "person": {} if value is ... else {"traits": {rule["trait"]: value}},
            "expected": expected,
            "why": why,
        }
        for value, expected, why in rows
    ]


def of_events(name: str, rule: Json, rows: list[Row]) -> list[Json]:
    return [
        {
            "name": f"{name}: {why}",
            "rule": rule,
            "person": {"events": events},
            "expected": expected,
            "why": why,
        }
        for events, expected, why in rows
    ]


def of_people(name: str, rows: list[tuple[Json, Json, bool, str]]) -> list[Json]:
    return [
        {"name": f"{name}: {why}", "rule": rule, "person": person, "expected": expected, "why": why}
        for rule, person, expected, why in rows
    ]


def equality() -> list[Json]:
    unknown: Row = (..., False, "unknown is false")
    return [
        *of_traits(
            "text is",
            trait("income", "eq", "50-74K"),
            [
                ("50-74K", True, "the same text"),
                ("50-74k", False, "capitals count"),
                (" 50-74K", False, "so do spaces"),
                ("", False, "an empty text is another text"),
                unknown,
            ],
        ),
        *of_traits(
            "text is not",
            trait("income", "ne", "50-74K"),
            [
                ("75-99K", True, "another text"),
                ("50-74K", False, "the same text"),
                ("", True, "an empty text is known"),
                (..., False, "unknown is false here too, so it is not the negation of eq"),
            ],
        ),
        *of_traits(
            "number is",
            trait("frequency", "eq", 3),
            [
                (3, True, "the same number"),
                (2, False, "a smaller one"),
                unknown,
            ],
        ),
        *of_traits(
            "a number compared with a text",
            trait("monetary", "eq", "3"),
            [(3.0, False, "types differ"), (..., False, "unknown")],
        ),
        *of_traits(
            "a number that is not a text",
            trait("monetary", "ne", "3"),
            [(3.0, False, "types differ, and what can't be compared is false")],
        ),
        *of_traits(
            "number is not",
            trait("monetary", "ne", 20),
            [
                (20.000001, True, "nearly is not"),
                (20.0, False, "20 and 20.0 are one number"),
                unknown,
            ],
        ),
        *of_traits(
            "flag is",
            trait("opted_in", "eq", True),
            [(True, True, "true"), (False, False, "false"), unknown],
        ),
        *of_traits(
            "flag is not",
            trait("opted_in", "ne", True),
            [(False, True, "false is known and not true"), (True, False, "true"), unknown],
        ),
        *of_traits(
            "a flag is no number", trait("opted_in", "eq", 1), [(True, False, "types differ")]
        ),
    ]


def order() -> list[Json]:
    unknown: Row = (..., False, "unknown is false")
    found = []
    for op, below, at, above in (
        ("lt", True, False, False),
        ("lte", True, True, False),
        ("gt", False, False, True),
        ("gte", False, True, True),
    ):
        found += of_traits(
            f"monetary {op} 20",
            trait("monetary", op, 20),
            [
                (19.99, below, "just below"),
                (20.0, at, "at it"),
                (20.01, above, "just above"),
                (-5.0, below, "below nothing"),
                unknown,
            ],
        )
    found += of_traits(
        "numbers between 10 and 20",
        trait("monetary", "between", [10, 20]),
        [
            (9.99, False, "below"),
            (10.0, True, "the lower end is in"),
            (15.5, True, "inside"),
            (20.0, True, "the upper end is in"),
            (20.01, False, "above"),
            unknown,
        ],
    )
    found += of_traits(
        "a text has no order", trait("income", "gt", 20), [("50-74K", False, "types differ")]
    )
    return found


def sets_and_texts() -> list[Json]:
    unknown: Row = (..., False, "unknown is false")
    return [
        *of_traits(
            "text is one of",
            trait("income", "in", ["50-74K", "75-99K"]),
            [("75-99K", True, "the second"), ("100K+", False, "neither"), unknown],
        ),
        *of_traits(
            "text is none of",
            trait("income", "not_in", ["50-74K", "75-99K"]),
            [
                ("100K+", True, "neither"),
                ("50-74K", False, "the first"),
                (..., False, "unknown is false, not 'none of them'"),
            ],
        ),
        *of_traits(
            "number is one of",
            trait("frequency", "in", [1, 2]),
            [(2, True, "the second"), (3, False, "neither"), unknown],
        ),
        *of_traits(
            "number is none of",
            trait("frequency", "not_in", [1, 2]),
            [(3, True, "neither"), (1, False, "the first"), unknown],
        ),
        *of_traits(
            "text contains",
            trait("income", "contains", "74"),
            [("50-74K", True, "inside"), ("74", True, "all of it"), ("7-4", False, "not together")],
        ),
        *of_traits(
            "text contains a wildcard",
            trait("income", "contains", "%"),
            [("50-74K", False, "a percent sign is only itself"), ("5%", True, "itself")],
        ),
        *of_traits(
            "text starts with",
            trait("income", "starts_with", "50"),
            [("50-74K", True, "at the start"), ("250", False, "later"), unknown],
        ),
        *of_traits(
            "text starts with an underscore",
            trait("income", "starts_with", "_"),
            [("50", False, "an underscore is only itself"), ("_x", True, "itself")],
        ),
        *of_traits(
            "text ends with",
            trait("income", "ends_with", "K"),
            [("50-74K", True, "at the end"), ("K5", False, "earlier"), unknown],
        ),
        *of_traits(
            "text matches",
            trait("income", "matches", r"\d+K"),
            [
                ("50-74K", True, "found anywhere: not anchored"),
                ("K", False, "no digit before"),
                ("", False, "nothing to find"),
                unknown,
            ],
        ),
        *of_traits(
            "text matches from end to end",
            trait("income", "matches", r"^\d+-\d+K$"),
            [("50-74K", True, "anchored by the pattern"), ("x50-74K", False, "something before")],
        ),
        *of_traits(
            "text matches without capitals",
            trait("income", "matches", "(?i)käse"),
            [("KÄSE", True, "letters of any script fold"), ("kase", False, "a is not ä")],
        ),
        *of_traits(
            "a dot in a pattern",
            trait("income", "matches", "a.b"),
            [("a.b", True, "a dot is a character"), ("a\nb", False, "but not a new line")],
        ),
        *of_traits(
            "is set",
            trait("income", "is_set"),
            [("x", True, "known"), ("", True, "an empty text is known"), (..., False, "unknown")],
        ),
        *of_traits(
            "is not set",
            trait("income", "is_not_set"),
            [(..., True, "unknown"), ("x", False, "known"), ("", False, "empty is known")],
        ),
    ]


def times() -> list[Json]:
    unknown: Row = (..., False, "unknown is false")
    return [
        *of_traits(
            "before a day",
            trait("last_order_at", "before", "2026-10-01"),
            [
                ("2026-09-30T23:59:59Z", True, "the second before midnight"),
                ("2026-10-01T00:00:00Z", False, "midnight itself is not before"),
                ("2026-10-01T01:00:00+02:00", True, "another zone: 23:00 in UTC"),
                unknown,
            ],
        ),
        *of_traits(
            "after a time",
            trait("last_order_at", "after", "2026-10-01T12:00:00+02:00"),
            [
                ("2026-10-01T10:00:00Z", True, "the very time is in"),
                ("2026-10-01T09:59:59Z", False, "a second earlier"),
                unknown,
            ],
        ),
        *of_traits(
            "times between",
            trait("last_order_at", "between", ["2026-10-01", "2026-10-02"]),
            [
                ("2026-10-01T00:00:00Z", True, "the start is in"),
                ("2026-10-01T23:59:59Z", True, "inside"),
                ("2026-10-02T00:00:00Z", False, "the end is not: half-open"),
                unknown,
            ],
        ),
        *of_traits(
            "within the last 30 days",
            trait("last_order_at", "within_last", "P30D"),
            [
                ("2026-10-02T00:00:00Z", True, "exactly 30 days ago"),
                ("2026-10-01T23:59:59Z", False, "a second more"),
                ("2026-10-31T23:59:59Z", True, "a second ago"),
                ("2026-11-01T00:00:00Z", False, "now is not in the past"),
                ("2026-12-01T00:00:00Z", False, "the future neither"),
                unknown,
            ],
        ),
        *of_traits(
            "within the next 6 hours",
            trait("last_order_at", "within_next", "PT6H"),
            [
                ("2026-11-01T00:00:00Z", True, "now is in"),
                ("2026-11-01T05:59:59Z", True, "just inside"),
                ("2026-11-01T06:00:00Z", False, "the end is not: half-open"),
                ("2026-10-31T23:59:59Z", False, "the past is not"),
                unknown,
            ],
        ),
        *of_traits(
            "a text is no time",
            trait("income", "before", "2026-10-01"),
            [("2026-09-01", False, "types differ")],
        ),
    ]


def lists_of_values() -> list[Json]:
    unknown: Row = (..., False, "unknown is false")
    return [
        *of_traits(
            "holds any of",
            trait("tags", "any_of", ["vip", "new"]),
            [
                (["new", "x"], True, "one of them"),
                (["x"], False, "none"),
                ([], False, "an empty list holds nothing"),
                unknown,
            ],
        ),
        *of_traits(
            "holds all of",
            trait("tags", "all_of", ["vip", "new"]),
            [
                (["new", "x", "vip"], True, "both, in any order"),
                (["vip", "vip"], False, "one of them twice is not both"),
                unknown,
            ],
        ),
        *of_traits(
            "holds none of",
            trait("tags", "none_of", ["vip", "new"]),
            [
                (["x"], True, "another"),
                ([], True, "an empty list is known"),
                (["vip"], False, "one of them"),
                (..., False, "unknown is false, not 'none of them'"),
            ],
        ),
    ]


def counts() -> list[Json]:
    three = event(ORDER, aggregate="count", op="gte", value=3, within="P30D")
    return [
        *of_events(
            "at least 3 orders in 30 days",
            three,
            [
                (days(ORDER, "05", "10", "15"), True, "three"),
                (days(ORDER, "05", "10"), False, "two"),
                ([], False, "none"),
                (days(ORDER, "01", "10", "15"), False, "one of them is too old"),
                (days(ORDER, "02T00:00:00Z", "10", "15"), True, "exactly 30 days ago is in"),
                (days(ORDER, "01T23:59:59Z", "10", "15"), False, "a second older is not"),
                (
                    [*days(ORDER, "10", "15"), did(ORDER, "2026-11-01T00:00:00Z")],
                    False,
                    "what happens now is not seen yet",
                ),
                (
                    [*days(ORDER, "10", "15"), did(ORDER, "2026-11-05T00:00:00Z")],
                    False,
                    "nor what is still to come",
                ),
                (days(ORDER, "15", "05", "10"), True, "late events count as if they were prompt"),
                ([*days(ORDER, "10", "15"), *days(ADDED, "12")], False, "other events don't count"),
                (
                    [did(ORDER, "2026-10-02T05:30:00+05:30"), *days(ORDER, "10", "15")],
                    True,
                    "midnight in UTC, told in another zone",
                ),
                (days(ORDER, "10", "10", "10"), True, "three at one moment are three"),
            ],
        ),
        *of_events(
            "one message heard three times",
            three,
            [
                (
                    [{**one, "message_id": "m1"} for one in days(ORDER, "05", "10", "15")],
                    False,
                    "a message counts once, at its earliest",
                )
            ],
        ),
        *of_events(
            "fewer than 2 orders",
            event(ORDER, aggregate="count", op="lt", value=2),
            [
                ([], True, "none is fewer than two: the count of nothing is 0"),
                (days(ORDER, "10"), True, "one"),
                (days(ORDER, "10", "11"), False, "two"),
            ],
        ),
        *of_events(
            "exactly 0 orders",
            event(ORDER, aggregate="count", op="eq", value=0),
            [([], True, "none"), (days(ORDER, "10"), False, "one")],
        ),
        *of_events(
            "from 2 to 3 orders",
            event(ORDER, aggregate="count", op="between", value=[2, 3]),
            [
                (days(ORDER, "10"), False, "one"),
                (days(ORDER, "10", "11"), True, "two, the lower end"),
                (days(ORDER, "10", "11", "12"), True, "three, the upper end"),
                (days(ORDER, "10", "11", "12", "13"), False, "four"),
            ],
        ),
        *of_events(
            "did",
            event(ORDER, within="P7D"),
            [
                (days(ORDER, "25T00:00:00Z"), True, "exactly a week ago"),
                (days(ORDER, "24T23:59:59Z"), False, "a second before"),
                ([], False, "never"),
            ],
        ),
        *of_events(
            "did not",
            event(ORDER, aggregate="did_not", within="P7D"),
            [
                ([], True, "never did, so not lately either"),
                (days(ORDER, "10"), True, "did, but long ago"),
                (days(ORDER, "28"), False, "did"),
            ],
        ),
    ]


def sums() -> list[Json]:
    def spent(aggregate: str, op: str, value: Any, name: str = "revenue") -> Json:
        return event(ORDER, aggregate=aggregate, property=name, op=op, value=value)

    return [
        *of_events(
            "spent at least 0.30",
            spent("sum", "gte", 0.3),
            [
                (amounts(0.1, 0.2), True, "a tenth and two tenths are three, to the millionth"),
                (amounts(0.1, 0.1), False, "two tenths"),
                ([], False, "nothing"),
                (days(ORDER, "10"), False, "an order without an amount adds nothing"),
            ],
        ),
        *of_events(
            "spent less than 20",
            spent("sum", "lt", 20),
            [
                ([], True, "nothing is less than 20: the sum of nothing is 0"),
                (amounts(19.99), True, "just less"),
                (amounts(10, 10), False, "exactly 20"),
                (amounts(30, -15), True, "a refund takes off"),
            ],
        ),
        *of_events(
            "spent exactly 60",
            spent("sum", "eq", 60),
            [(amounts(19.99, 20.01, 20), True, "it adds up exactly"), ([], False, "nothing")],
        ),
        *of_events(
            "an order of 20 on average",
            spent("avg", "eq", 20),
            [
                (amounts(10, 30), True, "(10 + 30) / 2"),
                (amounts(10, 30, 20.01), False, "a little more"),
                ([], False, "the average of nothing is unknown, and unknown is false"),
            ],
        ),
        *of_events(
            "a third on average",
            spent("avg", "gt", 0.333333),
            [(amounts(1, 0, 0), True, "a third is more than 0.333333: nothing is rounded")],
        ),
        *of_events(
            "less than 20 on average",
            spent("avg", "lt", 20),
            [([], False, "unknown is false, unlike the sum of nothing"), (amounts(5), True, "5")],
        ),
        *of_events(
            "smallest order at least 10",
            spent("min", "gte", 10),
            [
                (amounts(10, 50), True, "10 is the smallest"),
                (amounts(9.99, 50), False, "9.99 is"),
                ([], False, "unknown is false"),
            ],
        ),
        *of_events(
            "largest order from 40 to 50",
            spent("max", "between", [40, 50]),
            [
                (amounts(10, 50), True, "50 is the largest, and the end is in"),
                (amounts(60, 45), False, "60 is"),
                ([], False, "unknown is false"),
            ],
        ),
        *of_events(
            "sum of a text",
            spent("sum", "gt", 0, "coupon"),
            [(days(ORDER, "10", coupon="50"), False, "a text is no amount, even of digits")],
        ),
        *of_events(
            "amounts beyond a billion",
            spent("sum", "gt", 0),
            [(amounts(2e9), False, "what is beyond a billion is no amount, and left out")],
        ),
    ]


def windows() -> list[Json]:
    absolute = event(ORDER, between=["2026-10-10", "2026-10-20"])
    back = event(ORDER, between=["P60D", "P30D"])
    return [
        *of_events(
            "between two days",
            absolute,
            [
                (days(ORDER, "10T00:00:00Z"), True, "the start is in"),
                (days(ORDER, "19T23:59:59Z"), True, "the last second"),
                (days(ORDER, "20T00:00:00Z"), False, "the end is not: half-open"),
                (days(ORDER, "05"), False, "before"),
            ],
        ),
        *of_events(
            "from 60 to 30 days ago",
            back,
            [
                ([did(ORDER, "2026-09-02T00:00:00Z")], True, "exactly 60 days ago is in"),
                ([did(ORDER, "2026-10-02T00:00:00Z")], False, "exactly 30 days ago is not"),
                ([did(ORDER, "2026-10-01T23:59:59Z")], True, "a second earlier is"),
            ],
        ),
        *of_events(
            "a window that reaches past now",
            event(ORDER, between=["2026-10-20", "2026-12-01"]),
            [
                (days(ORDER, "25"), True, "inside, and before now"),
                ([did(ORDER, "2026-11-15T00:00:00Z")], False, "inside, but still to come"),
            ],
        ),
        *of_events(
            "six hours",
            event(ORDER, within="PT6H"),
            [
                (days(ORDER, "31T18:00:00Z"), True, "exactly six hours ago"),
                (days(ORDER, "31T17:59:59Z"), False, "a second more"),
            ],
        ),
    ]


def filters() -> list[Json]:
    def where(*conditions: Json) -> Json:
        return event(ORDER, where=list(conditions))

    def prop(name: str, op: str, value: Any = None) -> Json:
        condition = {"property": name, "op": op}
        return condition if value is None else {**condition, "value": value}

    dairy = {"category": "Dairy", "revenue": 5.0}
    deli = {"category": "Deli", "revenue": 50.0}
    big_dairy = where({"products": [prop("category", "eq", "Dairy"), prop("revenue", "gt", 20)]})
    return [
        *of_events(
            "orders of more than 20",
            where(prop("revenue", "gt", 20)),
            [
                (amounts(20.01), True, "more"),
                (amounts(20), False, "not more"),
                (days(ORDER, "10"), False, "an order without an amount"),
            ],
        ),
        *of_events(
            "two filters on one event",
            where(prop("revenue", "gt", 20), prop("coupon", "eq", "SPRING")),
            [
                (days(ORDER, "10", revenue=30.0, coupon="SPRING"), True, "both"),
                (
                    [*days(ORDER, "10", revenue=30.0), *days(ORDER, "11", coupon="SPRING")],
                    False,
                    "each on another order",
                ),
            ],
        ),
        *of_events(
            "a property of one's own",
            where(prop("rating", "gte", 4)),
            [
                (days(ORDER, "10", rating=4), True, "a number"),
                (days(ORDER, "10", rating="5"), False, "a text is no number"),
                (days(ORDER, "10", rating=True), False, "a flag neither"),
                (days(ORDER, "10", rating=None), False, "null is unknown"),
            ],
        ),
        *of_events(
            "a property that is not set",
            where(prop("rating", "is_not_set")),
            [
                (days(ORDER, "10"), True, "not there"),
                (days(ORDER, "10", rating=None), True, "null is not set"),
                (days(ORDER, "10", rating=0), False, "zero is"),
                ([], False, "without an order there is nothing to lack it"),
            ],
        ),
        *of_events(
            "a property is one of",
            where(prop("rating", "in", [1, "good"])),
            [
                (days(ORDER, "10", rating="good"), True, "the text"),
                (days(ORDER, "10", rating=1), True, "the number"),
                (days(ORDER, "10", rating="1"), False, "a text of the digit"),
                (days(ORDER, "10", rating=True), False, "true is not 1"),
            ],
        ),
        *of_events(
            "an order with a product for more than 20 from Dairy",
            big_dairy,
            [
                (days(ORDER, "10", products=[{**dairy, "revenue": 25.0}]), True, "one product"),
                (days(ORDER, "10", products=[dairy, deli]), False, "each of another product"),
                (days(ORDER, "10", products=[]), False, "no product"),
                (days(ORDER, "10"), False, "none told"),
            ],
        ),
        *of_events(
            "at least two orders with Deli",
            event(
                ORDER,
                aggregate="count",
                op="gte",
                value=2,
                where=[{"products": [prop("category", "eq", "Deli")]}],
            ),
            [
                (days(ORDER, "10", "11", products=[dairy, deli]), True, "two orders"),
                (days(ORDER, "10", products=[deli, deli]), False, "two products of one order"),
            ],
        ),
    ]


def habits() -> list[Json]:
    weekly = {"kind": "regularly", "event": ORDER, "period": "P7D", "periods": 4, "at_least": 3}
    return [
        *of_events(
            "first order in 30 days",
            {"kind": "first_time", "event": ORDER, "within": "P30D"},
            [
                (days(ORDER, "10", "20"), True, "the first is in the window"),
                (days(ORDER, "01", "20"), False, "there was one before"),
                ([], False, "never"),
                ([did(ORDER, "2026-11-02T00:00:00Z")], False, "it is still to come"),
            ],
        ),
        *of_events(
            "first order above 20 in 30 days",
            {
                "kind": "first_time",
                "event": ORDER,
                "within": "P30D",
                "where": [{"property": "revenue", "op": "gt", "value": 20}],
            },
            [
                (
                    [*days(ORDER, "01", revenue=5.0), *days(ORDER, "20", revenue=30.0)],
                    True,
                    "the first of those that pass the filter",
                )
            ],
        ),
        *of_events(
            "stopped ordering for 14 days",
            {"kind": "stopped", "event": ORDER, "within": "P14D"},
            [
                (days(ORDER, "10"), True, "did, and not since"),
                (days(ORDER, "10", "20"), False, "did since"),
                ([], False, "who never did can't stop"),
                (days(ORDER, "18T00:00:00Z"), False, "exactly 14 days ago is since"),
                (days(ORDER, "17T23:59:59Z"), True, "a second before is not"),
            ],
        ),
        *of_events(
            "stopped, having ordered in the week before",
            {"kind": "stopped", "event": ORDER, "within": "P14D", "before": "P7D"},
            [
                (days(ORDER, "12"), True, "in that week"),
                (days(ORDER, "05"), False, "earlier than that"),
            ],
        ),
        *of_events(
            "restarted",
            {"kind": "restarted", "event": ORDER, "within": "P7D", "silence": "P14D"},
            [
                (days(ORDER, "05", "28"), True, "before, silence, again"),
                (days(ORDER, "05", "15", "28"), False, "no silence"),
                (days(ORDER, "28"), False, "nothing before: a beginning"),
                (days(ORDER, "05"), False, "not again"),
                (days(ORDER, "11T00:00:00Z", "28"), False, "the silence's first moment"),
                (days(ORDER, "10T23:59:59Z", "28"), True, "just before the silence"),
            ],
        ),
        *of_events(
            "in 3 of the last 4 weeks",
            weekly,
            [
                (days(ORDER, "05", "12", "20"), True, "three weeks"),
                (days(ORDER, "05", "06", "07"), False, "three times in one week"),
                (days(ORDER, "05", "12", "20", "28"), True, "all four"),
                (days(ORDER, "01", "12", "20"), False, "the first is too old"),
                (
                    days(ORDER, "11T00:00:00Z", "10T23:59:59Z", "28"),
                    True,
                    "a week begins with its first moment, counted back from now",
                ),
            ],
        ),
    ]


def sequences() -> list[Json]:
    def steps(*steps: Json, **more: Any) -> Json:
        return {"kind": "sequence", "steps": list(steps), **more}

    abandoned = steps({"event": ADDED}, within="P7D", then_not={"event": ORDER, "within": "P1D"})
    return [
        *of_events(
            "added, then ordered",
            steps({"event": ADDED}, {"event": ORDER}),
            [
                ([*days(ADDED, "10"), *days(ORDER, "12")], True, "in this order"),
                ([*days(ORDER, "10"), *days(ADDED, "12")], False, "the other way round"),
                ([*days(ADDED, "10"), *days(ORDER, "10")], False, "at one moment is not after"),
                (days(ADDED, "10"), False, "not ordered"),
            ],
        ),
        *of_events(
            "added, then ordered within a day",
            steps({"event": ADDED}, {"event": ORDER, "within": "P1D"}),
            [
                ([*days(ADDED, "10"), *days(ORDER, "11")], True, "exactly a day later is within"),
                (
                    [*days(ADDED, "10"), *days(ORDER, "11T12:00:01Z")],
                    False,
                    "a second more is not",
                ),
                (
                    [*days(ADDED, "05", "10"), *days(ORDER, "11T08:00:00Z")],
                    True,
                    "counted from the nearest",
                ),
            ],
        ),
        *of_events(
            "the same thing twice",
            steps({"event": ORDER}, {"event": ORDER, "within": "P7D"}),
            [
                (days(ORDER, "10", "15"), True, "two orders in a week"),
                (days(ORDER, "10"), False, "one order is not two"),
                (days(ORDER, "10", "20"), False, "too far apart"),
            ],
        ),
        *of_events(
            "viewed, then ordered with nothing added in between",
            steps({"event": VIEWED}, {"event": ORDER, "without": [{"event": ADDED}]}),
            [
                ([*days(VIEWED, "10"), *days(ORDER, "12")], True, "nothing in between"),
                (
                    [*days(VIEWED, "10"), *days(ADDED, "11"), *days(ORDER, "12")],
                    False,
                    "added in between",
                ),
                (
                    [*days(VIEWED, "10", "12"), *days(ADDED, "11"), *days(ORDER, "13")],
                    True,
                    "another view has nothing in between",
                ),
                (
                    [*days(VIEWED, "10"), *days(ADDED, "10"), *days(ORDER, "12")],
                    True,
                    "at the same moment is not in between",
                ),
            ],
        ),
        *of_events(
            "three steps",
            steps({"event": VIEWED}, {"event": ADDED, "within": "P1D"}, {"event": ORDER}),
            [
                (
                    [*days(VIEWED, "10"), *days(ADDED, "11"), *days(ORDER, "20")],
                    True,
                    "all three",
                ),
                (
                    [*days(VIEWED, "10"), *days(ADDED, "12"), *days(ORDER, "20")],
                    False,
                    "the second is late",
                ),
                (
                    [*days(VIEWED, "10", "15"), *days(ADDED, "12", "15T18:00:00Z")],
                    False,
                    "the third is missing",
                ),
            ],
        ),
        *of_events(
            "an abandoned cart",
            abandoned,
            [
                (days(ADDED, "28"), True, "added, and no order for a day"),
                ([*days(ADDED, "28"), *days(ORDER, "29")], False, "ordered a day later to the dot"),
                ([*days(ADDED, "28"), *days(ORDER, "30")], True, "ordered too late"),
                (days(ADDED, "31"), False, "the day has not gone by yet"),
                (days(ADDED, "31T00:00:00Z"), False, "it ends just now: the last moment is unseen"),
                (days(ADDED, "10"), False, "outside the window"),
                ([*days(ORDER, "27"), *days(ADDED, "28")], True, "an order before is not after"),
                (
                    [*days(ADDED, "26", "29"), *days(ORDER, "26T13:00:00Z")],
                    True,
                    "of two carts one was left",
                ),
            ],
        ),
        *of_events(
            "added, and no order since",
            steps({"event": ADDED}, then_not={"event": ORDER}),
            [
                (days(ADDED, "31"), True, "however lately"),
                ([*days(ADDED, "10"), *days(ORDER, "31")], False, "ordered since"),
            ],
        ),
        *of_events(
            "a sequence in a window",
            steps({"event": ADDED}, {"event": ORDER}, within="P7D"),
            [
                ([*days(ADDED, "26"), *days(ORDER, "28")], True, "both in the window"),
                ([*days(ADDED, "20"), *days(ORDER, "28")], False, "the first is too old"),
            ],
        ),
    ]


def references() -> list[Json]:
    cluster = {"kind": "cluster", "cluster": 3, "run": 7}
    rich = trait("monetary", "gt", 100)
    lapsed = {"segments": {"lapsed": event(ORDER, aggregate="did_not", within="P30D")}}
    chain = {
        "segments": {
            "rich": rich,
            "lapsed rich": {
                "kind": "all",
                "rules": [
                    {"kind": "segment", "segment": "rich"},
                    event(ORDER, aggregate="did_not"),
                ],
            },
        }
    }
    top = {"kind": "percentile", "trait": "monetary", "end": "top", "percent": 10}
    limit = {"thresholds": [["monetary", "top", 10, 100.0]]}
    return of_people(
        "reference",
        [
            (cluster, {"clusters": {"7": 3}}, True, "in the cluster"),
            (cluster, {"clusters": {"7": 4}}, False, "in another"),
            (cluster, {"clusters": {"6": 3}}, False, "in it in another run"),
            (cluster, {}, False, "no cluster is known"),
            ({"kind": "list", "list": "vip"}, {"lists": {"vip": ["me"]}}, True, "on the list"),
            ({"kind": "list", "list": "vip"}, {"lists": {"vip": ["ME"]}}, False, "capitals count"),
            ({"kind": "list", "list": "vip"}, {"lists": {"vip": []}}, False, "an empty list"),
            ({"kind": "segment", "segment": "lapsed"}, lapsed, True, "in the segment"),
            (
                {"kind": "segment", "segment": "lapsed"},
                {**lapsed, "events": days(ORDER, "20")},
                False,
                "not in the segment",
            ),
            (
                {"kind": "segment", "segment": "lapsed rich"},
                {**chain, "traits": {"monetary": 101.0}},
                True,
                "through two segments",
            ),
            (
                {"kind": "segment", "segment": "lapsed rich"},
                {**chain, "traits": {"monetary": 100.0}},
                False,
                "the inner one fails",
            ),
            (top, {**limit, "traits": {"monetary": 100.0}}, True, "at the threshold: ties are in"),
            (top, {**limit, "traits": {"monetary": 99.99}}, False, "below it"),
            (top, limit, False, "unknown has no place in the order"),
            (
                {**top, "end": "bottom"},
                {"thresholds": [["monetary", "bottom", 10, 5.0]], "traits": {"monetary": 5.0}},
                True,
                "at the lower threshold",
            ),
            (
                top,
                {"thresholds": [["monetary", "top", 10, None]], "traits": {}},
                False,
                "nobody's value is known",
            ),
        ],
    )


def combinations() -> list[Json]:
    rich, young = trait("monetary", "gt", 100), trait("income", "eq", "50-74K")
    often = trait("frequency", "gte", 3)

    def of(monetary: float | None = None, income: str | None = None, frequency: int = 0) -> Json:
        given = {"monetary": monetary, "income": income, "frequency": frequency}
        return {"traits": {name: value for name, value in given.items() if value is not None}}

    both = {"kind": "all", "rules": [rich, young]}
    either = {"kind": "any", "rules": [rich, young]}
    two = {"kind": "at_least", "count": 2, "rules": [rich, young, often]}

    def negated(rule: Json) -> Json:
        return {"kind": "not", "rule": rule}

    return of_people(
        "combination",
        [
            (both, of(200, "50-74K"), True, "both hold"),
            (both, of(200, "x"), False, "one fails"),
            (both, of(200), False, "one is unknown"),
            (either, of(200), True, "one holds, the other is unknown"),
            (either, of(5, "x"), False, "neither"),
            (negated(rich), of(5), True, "it fails"),
            (negated(rich), of(200), False, "it holds"),
            (negated(rich), {}, True, "not of unknown is true"),
            (negated(negated(rich)), {}, False, "twice not is what it was"),
            (negated(trait("income", "ne", "x")), {}, True, "not (known and other) of unknown"),
            (negated(both), of(200), True, "not both, since one is unknown"),
            ({"kind": "all", "rules": []}, {}, True, "all of nothing is everybody"),
            (negated({"kind": "all", "rules": []}), {}, False, "nobody but everybody"),
            (two, of(200, "50-74K"), True, "two of three"),
            (two, of(200, "50-74K", 5), True, "three of three"),
            (two, of(200), False, "one of three"),
            (two, {}, False, "none"),
            (
                {"kind": "all", "rules": [either, negated(often)]},
                of(200, frequency=1),
                True,
                "a group within a group",
            ),
            (
                {"kind": "any", "rules": [both, often]},
                of(200, "x", 1),
                False,
                "(a and b) or c, with only a",
            ),
            (
                {"kind": "all", "rules": [rich, {"kind": "any", "rules": [young, often]}]},
                of(200, "x", 1),
                False,
                "a and (b or c), with only a",
            ),
            (
                {"kind": "all", "rules": [rich, {"kind": "any", "rules": [young, often]}]},
                of(200, "x", 3),
                True,
                "a and (b or c), with a and c",
            ),
        ],
    )


FAMILIES: Final = (
    *(equality, order, sets_and_texts, times, lists_of_values, counts, sums, windows),
    *(filters, habits, sequences, references, combinations),
)


def main() -> None:
    cases = [case for family in FAMILIES for case in family()]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    CASES.write_text(f'{{"as_of": "{AS_OF}", "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
