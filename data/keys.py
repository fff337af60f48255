"""Keys made of names: what other systems call a segment, a list, an experiment."""

from __future__ import annotations

import re
import unicodedata

from kindred.errors import UserError


def slug(name: str) -> str:
    """Write a name with small letters, digits and hyphens only, a letter first.

    Examples
    --------
    >>> slug("Fans of Käse & Wein!"), slug("10 % best")
    ('fans-of-kase-wein', 's-10-best')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    if not text:
        raise UserError("The name has no letter to make a key of.", "Give the key as well.", "name")
    return text if text[0].isalpha() else f"s-{text}"[:60]
