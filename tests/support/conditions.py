"""Random rules that condition languages may say, people, and GrowthBook's own evaluator."""

from __future__ import annotations

from typing import Any

from growthbook.core import evalCondition
from hypothesis import strategies as st

from kindred.segments import rules as r
from kindred.segments.conditions import Condition
from kindred.segments.context import Context
from kindred.segments.profile import Profile
from kindred.traits.trait import TraitType
from tests.support.segment_worlds import AMOUNTS, RUN, WORDS, grouped, times, trait_rules

TYPES = {
    "monetary": TraitType.NUMBER,
    "frequency": TraitType.INTEGER,
    "income": TraitType.CATEGORY,
    "opted_in": TraitType.FLAG,
    "last_order_at": TraitType.TIME,
    "tags": TraitType.LIST,
}
CONTEXT = Context(
    segments={"plain": r.TraitRule("income", "ne", ""), "nested": r.SegmentRule("plain")},
    lists={"vip": frozenset({"p0", "p3", "elsewhere"})},
    cluster_runs=frozenset({RUN}),
    traits=TYPES,
)
GROUPS = {name: sorted(ids) for name, ids in CONTEXT.lists.items()}

# Of any type: an SDK is told what its page says, whatever a trait's type is.
values = st.one_of(
    st.sampled_from((0, 1, 2, 3, -5, 20, 1 << 53, *AMOUNTS)),
    st.sampled_from((*WORDS, "3", "true", "a\n", "x/y", "😀", "K\r")),
    st.booleans(),
    st.lists(st.sampled_from(("vip", "new", "", 3, "3", True, 1)), max_size=3),
    st.none(),
)
told = st.fixed_dictionaries(
    {}, optional={**{name: values for name in TYPES if name != "last_order_at"}, "other": values}
)
people = st.lists(
    st.builds(
        lambda person, traits, moment: Profile.of(
            person, traits if moment is None else {**traits, "last_order_at": moment}
        ),
        st.sampled_from(("p0", "p1", "3")),
        told,
        st.none() | times,
    ),
    min_size=1,
    max_size=5,
)
references = st.sampled_from((r.ListRule("vip"), r.SegmentRule("plain"), r.SegmentRule("nested")))
plain_rules = st.recursive(trait_rules | trait_rules | references, grouped, max_leaves=4)


def holds(written: Condition, told: dict[str, Any]) -> bool:
    """Ask GrowthBook's evaluator for Python."""
    return evalCondition(told, dict(written.condition), GROUPS)
