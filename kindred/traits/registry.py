"""The registry: every trait declared once, with its expression over a person's measures.

An Ibis expression is a value that any engine may run; building one touches none. ``as_of`` ends
every window and is not in it.
"""

from __future__ import annotations

from typing import Final

from kindred.traits.about import ABOUT_TRAITS
from kindred.traits.browsing import BROWSING_TRAITS
from kindred.traits.computed import Computed
from kindred.traits.rfm import RFM_TRAITS
from kindred.traits.rhythm import RHYTHM_TRAITS
from kindred.traits.taste import TASTE_TRAITS
from kindred.traits.trait import Trait
from kindred.traits.value import VALUE_TRAITS

REVISION: Final = 2  # raise it when an expression means something else than before

TRAITS: tuple[Computed, ...] = (
    *VALUE_TRAITS,
    *RHYTHM_TRAITS,
    *TASTE_TRAITS,
    *BROWSING_TRAITS,
    *ABOUT_TRAITS,
)
DECLARED: tuple[Trait, ...] = tuple(computed.trait for computed in (*TRAITS, *RFM_TRAITS))
