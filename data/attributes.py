"""What people told of themselves: the attributes of ``identify`` events, latest value each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import ibis
from ibis.backends.duckdb import Backend
from ibis.util import gen_name

from kindred.traits.about import attribute_trait
from kindred.traits.names import free_names
from kindred.traits.trait import Trait, TraitType

MOST_ATTRIBUTES: Final = 50
ISO_DATE: Final = r"^\d{4}-\d{2}-\d{2}([T ]|$)"
_NUMBERS: Final = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE", "DECIMAL")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_valid(text: str) -> bool:  # type: ignore[empty-body]
    """Say whether a text is JSON."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_extract_string(text: str, pointer: str) -> str:  # type: ignore[empty-body]
    """Read a member of a JSON object as text."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_type(text: str, pointer: str) -> str:  # type: ignore[empty-body]
    """Name the type of a member of a JSON object."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_keys(text: str) -> list[str]:  # type: ignore[empty-body]
    """List the members of a JSON object."""


@dataclass(frozen=True)
class Attributes:
    """A table with a row for each person who told something (none: nobody did), and its columns."""

    table: ibis.Table | None
    traits: tuple[Trait, ...]


def attributes(backend: Backend, seen: ibis.Table, *, taken: Sequence[str]) -> Attributes:
    """Find the 50 attributes that are told most, each person's latest value, and their types.

    An attribute is a number, a flag or an instant where every value told is one, else a category.
    A name that is `taken` gets ``_told`` behind it.
    """
    told = seen.filter((seen["type"] == "identify") & seen["traits"].notnull())
    told = told.filter(json_valid(told["traits"])).select("person_id", "timestamp", "traits")
    told = backend.create_table(gen_name("told"), told, temp=True)
    keys = _keys(told)
    if not keys:
        return Attributes(None, ())
    types = _types(told, keys)
    names = free_names(keys, taken)
    latest = backend.create_table(gen_name("attributes"), _latest(told, keys), temp=True)
    columns = {
        names[key]: _typed(latest[_column(place)], types[key]) for place, key in enumerate(keys)
    }
    traits = tuple(attribute_trait(key, types[key], names[key]) for key in keys)
    return Attributes(latest.select("person_id", **columns), traits)


def _keys(told: ibis.Table) -> list[str]:
    keys = told.select(key=json_keys(told["traits"]).unnest()).group_by("key")
    counted = keys.aggregate(n=ibis._.count()).order_by([ibis.desc("n"), "key"])
    found: list[str] = counted.limit(MOST_ATTRIBUTES).to_pyarrow().column("key").to_pylist()
    return found


def _latest(told: ibis.Table, keys: Sequence[str]) -> ibis.Table:
    """Read each member's latest value as text; of two at the same instant, always the same."""
    values = told.mutate(
        **{
            _column(place): json_extract_string(told["traits"], pointer_to(key))
            for place, key in enumerate(keys)
        }
    )
    return values.group_by("person_id").aggregate(
        **{name: _last(values, name) for name in map(_column, range(len(keys)))}
    )


def _last(values: ibis.Table, name: str) -> ibis.Value:
    pair = ibis.struct({"timestamp": values["timestamp"], "value": values[name]})
    return pair.max(where=values[name].notnull())["value"]


def _types(told: ibis.Table, keys: Sequence[str]) -> dict[str, TraitType]:
    counts: dict[str, ibis.Value] = {}
    for place, key in enumerate(keys):
        kind = json_type(told["traits"], pointer_to(key))
        text = json_extract_string(told["traits"], pointer_to(key))
        dated = text.re_search(ISO_DATE) & text.try_cast("timestamp").notnull()
        counts[f"known_{place}"] = text.notnull().sum()
        counts[f"numbers_{place}"] = kind.isin(_NUMBERS).sum()
        counts[f"flags_{place}"] = (kind == "BOOLEAN").sum()
        counts[f"times_{place}"] = ((kind == "VARCHAR") & dated).sum()
    found: Mapping[str, int | None] = told.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return {key: _type(found, place) for place, key in enumerate(keys)}


def _type(counts: Mapping[str, int | None], place: int) -> TraitType:
    known = counts[f"known_{place}"]
    kinds = {
        "numbers": TraitType.NUMBER,
        "flags": TraitType.FLAG,
        "times": TraitType.TIME,
    }
    for kind, type_ in kinds.items():
        if known and counts[f"{kind}_{place}"] == known:
            return type_
    return TraitType.CATEGORY


def _typed(text: ibis.Value, type_: TraitType) -> ibis.Value:
    if type_ is TraitType.NUMBER:
        return text.try_cast("float64")
    if type_ is TraitType.FLAG:
        return text == "true"
    if type_ is TraitType.TIME:
        return text.try_cast("timestamp('UTC', 6)")
    return text


def _column(place: int) -> str:
    return f"attribute_{place}"


def pointer_to(key: str) -> str:
    """Point at a member by RFC 6901, which takes any name."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
