"""What a caller gives stands over a person's traits, for one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kindred.errors import UserError
from kindred.segments.durations import instant
from kindred.segments.profile import Profile, clean_value
from kindred.traits.trait import TraitType
from serving.flags import Failure

TARGETING_KEY: Final = "targetingKey"
LONGEST_ID: Final = 1024
UNITS: Final = ("userId", "anonymousId")


def person_of(context: Mapping[str, Any]) -> str:
    """Find who is asked about.

    Raises
    ------
    Failure
        The context does not say.
    """
    person = context.get(TARGETING_KEY)
    if person is None or person == "":
        raise Failure("TARGETING_KEY_MISSING", "Give the userId or anonymousId as targetingKey.")
    if not isinstance(person, str) or len(person) > LONGEST_ID:
        what = f"a text of at most {LONGEST_ID:,} characters"
        raise Failure("INVALID_CONTEXT", f"The targetingKey is not {what}.")
    return person


def units_of(context: Mapping[str, Any]) -> dict[str, str]:
    """Find the ids that a caller gives beside the targeting key."""
    return {name: v for name in UNITS if isinstance(v := context.get(name), str) and v}


def overlaid(
    profile: Profile, context: Mapping[str, Any], types: Mapping[str, TraitType] | None
) -> tuple[Profile, frozenset[str]]:
    """Give a profile with the context's traits over its own, and their names.

    Null takes a trait away. What is no trait is left aside: callers tell more than we ask.

    Raises
    ------
    Failure
        A trait's value is an object, a number too large, or a time that can't be read.
    """
    if len(context) <= 1:
        return profile, frozenset()
    given = {
        name: _value(name, value, None if types is None else types[name])
        for name, value in context.items()
        if name != TARGETING_KEY and (types is None or name in types)
    }
    traits = {name: v for name, v in {**profile.traits, **given}.items() if v is not None}
    numbers = {name: value for name, value in traits.items() if type(value) in (int, float)}
    changed = Profile(profile.person_id, traits, numbers, profile.events, profile.clusters)
    return changed, frozenset(given)


def _value(name: str, value: Any, kind: TraitType | None) -> Any:
    if isinstance(value, dict):
        if kind is None:
            return None
        raise Failure("INVALID_CONTEXT", f"{name}: a trait is no object.")
    if kind is TraitType.TIME and isinstance(value, str):
        try:
            return instant(value)
        except UserError as error:
            raise Failure("INVALID_CONTEXT", f"{name}: {error}") from None
    try:
        return clean_value(value)
    except OverflowError:
        raise Failure("INVALID_CONTEXT", f"{name}: a number is too large.") from None
