"""A trait with its expression, and short ways of declaring the usual kinds."""

from __future__ import annotations

from dataclasses import dataclass

from kindred.traits.measures import Expression
from kindred.traits.trait import Impute, Scale, Trait, TraitType

# Families: how screens group traits.
VALUE, RHYTHM, TASTE, BROWSING, ABOUT = "value", "rhythm", "taste", "browsing", "about"


@dataclass(frozen=True)
class Computed:
    """A trait and how it follows from measures."""

    trait: Trait
    expression: Expression


def number(
    name: str,
    sentence: str,
    unit: str,
    family: str,
    expression: Expression,
    *,
    impute: Impute = Impute.MEDIAN,
    scale: Scale = Scale.ZSCORE,
    feature: bool = False,
) -> Computed:
    """Declare a number."""
    trait = Trait(name, sentence, unit, TraitType.NUMBER, family, impute, scale, feature)
    return Computed(trait, expression)


def count(
    name: str, sentence: str, unit: str, family: str, of: str, *, feature: bool = False
) -> Computed:
    """Declare a count: the measure `of`, and 0 where there is nothing to count."""
    kind, impute, scale = TraitType.INTEGER, Impute.ZERO, Scale.LOG
    trait = Trait(name, sentence, unit, kind, family, impute, scale, feature)
    return Computed(trait, lambda m, _: m[of].fill_null(0).cast("int64"))


def share(
    name: str, sentence: str, family: str, expression: Expression, *, feature: bool = True
) -> Computed:
    """Declare a share, 0 … 1."""
    return number(name, sentence, "share", family, expression, feature=feature)


def category(name: str, sentence: str, family: str, expression: Expression) -> Computed:
    """Declare a category; it has no unit."""
    return Computed(Trait(name, sentence, "", TraitType.CATEGORY, family), expression)


def time(name: str, sentence: str, family: str, expression: Expression) -> Computed:
    """Declare an instant, in UTC."""
    return Computed(Trait(name, sentence, "", TraitType.TIME, family), expression)
