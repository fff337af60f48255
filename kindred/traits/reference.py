"""Write the reference of traits from the registry: ``python -m kindred.traits.reference``."""

from __future__ import annotations

from collections.abc import Iterable

from kindred.traits.registry import DECLARED
from kindred.traits.taste import PREFIX
from kindred.traits.trait import Impute, Scale, Trait

OPENING = f"""# Traits

Written from the registry in `kindred/traits/` by
`python -m kindred.traits.reference > docs/reference/traits.md`; a test keeps it current.

Every trait is a function of the events before `as_of`. *Unknown becomes* says what stands in for a
missing value where a number is needed, *scaled* how the column is brought beside the others;
*feature* marks what clustering uses unless told otherwise.

Two kinds come from the data as well: a share of spending for each of the largest categories
(`{PREFIX}` and the category's name; unit share, median, z-score, feature), and whatever people are
identified with (under its source's own name, such as `age`).
"""


def reference(traits: Iterable[Trait] = DECLARED) -> str:
    """Describe traits as Markdown, a table for each family.

    Examples
    --------
    >>> print(reference([]).splitlines()[0])
    # Traits
    """
    families: dict[str, list[Trait]] = {}
    for trait in traits:
        families.setdefault(trait.family, []).append(trait)
    parts = [OPENING]
    for family, members in families.items():
        lines = [f"## {family.capitalize()}", "", *_table(members)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _table(traits: Iterable[Trait]) -> list[str]:
    lines = [
        "| trait | meaning | type | unit | unknown becomes | scaled | feature |",
        "|---|---|---|---|---|---|---|",
    ]
    for trait in traits:
        imputed = "" if trait.impute is Impute.NONE else trait.impute.value
        scaled = "" if trait.scale is Scale.NONE else trait.scale.value
        feature = "yes" if trait.feature else ""
        lines.append(
            f"| `{trait.name}` | {trait.sentence} | {trait.type.value} | {trait.unit} "
            f"| {imputed} | {scaled} | {feature} |"
        )
    return lines


if __name__ == "__main__":
    print(reference(), end="")
