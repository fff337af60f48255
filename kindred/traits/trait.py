"""What a trait is: its name, its meaning, its type, and how clustering may use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class TraitType(StrEnum):
    """What kind of value a trait has."""

    NUMBER = "number"
    INTEGER = "integer"
    CATEGORY = "category"
    TIME = "time"
    FLAG = "flag"
    LIST = "list"  # of texts or of numbers


class Impute(StrEnum):
    """What stands in where a value is unknown, when a number is needed."""

    ZERO = "zero"
    MEDIAN = "median"
    LARGEST = "largest"  # such as days since an order that never was
    NONE = "none"  # not used as a number


class Scale(StrEnum):
    """How a column is brought beside the others."""

    ZSCORE = "zscore"  # (x − mean) / standard deviation
    MINMAX = "minmax"  # to 0 … 1
    ROBUST = "robust"  # (x − median) / interquartile range
    LOG = "log"  # log(1 + x), then zscore
    NONE = "none"


@dataclass(frozen=True)
class Trait:
    """One trait's declaration.

    Parameters
    ----------
    sentence : str
        What it means, for people; begins with a capital and ends with a full stop.
    unit : str
        Such as ``days``; ``share`` is 0 … 1; ``currency`` the workspace's; empty for categories.
    feature : bool
        Does clustering use it unless told otherwise?
    family : str
        Groups traits on screens.
    """

    name: str
    sentence: str
    unit: str
    type: TraitType
    family: str
    impute: Impute = Impute.NONE
    scale: Scale = Scale.NONE
    feature: bool = False

    @property
    def label(self) -> str:
        """Name as people read it.

        Examples
        --------
        >>> Trait("share_deli", "…", "share", TraitType.NUMBER, "taste").label
        'Share deli'
        """
        return self.name.replace("_", " ").capitalize()

    @property
    def numeric(self) -> bool:
        """Whether it can be averaged."""
        return self.type in {TraitType.NUMBER, TraitType.INTEGER, TraitType.FLAG}

    def as_json(self) -> dict[str, Any]:
        """Give the declaration as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Trait:
        """Read a declaration back."""
        return cls(
            name=given["name"],
            sentence=given["sentence"],
            unit=given["unit"],
            type=TraitType(given["type"]),
            family=given["family"],
            impute=Impute(given["impute"]),
            scale=Scale(given["scale"]),
            feature=given["feature"],
        )
