"""Whatever is begun or changed in the editor can be evaluated at every moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kindred.events import ORDER_COMPLETED, PRODUCT_ADDED
from kindred.segments import rules as r
from kindred.segments.catalogue import Catalogue
from kindred.segments.check_values import OPERATORS
from kindred.segments.defaults import (
    MEASURES,
    can_begin,
    followed,
    new_leaf,
    operators,
    property_filter,
    trait_rule,
)
from kindred.segments.fields import part, with_item, with_part, without_item
from kindred.segments.rules import KINDS
from kindred.segments.templates import Known, templates
from kindred.segments.validate import check, problems
from kindred.traits.trait import TraitType as T

TRAITS = {
    "monetary": T.NUMBER,
    "orders": T.INTEGER,
    "income": T.CATEGORY,
    "opted_in": T.FLAG,
    "last_order_at": T.TIME,
    "tags": T.LIST,
}
PROPERTIES = {"revenue": T.NUMBER, "coupon": T.CATEGORY, "gift": T.FLAG}
OF_PRODUCTS = {"price": T.NUMBER, "category": T.CATEGORY}
VALUES: dict[T, list[Any]] = {
    T.NUMBER: [12.5],
    T.INTEGER: [3],
    T.CATEGORY: ["a", "b"],
    T.FLAG: [True, False],
    T.TIME: [],
    T.LIST: ["vip"],
}
CATALOGUE = Catalogue(
    traits=TRAITS,
    events={ORDER_COMPLETED: PROPERTIES, PRODUCT_ADDED: PROPERTIES},
    clusters={7: [3]},
    segments={"lapsed": r.AllRule(())},
    lists=["vip"],
)
LEAVES = [kind for kind, made in KINDS.items() if kind not in {"all", "any", "not", "at_least"}]


@dataclass
class There:
    """What a workspace suggests."""

    traits: Sequence[str] = tuple(TRAITS)
    events: Sequence[str] = (ORDER_COMPLETED, PRODUCT_ADDED)
    clusters: Sequence[tuple[int, int]] = ((7, 3),)
    segments: Sequence[str] = ("lapsed",)
    lists: Sequence[str] = ("vip",)
    today: str = "2026-11-24"
    values: dict[T, list[Any]] = field(default_factory=lambda: VALUES)

    def trait_type(self, name: str) -> T:
        return TRAITS[name]

    def trait_values(self, name: str) -> Sequence[Any]:
        return self.values[TRAITS[name]]

    def property_type(self, event: str, name: str, of_products: bool) -> T:
        return (OF_PRODUCTS if of_products else PROPERTIES)[name]

    def property_values(self, event: str, name: str, of_products: bool) -> Sequence[Any]:
        return self.values[self.property_type(event, name, of_products)]

    def properties(self, event: str, of_products: bool) -> Sequence[str]:
        return tuple(OF_PRODUCTS if of_products else PROPERTIES)


THERE = There()
NOTHING_KNOWN = There(values={kind: [] for kind in VALUES})


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.parametrize("there", [THERE, NOTHING_KNOWN], ids=["known", "no values"])
def test_a_new_condition_of_every_kind_can_be_evaluated(kind: str, there: There) -> None:
    assert can_begin(kind, there)
    leaf = new_leaf(kind, there)
    assert leaf.kind == kind
    check(leaf, CATALOGUE)


def test_what_there_is_nothing_of_is_not_offered() -> None:
    empty = There((), (), (), (), ())
    assert not any(can_begin(kind, empty) for kind in LEAVES)
    texts = replace(empty, traits=("income",))
    assert can_begin("trait", texts)
    assert not can_begin("percentile", texts)


@pytest.mark.parametrize("there", [THERE, NOTHING_KNOWN], ids=["known", "no values"])
def test_every_way_from_one_trait_and_operator_to_another_can_be_evaluated(there: There) -> None:
    for before in TRAITS:
        for after, kind in TRAITS.items():
            leaf = followed(replace(trait_rule(before, there), trait=after), ("trait",), there)
            check(leaf, CATALOGUE)
            for first in operators(kind):
                one = followed(with_part(leaf, ("op",), first), ("op",), there)
                check(one, CATALOGUE)
                for second in operators(kind):
                    check(followed(with_part(one, ("op",), second), ("op",), there), CATALOGUE)


def test_operators_are_all_there_the_usual_first() -> None:
    for kind in T:
        assert sorted(operators(kind)) == sorted(OPERATORS[kind])


@pytest.mark.parametrize("there", [THERE, NOTHING_KNOWN], ids=["known", "no values"])
def test_every_way_from_one_aggregate_to_another_can_be_evaluated(there: There) -> None:
    aggregates = ("did", "did_not", *sorted(MEASURES))
    for first in aggregates:
        for second in aggregates:
            leaf = new_leaf("event", there)
            for aggregate in (first, second):
                leaf = followed(with_part(leaf, ("aggregate",), aggregate), ("aggregate",), there)
                check(leaf, CATALOGUE)
            if second in MEASURES:
                for op in ("between", "eq", "between", "gte"):
                    leaf = followed(with_part(leaf, ("op",), op), ("op",), there)
                    check(leaf, CATALOGUE)


@pytest.mark.parametrize("kind", ["event", "first_time", "stopped", "restarted", "regularly"])
def test_filters_follow_their_property_and_go_with_their_event(kind: str) -> None:
    leaf = new_leaf(kind, THERE)
    for name, type_ in PROPERTIES.items():
        filtered = with_item(leaf, ("where",), property_filter(ORDER_COMPLETED, "coupon", THERE))
        way = ("where", 0, "property")
        changed = followed(with_part(filtered, way, name), way, THERE)
        check(changed, CATALOGUE)
        for op in operators(type_):
            way = ("where", 0, "op")
            check(followed(with_part(changed, way, op), way, THERE), CATALOGUE)
        other = followed(with_part(changed, ("event",), PRODUCT_ADDED), ("event",), THERE)
        assert part(other, ("where",)) == ()
        assert without_item(changed, ("where", 0)) == leaf


def test_filters_of_products_and_steps_follow_too() -> None:
    of_product = property_filter(ORDER_COMPLETED, "category", THERE, of_products=True)
    leaf = with_item(
        new_leaf("sequence", THERE), ("steps", 1, "where"), r.ProductFilter((of_product,))
    )
    way = ("steps", 1, "where", 0, "products", 0, "property")
    changed = followed(with_part(leaf, way, "price"), way, THERE)
    check(changed, CATALOGUE)
    assert part(changed, way[:-1]).op == "gte"
    step = ("steps", 1, "event")
    moved = followed(with_part(changed, step, ORDER_COMPLETED), step, THERE)
    assert part(moved, ("steps", 1, "where")) == ()


def test_values_stay_where_they_still_fit() -> None:
    leaf = r.TraitRule("income", "in", ("b",))
    one = followed(with_part(leaf, ("op",), "eq"), ("op",), THERE)
    assert one == r.TraitRule("income", "eq", "b")
    assert followed(with_part(one, ("op",), "not_in"), ("op",), THERE) == replace(leaf, op="not_in")


# --- templates ------------------------------------------------------------------------------------

KNOWN = Known(
    frozenset({"monetary", "rfm_group", "favourite_category", "region", "discount_share"}),
    frozenset({ORDER_COMPLETED, PRODUCT_ADDED}),
    {"rfm_group": ["Loyal", "Lost"], "favourite_category": ["DELI"], "region": ["North"]},
)


def test_every_template_of_a_full_workspace_can_be_published() -> None:
    found = templates(KNOWN)
    there = Catalogue(
        traits=dict.fromkeys(("monetary", "discount_share"), T.NUMBER)
        | dict.fromkeys(("rfm_group", "favourite_category", "region"), T.CATEGORY),
        events={ORDER_COMPLETED: None, PRODUCT_ADDED: None},
    )
    for one in found:
        assert one.rule is not None, one.lacking
        assert problems(one.rule, there) == []
        assert one.why.endswith(".")
    names = [one.name for one in found]
    assert len(set(names)) == len(names)
    assert {"Lapsed", "Cart abandoners", "New", "Loyal", "Big spenders", "Local"} <= set(names)
    assert {"RFM: Loyal", "RFM: Lost", "Fans of deli"} <= set(names)


def test_what_a_workspace_lacks_is_said() -> None:
    lacking = {one.name: one.lacking for one in templates(Known(frozenset(), frozenset(), {}))}
    assert lacking["Cart abandoners"] == "events “Product Added”, “Order Completed”"
    assert lacking["Frequent and valuable"] == ("the trait “monetary” and events “Order Completed”")
    valueless = Known(frozenset({"region"}), frozenset(), {"region": []})
    assert {t.name: t.lacking for t in templates(valueless)}["Local"] == "the trait “region”"
