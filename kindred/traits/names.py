"""Names for what is found in the data: categories and attributes, none taken twice."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence


def slugs(names: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Give each name an identifier of small letters, digits and underscores, no two alike.

    A name without any Latin letter or digit, and one whose identifier is taken, is told by a digest
    of itself rather than by a number: what a rule refers to must not depend on what else was found.

    Examples
    --------
    >>> slugs(["DRUG GM", "drug-gm", "Käse", "日本"])
    {'DRUG GM': 'drug_gm', 'drug-gm': 'drug_gm_1dd5', 'Käse': 'kase', '日本': 'x_f1ce'}
    """
    given: dict[str, str] = {}
    used = set(taken)
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
        slug = base if base and base not in used else _digested(base or "x", name, used)
        used.add(slug)
        given[name] = slug
    return given


def free_names(
    keys: Sequence[str], taken: Collection[str] = (), suffix: str = "_told"
) -> dict[str, str]:
    """Leave each key its name unless it is taken, capitals aside, as columns are told apart.

    Examples
    --------
    >>> free_names(["age", "Age", "region"], {"region"})
    {'age': 'age', 'Age': 'Age_told', 'region': 'region_told'}
    """
    given: dict[str, str] = {}
    used = {name.casefold() for name in taken}
    for key in keys:
        name = key or "blank"
        while name.casefold() in used:
            name += suffix
        used.add(name.casefold())
        given[key] = name
    return given


def _digested(base: str, name: str, used: Collection[str]) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
    return next(slug for n in range(4, len(digest)) if (slug := f"{base}_{digest[:n]}") not in used)
