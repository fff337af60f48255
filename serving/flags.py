"""OFREP's answers: a segment is a flag that is true or false; each is written as JSON beforehand.

What a segment answers is one of four things (in or out, from live state or as batch found), so all
four are written once for each state of what is published, and a request only chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from data.live_profiles import Belonging
from data.live_views import Wants
from data.published import Published, Told
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.partial import Known, compile_known
from kindred.segments.profile import Profile
from kindred.segments.walk import leaves_through

TARGETING_MATCH: Final = "TARGETING_MATCH"
DEFAULT: Final = "DEFAULT"  # targeting did not match
STATIC: Final = "STATIC"  # nothing of the person is looked at
SPLIT: Final = "SPLIT"
LIVE: Final = "live"
BATCH: Final = "batch"
VARIANTS: Final = {True: "in", False: "out"}
NEVER: Final = 1 << 62  # since when events are known where none are: microseconds, beyond any time
_encode: Final = msgspec.json.encode
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_FEW: Final = frozenset({r.PercentileRule, r.ClusterRule})  # known by batch alone
_NO_EVENTS: Final = frozenset({r.TraitRule, r.ListRule, r.SegmentRule, *_FEW})
NOTHING: Final = Wants(frozenset())


class Failure(Exception):
    """A flag that can't be answered, as OFREP says it.

    Parameters
    ----------
    code : str
        One of OFREP's error codes.
    details : str
    """

    def __init__(self, code: str, details: str) -> None:
        super().__init__(details)
        self.code, self.details = code, details

    def body(self, key: str | None = None) -> bytes:
        """Write it as OFREP does; without a key for a whole request."""
        said = {} if key is None else {"key": key}
        return _encode({**said, "errorCode": self.code, "errorDetails": self.details})


class Asked(msgspec.Struct, frozen=True):
    """Who asks, as far as answers depend on it.

    Parameters
    ----------
    now, since : int
        In microseconds since 1970: the time that windows end at, and the time from which on all of
        the person's events are known.
    memberships : mapping of segment's key to Belonging
        As batch found.
    given : frozenset of str
        Traits that the caller gave for this answer only.
    units : mapping
        The ``userId`` and ``anonymousId`` that the caller gave, for experiments that hash one.
    """

    profile: Profile
    now: int
    since: int
    memberships: Mapping[str, Belonging]
    given: frozenset[str] = frozenset()
    units: Mapping[str, str] = _NOBODY


@dataclass(frozen=True)
class Answers:
    """What a segment may answer, in and out, written beforehand."""

    yes: bytes
    no: bytes


@dataclass(frozen=True)
class SegmentFlag:
    """A segment as a flag.

    Parameters
    ----------
    known : callable or None
        Answers from live state; none where the rule can't be answered there, and `why` says so.
    counted : int or None
        The version whose members batch worked out; none: no version's.
    wants : Wants
        What of a person live state is asked for.
    """

    key: str
    told: Told
    known: Known | None
    why: str
    traits: frozenset[str]
    counted: int | None
    live: Answers
    batch: Answers
    wants: Wants

    @property
    def version(self) -> int:
        """The version that is live."""
        return self.told.live.number

    @property
    def browser(self) -> bool:
        """Whether it may be told to browsers."""
        return self.told.live.terms.browser

    def holds(self, asked: Asked) -> bool | None:
        """Tell whether the person is in by live state, or None where that can't tell."""
        if self.known is None:
            return None
        return self.known(asked.profile, asked.now, asked.since)

    def body(self, asked: Asked) -> bytes:
        """Write the answer.

        Raises
        ------
        Failure
            Neither live state nor batch can tell.
        """
        found = self.holds(asked)
        if found is not None:
            return self.live.yes if found else self.live.no
        return self.batch.yes if self.by_batch(asked) else self.batch.no

    def by_batch(self, asked: Asked) -> bool:
        """Tell whether batch last found the person in.

        Raises
        ------
        Failure
            It never looked, or looked at other traits than the caller gives.
        """
        if self.counted is None:
            why = self.why or "It asks about earlier events than live state holds"
            raise Failure("GENERAL", f"{why}, and its members have not been worked out yet.")
        if self.traits & asked.given:
            changed = ", ".join(sorted(self.traits & asked.given))
            raise Failure(
                "GENERAL", f"Only batch can tell, which does not know the {changed} given."
            )
        return self.key in asked.memberships


def segment_flag(told: Told, published: Published) -> SegmentFlag:
    """Make a segment ready to be asked about."""
    key, version, rule = told.live.key, told.live.number, told.rule
    leaves = leaves_through(rule, published.context.segments)
    try:
        known, why = compile_known(rule, published.context), ""
    except UserError as error:
        known, why = None, error.what.rstrip(".")
    matched = TARGETING_MATCH if leaves else STATIC
    traits = wants(leaves).traits or frozenset()
    stale = bool(_FEW & {type(leaf) for leaf in leaves} or traits - published.told_traits)
    return SegmentFlag(
        key,
        told,
        known,
        why,
        traits,
        told.counted,
        _answers(key, version, LIVE, published.traits_as_of if stale else None, matched),
        _answers(key, told.counted or version, BATCH, published.memberships_as_of, matched),
        NOTHING if known is None else wants(leaves),
    )


def wants(leaves: Sequence[r.Leaf]) -> Wants:
    """Tell what of a person a rule's leaves look at."""
    kinds = {type(leaf) for leaf in leaves}
    traits = frozenset(
        leaf.trait for leaf in leaves if isinstance(leaf, r.TraitRule | r.PercentileRule)
    )
    return Wants(traits, events=bool(kinds - _NO_EVENTS), clusters=r.ClusterRule in kinds)


def _answers(key: str, version: int, source: str, as_of: datetime | None, matched: str) -> Answers:
    metadata: dict[str, Any] = {"version": version, "source": source}
    if as_of is not None:
        metadata["asOf"] = as_of  # the age of the oldest thing that the answer stands on
    missed = STATIC if matched == STATIC else DEFAULT
    return Answers(
        flag_body(key, True, matched, VARIANTS[True], metadata),
        flag_body(key, False, missed, VARIANTS[False], metadata),
    )


def flag_body(
    key: str, value: bool | str, reason: str, variant: str, metadata: Mapping[str, Any]
) -> bytes:
    """Write a flag's answer.

    Examples
    --------
    >>> flag_body("vip", True, "STATIC", "in", {"share": 1.0})
    b'{"key":"vip","value":true,"reason":"STATIC","variant":"in","metadata":{"share":1.0}}'
    """
    return _encode(
        {
            "key": key,
            "value": value,
            "reason": reason,
            "variant": variant,
            "metadata": dict(metadata),
        }
    )
